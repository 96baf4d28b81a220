// A model's options: one struct each, described once, set by name everywhere.
#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace coseno {

// "dim=64" as it stands in --set, in metadata and in docs.
using Settings = std::map<std::string, std::string, std::less<>>;

// Where good values of a number were found, whatever the data: where coseno tune looks for one. low
// < high, both within the option's bounds and of at most three digits.
struct SearchRange {
  enum class Scale { linear, log };  // what is drawn uniformly: the number, or its logarithm

  double low;
  double high;
  Scale scale = Scale::linear;
  bool needs_ratings = false;  // the option does nothing where the data are plain acts
};

// One field of an options struct. The default is the struct's own initialiser.
template <class Options>
struct OptionField {
  std::string_view name;
  std::variant<int Options::*, double Options::*, bool Options::*, std::string Options::*> member;
  double min = 0;  // bounds of a number, both allowed
  double max = 0;
  std::vector<std::string_view> choices = {};  // of a string; none: any text
  std::string_view help;                       // unit, and what it does
  std::optional<SearchRange> search = {};      // none where it is no number, or buys time alone
};

// A field for --help and docs.
struct OptionInfo {
  std::string name;
  std::string default_value;
  std::string range;  // "1..512", "true or false", "als or gibbs"
  std::string help;
  bool is_whole = false;  // takes whole numbers only
  std::optional<SearchRange> search = {};
};

// The struct with `settings` applied to its defaults.
// Errors: invalid_argument with the option's name, for an unknown one the known names.
template <class Options>
Result<Options> apply_settings(std::string_view model, std::span<const OptionField<Options>> fields,
                               const Settings& settings);

// Every field by name, in a form that apply_settings reads back to the same struct.
template <class Options>
Settings to_settings(std::span<const OptionField<Options>> fields, const Options& options);

template <class Options>
std::vector<OptionInfo> describe(std::span<const OptionField<Options>> fields);

}  // namespace coseno

#include "models/options_inl.h"
