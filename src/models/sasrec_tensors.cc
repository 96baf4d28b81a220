#include "models/sasrec_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace coseno {

SasrecShape sasrec_shape(const SasrecOptions& options, std::size_t n_items) {
  const auto size = [](int n) { return static_cast<std::size_t>(n); };
  return {.n_items = n_items,
          .dim = size(options.dim),
          .length = size(options.length),
          .blocks = size(options.blocks),
          .heads = size(options.heads),
          .hidden = size(options.hidden),
          .gated = options.gated,
          .intervals = options.intervals};
}

std::size_t sasrec_interval_kind(std::int64_t earlier, std::int64_t later) {
  if (earlier <= 0 || later <= earlier) return 0;
  const auto seconds = static_cast<std::uint64_t>(later - earlier);
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(seconds)),
                               kSasrecIntervalKinds - 1);
}

std::vector<SasrecTensor> sasrec_tensors(const SasrecShape& shape) {
  std::vector<SasrecTensor> tensors;
  std::size_t begin = 0;
  const auto add = [&](std::string name, std::vector<std::size_t> sizes) {
    std::size_t size = 1;
    for (const std::size_t n : sizes) size *= n;
    tensors.push_back({"sasrec." + std::move(name), std::move(sizes), begin, size});
    begin += size;
  };
  const std::size_t d = shape.dim;
  add("item_embedding.weight", {shape.n_items, d});
  for (std::size_t b = 0; b < shape.blocks; ++b) {
    const std::string block = fmt::format("blocks.{}.", b);
    add(block + "attention_norm.weight", {d});
    add(block + "attention_norm.bias", {d});
    add(block + "attention.in_proj_weight", {3 * d, d});
    add(block + "attention.in_proj_bias", {3 * d});
    add(block + "attention.out_proj.weight", {d, d});
    add(block + "attention.out_proj.bias", {d});
    add(block + "distance_bias", {shape.heads, shape.length});
    if (shape.intervals) add(block + "interval_bias", {shape.heads, kSasrecIntervalKinds});
    if (shape.gated) {
      add(block + "attention_gate.weight", {d, d});
      add(block + "attention_gate.bias", {d});
    }
    add(block + "feed_forward_norm.weight", {d});
    add(block + "feed_forward_norm.bias", {d});
    add(block + "feed_forward.0.weight", {shape.hidden, d});
    add(block + "feed_forward.0.bias", {shape.hidden});
    add(block + "feed_forward.2.weight", {d, shape.hidden});
    add(block + "feed_forward.2.bias", {d});
    if (shape.gated) {
      add(block + "feed_forward_gate.weight", {d, d});
      add(block + "feed_forward_gate.bias", {d});
    }
  }
  add("norm.weight", {d});
  add("norm.bias", {d});
  return tensors;
}

std::size_t n_parameters(const SasrecShape& shape) {
  const SasrecTensor last = sasrec_tensors(shape).back();
  return last.begin + last.size;
}

}  // namespace coseno
