#include "data/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

namespace coseno {
namespace {

namespace json = boost::json;

// What has a name of its own, before it is known whether another record has it too.
struct Term {
  std::string name;
  float weight;
};

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
}

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void add_words(std::string_view text, std::vector<Term>& terms) {
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) terms.push_back({"word:" + word, 1});
    word.clear();
  };
  for (const char raw : text) {
    const char c = fold(raw);
    if (is_word_byte(c)) {
      word += c;
    } else {
      finish();
    }
  }
  finish();
}

void add_list(const std::string& property, std::vector<std::string> values,
              std::vector<Term>& terms) {
  std::ranges::sort(values);
  const auto repeats = std::ranges::unique(values);
  values.erase(repeats.begin(), repeats.end());
  const float weight = 1 / std::sqrt(static_cast<float>(values.size()));
  for (const std::string& value : values) terms.push_back({property + "=" + value, weight});
}

// A record's terms, each once. `property.value` is of another type than `property.kind` says only
// by our own mistake.
std::vector<Term> terms_of(const Record& record, bool words) {
  std::vector<Term> terms;
  if (words) add_words(record.title, terms);
  for (const Property& property : record.properties) {
    switch (property.kind) {
      case PropertyKind::number:
        break;
      case PropertyKind::category:
        terms.push_back({property.name + "=" + std::get<std::string>(property.value), 1});
        break;
      case PropertyKind::list:
        add_list(property.name, std::get<std::vector<std::string>>(property.value), terms);
        break;
      case PropertyKind::text:
        if (words) add_words(std::get<std::string>(property.value), terms);
        break;
    }
  }
  std::ranges::stable_sort(terms, {}, &Term::name);
  const auto repeats = std::ranges::unique(terms, {}, &Term::name);
  terms.erase(repeats.begin(), repeats.end());
  return terms;
}

// More bins would leave too few records in each to learn from.
constexpr std::size_t kMaxBins = 10;

// An edge in (low, high]: in the middle, where there is a number between the two.
double edge_between(double low, double high) {
  const double middle = low / 2 + high / 2;
  return middle > low ? middle : high;
}

// Edges that part the distinct values into bins of equal count.
std::vector<double> bin_edges(std::vector<double> values) {
  std::ranges::sort(values);
  const auto repeats = std::ranges::unique(values);
  values.erase(repeats.begin(), repeats.end());
  const std::size_t n_bins = std::min(kMaxBins, values.size());
  std::vector<double> edges;
  for (std::size_t bin = 1; bin < n_bins; ++bin) {
    const std::size_t first = bin * values.size() / n_bins;
    edges.push_back(edge_between(values[first - 1], values[first]));
  }
  return edges;
}

// The number of a property, where it has one.
const double* number_of(const Property& property) {
  if (property.kind != PropertyKind::number) return nullptr;
  const double& number = std::get<double>(property.value);
  return std::isfinite(number) ? &number : nullptr;
}

// The finite numbers of each property, by its name.
std::map<std::string, std::vector<double>> numbers_of(const Catalog& catalog) {
  std::map<std::string, std::vector<double>> numbers;
  for (const Record& record : catalog.records()) {
    for (const Property& property : record.properties) {
      const double* const number = number_of(property);
      if (number != nullptr) numbers[property.name].push_back(*number);
    }
  }
  return numbers;
}

// JSON numbers would come back off by a last digit: Boost.JSON reads them fast, not exactly.
Result<double> exact_number(const json::value& value) {
  if (!value.is_string()) return make_error(ErrorCode::corrupt, "an edge is no string");
  const std::string_view text = value.get_string();
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || !std::isfinite(number)) {
    return make_error(ErrorCode::corrupt, "an edge is no finite number: '{}'", text);
  }
  return number;
}

// The member of that name and type, or an error.
template <class T>
Result<const T*> member(const json::object& object, std::string_view name) {
  const json::value* const found = object.if_contains(name);
  const T* value = nullptr;
  if (found != nullptr) {
    if constexpr (std::is_same_v<T, bool>) {
      value = found->if_bool();
    } else if constexpr (std::is_same_v<T, json::array>) {
      value = found->if_array();
    } else {
      value = found->if_string();
    }
  }
  if (value == nullptr) {
    return make_error(ErrorCode::corrupt, "an encoder has no '{}' of the right type", name);
  }
  return value;
}

Result<std::vector<double>> edges_from(const json::array& array) {
  std::vector<double> edges;
  for (const json::value& value : array) {
    COSENO_ASSIGN(edge, exact_number(value));
    if (!edges.empty() && edge <= edges.back()) {
      return make_error(ErrorCode::corrupt, "the edges of bins do not rise");
    }
    edges.push_back(edge);
  }
  return edges;
}

}  // namespace

