#include "evaluation/metrics.h"

#include <algorithm>
#include <cmath>

namespace coseno {
namespace {

// `rank` counts from 1.
double discount(std::size_t rank) { return 1.0 / std::log2(static_cast<double>(rank) + 1.0); }

double ideal_dcg(std::size_t n_hits) {
  double sum = 0;
  for (std::size_t rank = 1; rank <= n_hits; ++rank) sum += discount(rank);
  return sum;
}

}  // namespace

ListMetrics list_metrics(std::span<const ItemIndex> list, std::span<const ItemIndex> relevant,
                         std::size_t k) {
  ListMetrics metrics;
  double n_hits = 0;
  double dcg = 0;
  double precisions = 0;
  for (std::size_t rank = 1; rank <= std::min(k, list.size()); ++rank) {
    if (!std::ranges::binary_search(relevant, list[rank - 1])) continue;
    n_hits += 1;
    dcg += discount(rank);
    precisions += n_hits / static_cast<double>(rank);
    if (metrics.mrr == 0) metrics.mrr = 1.0 / static_cast<double>(rank);
  }
  const std::size_t n_reachable = std::min(k, relevant.size());
  metrics.precision = n_hits / static_cast<double>(k);
  metrics.recall = n_hits / static_cast<double>(relevant.size());
  metrics.recall_min = n_hits / static_cast<double>(n_reachable);
  metrics.ndcg = dcg / ideal_dcg(n_reachable);
  metrics.map = precisions / static_cast<double>(n_reachable);
  metrics.hit_rate = n_hits > 0 ? 1 : 0;
  return metrics;
}

std::vector<std::pair<std::string_view, double>> named(const Metrics& metrics) {
  return {{"precision", metrics.list.precision},
          {"recall", metrics.list.recall},
          {"recall_min", metrics.list.recall_min},
          {"ndcg", metrics.list.ndcg},
          {"mrr", metrics.list.mrr},
          {"map", metrics.list.map},
          {"hit_rate", metrics.list.hit_rate},
          {"coverage", metrics.coverage},
          {"novelty", metrics.novelty},
          {"rmse", metrics.rmse},
          {"mae", metrics.mae}};
}

}  // namespace coseno
