#include "cli/settings_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace coseno::cli {
namespace {

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* const text = node.as_string()) return text->get();
  if (const auto* const number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* const number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* const flag = node.as_boolean()) return flag->get() ? "true" : "false";
  const toml::array* const list = node.as_array();
  if (list == nullptr) return std::nullopt;
  std::string joined;
  for (const toml::node& element : *list) {
    const auto* const text = element.as_string();
    if (text == nullptr) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += text->get();
  }
  return joined;
}

}  // namespace

Outcome<std::vector<std::pair<std::string, std::string>>> read_settings_file(
    const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return failed("{}: cannot be read", path);
  toml::table table;
  try {
    table = toml::parse(text.str(), path);
  } catch (const toml::parse_error& error) {
    return wrong_use("{}:{}:{}: {}", path, error.source().begin.line, error.source().begin.column,
                     error.description());
  }
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto& [key, node] : table) {
    const std::optional<std::string> value = text_of(node);
    if (!value) {
      return wrong_use("{}:{}: {} must be a number, a text, true, false or a list of texts", path,
                       node.source().begin.line, std::string_view(key));
    }
    settings.emplace_back(std::string(key), *value);
  }
  return settings;
}

}  // namespace coseno::cli
