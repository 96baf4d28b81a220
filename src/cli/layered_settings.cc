#include "cli/layered_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/nearest_word.h"
#include "cli/settings_file.h"

namespace coseno::cli {
namespace {

constexpr std::string_view kVariablePrefix = "COSENO_";

std::string key_of(const std::string& name) {
  std::string key = name;
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string variable_of(const std::string& name) {
  std::string variable(kVariablePrefix);
  for (const char letter : key_of(name)) {
    variable += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return variable;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

std::optional<std::uint64_t> LayeredSettings::parse_whole(std::string_view text, std::uint64_t min,
                                                          std::uint64_t max) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc() || rest != end || number < min || number > max) return std::nullopt;
  return number;
}

std::string LayeredSettings::range_text(std::string_view what, std::uint64_t min,
                                        std::uint64_t max) {
  return fmt::format("must be {} in [{}, {}]", what, min, max);
}

void LayeredSettings::number(const std::string& name, double& target, double min, double max,
                             const std::string& description) {
  add(name, "NUMBER", fmt::format("{}", target), description,
      [&target, min, max](std::string_view text) {
        double value = 0;
        const char* const end = text.data() + text.size();
        const auto [rest, trouble] = std::from_chars(text.data(), end, value);
        if (trouble != std::errc() || rest != end || !(value >= min) || !(value <= max)) {
          return fmt::format("must be a number in [{}, {}]", min, max);
        }
        target = value;
        return std::string();
      });
}

void LayeredSettings::text(const std::string& name, std::string& target,
                           const std::string& type_name, const std::string& description) {
  add(name, type_name, target, description, [&target](std::string_view text) {
    target = text;
    return std::string();
  });
}

void LayeredSettings::list(const std::string& name, std::vector<std::string>& target,
                           const std::string& type_name, const std::string& description) {
  add(name, type_name, "", description, [&target](std::string_view text) {
    target = split(text);
    return std::string();
  });
  settings_.back().is_list = true;
}

void LayeredSettings::on_off(const std::string& name, bool& target,
                             const std::string& description) {
  add(name, "on|off", target ? "on" : "off", description, [&target](std::string_view text) {
    if (text != "on" && text != "off" && text != "true" && text != "false") {
      return std::string("must be on or off");
    }
    target = text == "on" || text == "true";
    return std::string();
  });
}

void LayeredSettings::choice(const std::string& name, const std::vector<std::string>& words,
                             const std::function<void(std::string_view)>& set,
                             const std::string& description) {
  add(name, fmt::format("{}", fmt::join(words, "|")), words.front(), description,
      [words, set](std::string_view text) {
        if (std::find(words.begin(), words.end(), text) == words.end()) {
          return fmt::format("must be one of {}", fmt::join(words, ", "));
        }
        set(text);
        return std::string();
      });
}

void LayeredSettings::add(const std::string& name, const std::string& type_name,
                          const std::string& default_text, const std::string& description,
                          Set set) {
  settings_.push_back({name, type_name, default_text, description, std::move(set)});
}

void LayeredSettings::add_to(CommandLine& app) {
  app.add_option("--config", config_, "TOML file of these settings, with _ for -")
      .type_name("FILE");
  for (Setting& setting : settings_) {
    const std::string text =
        setting.default_text.empty()
            ? setting.description
            : fmt::format("{} [{}]", setting.description, setting.default_text);
    const std::string option = "--" + setting.name;
    if (setting.is_list) {
      app.add_option(option, setting.given_list, text)
          .type_name(setting.type_name)
          .allow_extra_args(false);
    } else {
      app.add_option(option, setting.given, text).type_name(setting.type_name);
    }
  }
}

Outcome<void> LayeredSettings::resolve() {
  if (config_.empty()) {
    if (const char* const path = std::getenv("COSENO_CONFIG")) config_ = path;
  }
  if (!config_.empty()) COSENO_TRY(take_file(config_));
  COSENO_TRY(take_environment());
  for (const Setting& setting : settings_) {
    std::optional<std::string> value = setting.given;
    if (!setting.given_list.empty()) value = fmt::format("{}", fmt::join(setting.given_list, ","));
    if (!value) continue;
    const std::string trouble = setting.set(*value);
    if (!trouble.empty()) return wrong_use("--{} {}, not {}", setting.name, trouble, *value);
  }
  return {};
}

Outcome<void> LayeredSettings::take_file(const std::string& path) {
  COSENO_ASSIGN(pairs, read_settings_file(path));
  for (const auto& [key, value] : pairs) {
    const auto found = std::find_if(settings_.begin(), settings_.end(),
                                    [&key](const Setting& s) { return key_of(s.name) == key; });
    if (found == settings_.end()) {
      std::vector<std::string> keys;
      for (const Setting& setting : settings_) keys.push_back(key_of(setting.name));
      const std::vector<std::string_view> known(keys.begin(), keys.end());
      const std::string_view near = nearest_word(key, known);
      if (near.empty()) return wrong_use("{}: there is no setting {}", path, key);
      return wrong_use("{}: there is no setting {}; did you mean {}?", path, key, near);
    }
    const std::string trouble = found->set(value);
    if (!trouble.empty()) return wrong_use("{}: {} {}, not {}", path, key, trouble, value);
  }
  return {};
}

Outcome<void> LayeredSettings::take_environment() {
  for (const Setting& setting : settings_) {
    const std::string variable = variable_of(setting.name);
    const char* const value = std::getenv(variable.c_str());
    if (value == nullptr) continue;
    const std::string trouble = setting.set(value);
    if (!trouble.empty()) return wrong_use("{} {}, not {}", variable, trouble, value);
  }
  return {};
}

}  // namespace coseno::cli
