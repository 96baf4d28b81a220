// What speaks for items that no model and few users know yet.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/ids.h"
#include "engine/covisitation.h"
#include "engine/live_scores.h"
#include "ranking/item_properties.h"

namespace coseno {

// Some items as one vector over the values of properties that items share, TF-IDF:
//
//   x_iv = log(N / n_v) where item i has value v, else 0;  N items have properties, n_v have v
//   taste = sum over its items j of w_j x_j / |x_j|
//   like(i) = taste . x_i / (|taste| |x_i|), in [0, 1]
//
// That of models/content.h, but of the properties as they are at this moment, and without a fit. A
// view of `properties` is kept; whoever holds one holds their lock. Source: Salton and Buckley,
// Information Processing and Management 1988.
class ContentTaste {
 public:
  ContentTaste(const ItemProperties& properties, std::span<const Covisitation::Weighed> items);

  // True where nothing is known of its items.
  bool empty() const { return length_ == 0; }
  // 0 where nothing is known of the item.
  float like(ItemIndex item) const;
  // Sets the bits of items with values of the taste, rare values first, until there are
  // `n` or more.
  void find(std::size_t n, std::span<std::uint64_t> bits) const;

 private:
  struct Weight {
    ItemProperties::SharedValue value;
    double weight = 0;
  };

  double idf(const ItemProperties::SharedValue& value) const;

  const ItemProperties& properties_;
  std::vector<Weight> weights_;                                   // in the order of the items
  boost::unordered_flat_map<std::uint64_t, std::size_t> places_;  // in weights_, by key
  double length_ = 0;
};

// What is added to the scores of items that the model does not know: those from `first_new` on; of
// them the newest 10,000, and only such as have properties.
//
//   novelty(i) = 1 / (1 + acts with i)
//   content(i) = 0.7 novelty(i) (like(i) - mean) / deviation    over items evenly taken from all
//   freshness(i) = 0.5 novelty(i)                               where there is a model
//
// Both give way to what people do with the item, and are gone with the next training. Freshness is
// the chance that an item gets which nobody has tried.
class NewItems {
 public:
  // Views; must outlive this object. `has_model`: the items below first_new are those it knows.
  NewItems(const ItemProperties& properties, const Covisitation& covisitation,
           std::span<const Covisitation::Weighed> recent, std::size_t first_new, bool has_model);

  // Both of one item.
  float content(ItemIndex item) const;
  float freshness(ItemIndex item) const;
  // Cost: the values of the new items.
  void add_to(LiveScores& scores) const;

  const ContentTaste& taste() const { return taste_; }

 private:
  bool is_new(ItemIndex item) const;
  double novelty(ItemIndex item) const;

  const ItemProperties& properties_;
  const Covisitation& covisitation_;
  ContentTaste taste_;
  std::size_t first_new_;
  bool has_model_;
  double mean_ = 0;
  double scale_ = 0;  // 0: content tells nothing
};

}  // namespace coseno