FeatureMatrix::FeatureMatrix(std::span<const std::vector<Feature>> rows, std::size_t n_features)
    : n_features_(n_features) {
  begin_.reserve(rows.size() + 1);
  for (const std::vector<Feature>& row : rows) {
    features_.insert(features_.end(), row.begin(), row.end());
    begin_.push_back(features_.size());
  }
}

FeatureEncoder FeatureEncoder::learn(const Catalog& catalog, const Options& options) {
  boost::unordered_flat_map<std::string, std::size_t> n_records;
  for (const Record& record : catalog.records()) {
    for (Term& term : terms_of(record, options.words)) ++n_records[std::move(term.name)];
  }
  FeatureEncoder encoder;
  encoder.options_ = options;
  for (const Record& record : catalog.records()) {
    for (const Term& term : terms_of(record, options.words)) {
      if (n_records[term.name] > 1) encoder.add_feature(term.name);
    }
  }
  for (auto& [property, values] : numbers_of(catalog)) {
    encoder.add_bins(property, bin_edges(std::move(values)));
  }
  return encoder;
}

std::vector<Feature> FeatureEncoder::encode(const Record& record) const {
  std::vector<Feature> features;
  for (const Term& term : terms_of(record, options_.words)) {
    const auto found = places_.find(term.name);
    if (found != places_.end()) features.push_back({found->second, term.weight});
  }
  for (const Property& property : record.properties) {
    const double* const number = number_of(property);
    const auto bins = std::ranges::find(bins_, property.name, &Bins::property);
    if (number == nullptr || bins == bins_.end()) continue;
    const auto bin = std::ranges::upper_bound(bins->upper, *number) - bins->upper.begin();
    features.push_back({bins->first_feature + static_cast<std::uint32_t>(bin), 1});
  }
  std::ranges::stable_sort(features, {}, &Feature::index);
  const auto repeats = std::ranges::unique(features, {}, &Feature::index);
  features.erase(repeats.begin(), repeats.end());
  return features;
}

std::string FeatureEncoder::to_json() const {
  json::array bins;
  for (const Bins& of_property : bins_) {
    json::array upper;
    for (const double edge : of_property.upper) upper.emplace_back(fmt::format("{}", edge));
    bins.push_back({{"property", of_property.property}, {"upper", std::move(upper)}});
  }
  // The names of bins are made from their edges.
  const std::size_t n_terms = bins_.empty() ? names_.size() : bins_.front().first_feature;
  json::array terms;
  for (std::size_t i = 0; i < n_terms; ++i) terms.emplace_back(names_[i]);
  return json::serialize(json::object{
      {"words", options_.words}, {"terms", std::move(terms)}, {"bins", std::move(bins)}});
}

Result<FeatureEncoder> FeatureEncoder::from_json(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return make_error(ErrorCode::corrupt, "an encoder is no JSON: {}", error.message());
  if (!value.is_object()) return make_error(ErrorCode::corrupt, "an encoder is no JSON object");
  COSENO_ASSIGN(words, member<bool>(value.get_object(), "words"));
  COSENO_ASSIGN(terms, member<json::array>(value.get_object(), "terms"));
  COSENO_ASSIGN(bins, member<json::array>(value.get_object(), "bins"));

  FeatureEncoder encoder;
  encoder.options_.words = *words;
  for (const json::value& term : *terms) {
    if (!term.is_string()) return make_error(ErrorCode::corrupt, "a term is no string");
    if (!encoder.add_feature(std::string(term.get_string()))) {
      return make_error(ErrorCode::corrupt, "the term '{}' stands twice",
                        std::string_view(term.get_string()));
    }
  }
  for (const json::value& of_property : *bins) {
    if (!of_property.is_object()) return make_error(ErrorCode::corrupt, "bins are no object");
    COSENO_ASSIGN(property, member<json::string>(of_property.get_object(), "property"));
    COSENO_ASSIGN(upper, member<json::array>(of_property.get_object(), "upper"));
    COSENO_ASSIGN(edges, edges_from(*upper));
    encoder.add_bins(std::string(*property), std::move(edges));
  }
  return encoder;
}

bool FeatureEncoder::add_feature(const std::string& name) {
  if (!places_.emplace(name, static_cast<std::uint32_t>(names_.size())).second) return false;
  names_.push_back(name);
  return true;
}

void FeatureEncoder::add_bins(const std::string& property, std::vector<double> upper) {
  const auto first_feature = static_cast<std::uint32_t>(names_.size());
  for (const double edge : upper) names_.push_back(fmt::format("{}<{}", property, edge));
  names_.push_back(upper.empty() ? property : fmt::format("{}>={}", property, upper.back()));
  bins_.push_back({property, std::move(upper), first_feature});
}

}  // namespace coseno
