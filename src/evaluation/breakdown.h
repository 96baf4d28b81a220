// For whom, and with which items, a model is good.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/ids.h"
#include "evaluation/evaluate.h"
#include "evaluation/split.h"

namespace coseno {

// Some of the users, or of the held-out interactions, and how well they were served.
struct Group {
  std::string name;
  std::size_t n = 0;
  double sum = 0;  // of n values in [0, 1]

  double mean() const { return n > 0 ? sum / static_cast<double>(n) : 0; }
};

struct Breakdown {
  // Judged users by the length of the history that they are scored from: their NDCG.
  std::vector<Group> by_history;
  // Relevant held-out interactions by the item's place in training, tenths of all items ("1": those
  // that most users have), and items that training does not know ("new"): 1 where the item is in
  // the list.
  std::vector<Group> by_popularity;
};

// `lists` as evaluate() gave them for the same split and options. The groups are always the same,
// empty ones included.
Breakdown break_down(const Split& split, const std::vector<std::vector<ItemIndex>>& lists,
                     const EvaluateOptions& options);

// Joins the groups of another split to those of `sum`; a Breakdown without groups is empty.
void add(Breakdown& sum, const Breakdown& breakdown);

}  // namespace coseno
