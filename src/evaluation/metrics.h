// Is a ranked list, or a predicted rating, any good?
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "data/ids.h"

namespace coseno {

// Metrics of one list of at most k items against one user's relevant held-out items. All in [0, 1].
//
//   precision    hits / k
//   recall       hits / n_relevant            (LightGCN and others)
//   recall_min   hits / min(k, n_relevant)    (Liang et al. 2018: 1 is in reach for every user)
//   ndcg         DCG / ideal DCG: gain 1, discount 1 / log2(rank + 1), the ideal list is
//                min(k, n_relevant) hits in a row
//   mrr          1 / rank of the first hit, 0 without one
//   map          sum over the hits of the precision at their rank, / min(k, n_relevant)
//   hit_rate     1 with a hit
//
// A list shorter than k is judged as if what is missing were wrong.
struct ListMetrics {
  double precision = 0;
  double recall = 0;
  double recall_min = 0;
  double ndcg = 0;
  double mrr = 0;
  double map = 0;
  double hit_rate = 0;
};

// `list`: best first, without repeats; `relevant`: in rising order, at least one; k >= 1.
ListMetrics list_metrics(std::span<const ItemIndex> list, std::span<const ItemIndex> relevant,
                         std::size_t k);

// What is told of one model on one split, or the mean over several.
// Users who have an item are those with it in training, of the users with any training interaction;
// an item that nobody has counts as if one user had it, to keep novelty finite.
struct Metrics {
  ListMetrics list;         // means over users with a relevant held-out item
  std::size_t n_users = 0;  // those users
  double coverage = 0;      // share of all items that are in somebody's list
  double novelty = 0;       // mean over listed items of -log2(share of users who have the item)
  double rmse = 0;          // 0 where the model predicts no ratings, or n_ratings is 0
  double mae = 0;
  std::size_t n_ratings = 0;  // held-out ratings predicted
};

// Every metric by its name in tables and JSON, in their order; without the two counts.
std::vector<std::pair<std::string_view, double>> named(const Metrics& metrics);

}  // namespace coseno
