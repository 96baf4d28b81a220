// The templates of options.h; include that.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace coseno {

namespace options_internal {

// Each writes to `out` what `text` says. `what` ("biased_mf: dim") begins the error, which is
// invalid_argument.
Result<void> parse(std::string_view what, std::string_view text, double min, double max, int& out);
Result<void> parse(std::string_view what, std::string_view text, double min, double max,
                   double& out);
Result<void> parse(std::string_view what, std::string_view text, bool& out);
Result<void> parse(std::string_view what, std::string_view text,
                   std::span<const std::string_view> choices, std::string& out);

// "als, gibbs or sgd".
std::string join_choices(std::span<const std::string_view> choices);

template <class Options>
Result<void> set_field(std::string_view model, const OptionField<Options>& field,
                       std::string_view text, Options& options) {
  const std::string what = fmt::format("{}: {}", model, field.name);
  return std::visit(
      [&](auto member) -> Result<void> {
        auto& value = options.*member;
        using Value = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, bool>) {
          return parse(what, text, value);
        } else if constexpr (std::is_same_v<Value, std::string>) {
          return parse(what, text, field.choices, value);
        } else {
          return parse(what, text, field.min, field.max, value);
        }
      },
      field.member);
}

// fmt prints the shortest digits that read back to the same number.
template <class Options>
std::string value_text(const OptionField<Options>& field, const Options& options) {
  return std::visit([&](auto member) { return fmt::format("{}", options.*member); }, field.member);
}

template <class Options>
std::string range_text(const OptionField<Options>& field) {
  if (std::holds_alternative<bool Options::*>(field.member)) return "true or false";
  if (std::holds_alternative<std::string Options::*>(field.member)) {
    return join_choices(field.choices);
  }
  return fmt::format("{}..{}", field.min, field.max);
}

template <class Options>
Error unknown_option(std::string_view model, std::string_view name,
                     std::span<const OptionField<Options>> fields) {
  std::vector<std::string_view> known;
  for (const OptionField<Options>& field : fields) known.push_back(field.name);
  if (known.empty()) {
    return {ErrorCode::invalid_argument,
            fmt::format("{}: there is no option '{}'; the model has none", model, name)};
  }
  return {ErrorCode::invalid_argument, fmt::format("{}: there is no option '{}'; there are {}",
                                                   model, name, fmt::join(known, ", "))};
}

}  // namespace options_internal

template <class Options>
Result<Options> apply_settings(std::string_view model, std::span<const OptionField<Options>> fields,
                               const Settings& settings) {
  Options options;
  for (const auto& [name, text] : settings) {
    const auto field = std::ranges::find(fields, name, &OptionField<Options>::name);
    if (field == fields.end()) {
      return std::unexpected(options_internal::unknown_option(model, name, fields));
    }
    COSENO_TRY(options_internal::set_field(model, *field, text, options));
  }
  return options;
}

template <class Options>
Settings to_settings(std::span<const OptionField<Options>> fields, const Options& options) {
  Settings settings;
  for (const OptionField<Options>& field : fields) {
    settings.emplace(field.name, options_internal::value_text(field, options));
  }
  return settings;
}

template <class Options>
std::vector<OptionInfo> describe(std::span<const OptionField<Options>> fields) {
  std::vector<OptionInfo> infos;
  for (const OptionField<Options>& field : fields) {
    infos.push_back({.name = std::string(field.name),
                     .default_value = options_internal::value_text(field, Options()),
                     .range = options_internal::range_text(field),
                     .help = std::string(field.help),
                     .is_whole = std::holds_alternative<int Options::*>(field.member),
                     .search = field.search});
  }
  return infos;
}

}  // namespace coseno
