#include "cli/tune_state.h"

#include <boost/json.hpp>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/json_text.h"

namespace coseno::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// The whole lines of a text, without their ends.
std::vector<std::string_view> whole_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return lines;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

std::optional<json::object> parse_object(std::string_view line) {
  boost::system::error_code error;
  json::value value = json::parse(line, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::optional<double> finite_number(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const auto number = value->to_number<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<Settings> read_settings(const json::object& object) {
  const json::value* const value = object.if_contains("settings");
  if (value == nullptr || !value->is_object()) return std::nullopt;
  Settings settings;
  for (const auto& [name, text] : value->get_object()) {
    if (!text.is_string()) return std::nullopt;
    settings.emplace(name, text.get_string());
  }
  return settings;
}

std::optional<Trial> read_trial(std::string_view line) {
  const std::optional<json::object> object = parse_object(line);
  if (!object) return std::nullopt;
  std::optional<Settings> settings = read_settings(*object);
  const std::optional<double> ndcg = finite_number(*object, "ndcg");
  const std::optional<double> fit_s = finite_number(*object, "fit_s");
  const std::optional<double> judge_s = finite_number(*object, "judge_s");
  const json::value* const trouble = object->if_contains("trouble");
  const bool has_failed = trouble != nullptr && trouble->is_string();
  if (!settings || !fit_s || !judge_s || ndcg.has_value() == has_failed) return std::nullopt;
  return Trial{.settings = std::move(*settings),
               .ndcg = ndcg.value_or(0),
               .fit_s = *fit_s,
               .judge_s = *judge_s,
               .trouble = has_failed ? std::string(trouble->get_string()) : ""};
}

// Failed where the first line of the file is not `header`.
Outcome<void> check_header(const std::string& path, std::string_view line,
                           const json::object& header) {
  const std::optional<json::object> found = parse_object(line);
  if (!found || !found->contains(header.begin()->key())) {
    return failed("{} is no state of coseno tune", path);
  }
  for (const auto& [name, value] : header) {
    const json::value* const other = found->if_contains(name);
    const std::string other_text = other == nullptr ? "nothing" : json_text(*other);
    const std::string text = json_text(value);
    if (other_text != text) {
      return failed("{} is of another search: its {} is {}, not {}", path, std::string_view(name),
                    other_text, text);
    }
  }
  return {};
}

Outcome<std::string> read_text(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return "";
  if (!fs::is_regular_file(path, ignored)) return failed("{} is no file", path);
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return failed("{}: {}", path, std::strerror(errno));
  return text;
}

}  // namespace

Outcome<TuneState> TuneState::open(const std::string& path, const json::object& header) {
  COSENO_ASSIGN(text, read_text(path));
  const std::vector<std::string_view> lines = whole_lines(text);
  if (lines.empty() && !(json_text(header) + "\n").starts_with(text)) {
    return failed("{} is no state of coseno tune", path);
  }
  std::size_t n_good_bytes = 0;
  TuneState state(path, {});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    n_good_bytes += lines[i].size() + 1;
    if (i == 0) {
      COSENO_TRY(check_header(path, lines[0], header));
      continue;
    }
    std::optional<Trial> trial = read_trial(lines[i]);
    if (!trial) return failed("{}:{}: this is no trial", path, i + 1);
    state.trials_.push_back(std::move(*trial));
  }
  if (n_good_bytes < text.size()) {
    std::error_code error;
    fs::resize_file(path, n_good_bytes, error);
    if (error) return failed("{}: {}", path, error.message());
  }
  state.file_.open(path, std::ios::binary | std::ios::app);
  if (!state.file_) return failed("{}: {}", path, std::strerror(errno));
  if (lines.empty()) COSENO_TRY(state.write_line(header));
  return state;
}

Outcome<void> TuneState::append(const Trial& trial) { return write_line(trial_json(trial)); }

Outcome<void> TuneState::write_line(const json::object& line) {
  file_ << json_text(line) << '\n' << std::flush;
  if (!file_) return failed("{}: {}", path_, std::strerror(errno));
  return {};
}

json::object trial_json(const Trial& trial) {
  json::object settings;
  for (const auto& [name, value] : trial.settings) settings[name] = value;
  const bool has_failed = !trial.trouble.empty();
  json::object object{{"settings", std::move(settings)},
                      {"ndcg", has_failed ? json::value(nullptr) : json::value(trial.ndcg)},
                      {"fit_s", trial.fit_s},
                      {"judge_s", trial.judge_s}};
  if (has_failed) object["trouble"] = trial.trouble;
  return object;
}

}  // namespace coseno::cli
