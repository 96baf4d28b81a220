// Properties as sparse numbers, for models that learn from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/catalog.h"
#include "data/ids.h"

namespace coseno {

struct Feature {
  std::uint32_t index;
  float weight;

  bool operator==(const Feature&) const = default;
};

// One item's or user's features by rising index; empty where nothing is known.
using FeatureRow = std::span<const Feature>;

// Sparse rows of features, one a user or one an item. Immutable; reading is thread-safe.
class FeatureMatrix {
 public:
  FeatureMatrix() = default;
  FeatureMatrix(std::span<const std::vector<Feature>> rows, std::size_t n_features);
  // Row i is features[begin[i]] up to, not including, features[begin[i + 1]]. `begin` rises from 0
  // to the number of features.
  FeatureMatrix(std::vector<std::size_t> begin, std::vector<Feature> features,
                std::size_t n_features)
      : features_(std::move(features)), begin_(std::move(begin)), n_features_(n_features) {}

  std::size_t n_rows() const { return begin_.size() - 1; }
  std::size_t n_features() const { return n_features_; }
  // Nothing known about anybody.
  bool empty() const { return features_.empty(); }

  // Rows past the end are empty: an item without properties needs no row.
  FeatureRow row(std::size_t i) const {
    if (i >= n_rows()) return {};
    return std::span(features_).subspan(begin_[i], begin_[i + 1] - begin_[i]);
  }

 private:
  std::vector<Feature> features_;
  std::vector<std::size_t> begin_{0};  // n_rows + 1
  std::size_t n_features_ = 0;
};

// Learns from a catalogue which features there are, and encodes records by them.
//
//   category, list   one feature a distinct value, "genre=Drama"; a list of n values gives each
//                    1 / sqrt(n)
//   number           up to 10 bins of equal count over the distinct values, one feature each; a
//                    number outside falls into the outermost bin
//   text, title      one feature a word (lower case, split at what is no letter or digit, ASCII
//                    folded; other UTF-8 bytes count as letters), weight 1
//
// Categories and words that only one record has tell nothing about another and are left out.
// Immutable after `learn`; encode is thread-safe.
class FeatureEncoder {
 public:
  struct Options {
    bool words = false;  // text and titles too; categories, lists and numbers always
  };

  FeatureEncoder() = default;
  static FeatureEncoder learn(const Catalog& catalog, const Options& options);

  std::size_t n_features() const { return names_.size(); }
  // "genre=Drama", "word:toy", "age<25.5" (a bin by its upper edge, which is not in it), "age>=40"
  // (the last bin), "age" (the only one).
  const std::string& name(std::uint32_t feature) const { return names_[feature]; }

  // By rising index; unknown values are skipped.
  std::vector<Feature> encode(const Record& record) const;

  // One row an id of `ids`, empty where the catalogue has none.
  template <class Index>
  FeatureMatrix encode_all(const Catalog& catalog, const IdMap<Index>& ids) const {
    std::vector<std::vector<Feature>> rows(ids.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Record* const record = catalog.find(ids.id(static_cast<Index>(i)));
      if (record != nullptr) rows[i] = encode(*record);
    }
    return FeatureMatrix(rows, n_features());
  }

  // JSON text that from_json reads back to an equal encoder; it goes into model files.
  std::string to_json() const;
  static Result<FeatureEncoder> from_json(std::string_view json);

 private:
  struct Bins {
    std::string property;
    std::vector<double> upper;  // upper edge of each bin but the last, rising
    std::uint32_t first_feature;
  };

  // False, and nothing changes, where it is there already.
  bool add_feature(const std::string& name);
  void add_bins(const std::string& property, std::vector<double> upper);

  Options options_;
  std::vector<std::string> names_;                                // terms, then bins
  boost::unordered_flat_map<std::string, std::uint32_t> places_;  // of terms
  std::vector<Bins> bins_;
};

}  // namespace coseno
