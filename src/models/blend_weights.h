// Which weights of several models rank held-out items best.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coseno {

// Makes scores of one model comparable with those of another: mean 0 and deviation 1 over the items
// that have one. What must never be in a list, and all where nothing differs, becomes 0.
void standardise(std::span<float> scores);

// The same by rank alone, 61 / (60 + rank) for the best 1,000 and 0 for the others, where scores of
// different models are spread in different ways. An item's rank is the number of those that have as
// much, itself among them. Source: Cormack, Clarke and Buettcher, SIGIR 2009 (reciprocal rank
// fusion).
void score_by_rank(std::span<float> scores);

enum class BlendScale : std::uint8_t { deviation, rank };
// One of the two.
void make_comparable(BlendScale scale, std::span<float> scores);

// Of one user: the items that any weights could bring to the top, with each model's comparable
// score, and which of them were held out.
struct BlendCase {
  std::vector<float> scores;            // n_candidates x n_models
  std::vector<std::uint32_t> held_out;  // candidate numbers
};

// Of one user: what `scores` (n_models x n_items, comparable) say of the held-out items and of
// those that could come to the top: each model's best 100 without `seen`. What none has among them,
// no weights bring into the first 20, but for rare items of which all have a middling opinion. Item
// numbers are below n_items; `held_out` has none twice.
BlendCase blend_case(std::span<const std::vector<float>> scores,
                     std::span<const std::uint32_t> seen, std::span<const std::uint32_t> held_out);

// NDCG at 20, the mean over the cases; ties count against the held-out. `weights`: n_models.
double blend_ndcg(std::span<const BlendCase> cases, std::span<const float> weights);

// n_models weights >= 0 that add up to 1: the best that a search coordinate by coordinate finds,
// from each model alone and from all alike. A model is given a weight only where that tells: of
// equal NDCG the earlier found, which has fewer, is kept. All alike without cases.
// Deterministic. Cost: about 100 times the scores.
std::vector<float> fit_blend_weights(std::span<const BlendCase> cases, std::size_t n_models);

}  // namespace coseno
