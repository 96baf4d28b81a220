#include "server/query.h"

#include <charconv>
#include <cmath>

#include "data/text_reader.h"
#include "data/text_values.h"
#include "data/utf8.h"

namespace coseno::server {
namespace {

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

std::unexpected<Problem> unreadable(std::string_view field, std::string_view trouble) {
  return std::unexpected(
      Problem(400, "invalid_path", fmt::format("{}: {}", field, trouble), std::string(field)));
}

Answer<std::string> decoded(std::string_view encoded, std::string_view field, bool plus_is_blank) {
  std::string text;
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '+' && plus_is_blank) {
      text += ' ';
    } else if (encoded[i] != '%') {
      text += encoded[i];
    } else {
      const int high = i + 2 < encoded.size() ? digit_of(encoded[i + 1]) : -1;
      const int low = i + 2 < encoded.size() ? digit_of(encoded[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return unreadable(field, "% must be followed by two hexadecimal digits");
      }
      text += static_cast<char>(16 * high + low);
      i += 2;
    }
  }
  if (find_invalid_utf8(text)) return unreadable(field, "is not UTF-8");
  return text;
}

}  // namespace

Answer<std::string> decoded_id(std::string_view encoded, std::string_view field) {
  COSENO_ASSIGN(id, decoded(encoded, field, false));
  COSENO_TRY(check_id(id, field, std::string(field)));
  return std::move(id);
}

Answer<Query> Query::parse(std::string_view encoded) {
  Query query;
  while (!encoded.empty()) {
    const std::size_t end = encoded.find('&');
    const std::string_view pair = encoded.substr(0, end);
    encoded.remove_prefix(end == std::string_view::npos ? encoded.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    COSENO_ASSIGN(name, decoded(pair.substr(0, equals), "query", true));
    const std::string_view rest =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    COSENO_ASSIGN(value, decoded(rest, name, true));
    query.parameters_.push_back({std::move(name), std::move(value)});
  }
  return query;
}

Answer<std::optional<std::string>> Query::text(std::string_view name) {
  std::optional<std::string> found;
  for (Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    if (found) return bad_request(std::string(name), "{} stands twice in the query", name);
    parameter.is_taken = true;
    found = std::move(parameter.value);
  }
  return found;
}

Answer<std::optional<double>> Query::number(std::string_view name) {
  COSENO_ASSIGN(text, this->text(name));
  if (!text) return std::nullopt;
  const std::optional<double> value = parse_number(*text);
  if (!value || !std::isfinite(*value)) {
    return bad_request(std::string(name), "{} must be a number, not {}", name, quote(*text));
  }
  return value;
}

Answer<std::optional<std::uint64_t>> Query::whole_number(std::string_view name) {
  COSENO_ASSIGN(text, this->text(name));
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end) {
    return bad_request(std::string(name), "{} must be a whole number, not {}", name, quote(*text));
  }
  return value;
}

Answer<std::optional<bool>> Query::truth(std::string_view name) {
  COSENO_ASSIGN(text, this->text(name));
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  return bad_request(std::string(name), "{} must be true or false, not {}", name, quote(*text));
}

std::vector<std::string> Query::texts(std::string_view name) {
  std::vector<std::string> found;
  for (Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    parameter.is_taken = true;
    found.push_back(std::move(parameter.value));
  }
  return found;
}

Answer<void> Query::end() const {
  for (const Parameter& parameter : parameters_) {
    if (parameter.is_taken) continue;
    return std::unexpected(Problem(
        400, "unknown_field",
        fmt::format("there is no query parameter {} here", quote(parameter.name)), parameter.name));
  }
  return {};
}

}  // namespace coseno::server
