// What Ratings hold.
#pragma once

#include <utility>

#include "coseno/offline.h"
#include "data/catalog.h"
#include "data/dataset.h"

namespace coseno {

struct RatingsData {
  Dataset dataset;
  // What was read beside the ratings, for splits, which learn features anew; or empty.
  Catalog items = {};
  Catalog users = {};
  bool has_times = false;
};

struct Ratings::Data : RatingsData {
  explicit Data(RatingsData data) : RatingsData(std::move(data)) {}
};

}  // namespace coseno
