#include "models/sasrec_encoder.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "base/check.h"
#include "math/kernels.h"

namespace coseno {
namespace {

constexpr float kEpsilon = 1e-5F;  // as torch.nn.LayerNorm has it

// Looks tensors up by name.
class Parameters {
 public:
  Parameters(const SasrecShape& shape, std::span<const float> values) : values_(values) {
    for (SasrecTensor& tensor : sasrec_tensors(shape)) {
      tensors_.emplace(tensor.name, std::move(tensor));
    }
  }

  std::span<const float> operator[](const std::string& name) const {
    const SasrecTensor& tensor = tensors_.at("sasrec." + name);
    return values_.subspan(tensor.begin, tensor.size);
  }

 private:
  std::map<std::string, SasrecTensor> tensors_;
  std::span<const float> values_;
};

// Where number i of `n_parts` parts of `size` stands when each is filled up to `width`.
std::size_t place(std::size_t i, std::size_t size, std::size_t width) {
  return i / size * width + i % size;
}

void add_to(std::span<const float> row, std::span<float> out) {
  for (std::size_t k = 0; k < row.size(); ++k) out[k] += row[k];
}

// The sigmoid of each number times that of `x`.
void gate(const Factors& open, Factors& x) {
  const std::span<const float> logits = open.values();
  const std::span<float> values = x.values();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] /= 1 + std::exp(-logits[i]);
}

// The last rows of what is kept, or of what was computed.
Factors last_rows(const Factors& x, std::size_t n) {
  Factors last(n, x.dim());
  std::ranges::copy(x.values().last(n * x.dim()), last.values().begin());
  return last;
}

}  // namespace

Factors SasrecEncoder::Linear::operator()(const Factors& x) const {
  Factors y(x.n_rows(), weights.dim());
  multiply_rows(x.view(), weights.view(), y.values().data());
  for (std::size_t r = 0; r < y.n_rows(); ++r) add_to(bias, y.row(r));
  return y;
}

SasrecEncoder::SasrecEncoder(const SasrecShape& shape, std::span<const float> parameters)
    : shape_(shape),
      width_(padded(shape.dim)),
      head_dim_(shape.dim / shape.heads),
      head_width_(padded(head_dim_)) {
  COSENO_CHECK(shape.dim % shape.heads == 0 && parameters.size() == n_parameters(shape));
  const Parameters values(shape, parameters);
  // Parts of `size` numbers, each filled up to `width`; {dim, padded dim} is a plain row.
  struct Parts {
    std::size_t size;
    std::size_t width;
  };
  const Parts plain{shape.dim, width_};
  const Parts heads{head_dim_, head_width_};
  const Parts hidden{shape.hidden, padded(shape.hidden)};
  // Rows [first, first + n_out) of PyTorch's weight (out x in) and bias.
  const auto linear = [&](const std::string& weight, const std::string& bias, std::size_t first,
                          std::size_t n_out, Parts in, Parts out) {
    const std::span<const float> from = values[weight];
    const std::span<const float> biases = values[bias];
    const std::size_t n_in = from.size() / biases.size();
    Linear made;
    made.weights =
        Factors(place(n_in - 1, in.size, in.width) / in.width * in.width + in.width,
                place(n_out - 1, out.size, out.width) / out.width * out.width + out.width);
    made.bias.resize(made.weights.dim());
    for (std::size_t o = 0; o < n_out; ++o) {
      const std::size_t column = place(o, out.size, out.width);
      made.bias[column] = biases[first + o];
      for (std::size_t i = 0; i < n_in; ++i) {
        made.weights.row(place(i, in.size, in.width))[column] = from[(first + o) * n_in + i];
      }
    }
    return made;
  };
  const auto norm = [&](const std::string& name) {
    const std::span<const float> weight = values[name + ".weight"];
    const std::span<const float> bias = values[name + ".bias"];
    return Norm{{weight.begin(), weight.end()}, {bias.begin(), bias.end()}};
  };
  const std::size_t d = shape.dim;
  for (std::size_t b = 0; b < shape.blocks; ++b) {
    const std::string name = fmt::format("blocks.{}.", b);
    const std::string in = name + "attention.in_proj_";
    const std::string out = name + "attention.out_proj.";
    const std::string up = name + "feed_forward.0.";
    const std::string down = name + "feed_forward.2.";
    Block block;
    block.attention_norm = norm(name + "attention_norm");
    block.queries = linear(in + "weight", in + "bias", 0, d, plain, heads);
    block.keys_and_values = linear(in + "weight", in + "bias", d, 2 * d, plain, heads);
    block.out = linear(out + "weight", out + "bias", 0, d, heads, plain);
    const std::span<const float> distances = values[name + "distance_bias"];
    block.distance_bias.assign(distances.begin(), distances.end());
    for (std::size_t h = 0; h < shape.heads; ++h) {
      std::ranges::reverse(std::span(block.distance_bias).subspan(h * shape.length, shape.length));
    }
    if (shape.intervals) {
      const std::span<const float> intervals = values[name + "interval_bias"];
      block.interval_bias.assign(intervals.begin(), intervals.end());
    }
    block.feed_forward_norm = norm(name + "feed_forward_norm");
    block.up = linear(up + "weight", up + "bias", 0, shape.hidden, plain, hidden);
    block.down = linear(down + "weight", down + "bias", 0, d, hidden, plain);
    if (shape.gated) {
      const std::string first = name + "attention_gate.";
      const std::string second = name + "feed_forward_gate.";
      block.attention_gate = linear(first + "weight", first + "bias", 0, d, plain, plain);
      block.feed_forward_gate = linear(second + "weight", second + "bias", 0, d, plain, plain);
    }
    blocks_.push_back(std::move(block));
  }
  norm_ = norm("norm");
}

Factors SasrecEncoder::normalised(const Norm& norm, const Factors& x) const {
  Factors y(x.n_rows(), x.dim());
  const std::size_t d = shape_.dim;
  const std::vector<float> ones(d, 1.0F);
  for (std::size_t r = 0; r < x.n_rows(); ++r) {
    const std::span<const float> from = x.row(r).first(d);
    const std::span<float> to = y.row(r).first(d);
    const float mean = dot(from, ones) / static_cast<float>(d);
    for (std::size_t k = 0; k < d; ++k) to[k] = from[k] - mean;
    const float variance = dot(to, to) / static_cast<float>(d);
    const float scale = 1 / std::sqrt(variance + kEpsilon);
    for (std::size_t k = 0; k < d; ++k) to[k] = to[k] * scale * norm.weight[k] + norm.bias[k];
  }
  return y;
}

// The queries are those of the newest positions.
void SasrecEncoder::attend(const Block& block, std::size_t b, const Factors& queries,
                           std::size_t n_queries, const SequenceState& state, Factors& seen) const {
  const float scale = 1 / std::sqrt(static_cast<float>(head_dim_));
  const std::size_t n = state.log_weights.size();
  std::vector<float> shares(shape_.length);
  std::vector<std::size_t> kinds(shape_.intervals ? shape_.length : 0);
  for (std::size_t i = 0; i < n_queries; ++i) {
    const std::size_t end = n - n_queries + i + 1;
    const std::size_t n_seen = std::min(end, shape_.length);
    const std::size_t begin = end - n_seen;
    const std::span<float> a = std::span(shares).first(n_seen);
    if (shape_.intervals) {
      for (std::size_t s = 0; s < n_seen; ++s) {
        kinds[s] = sasrec_interval_kind(state.times[begin + s], state.times[end - 1]);
      }
    }
    for (std::size_t h = 0; h < shape_.heads; ++h) {
      const std::size_t part = b * shape_.heads + h;
      const auto rows = [&](const std::vector<float>& all) {
        return MatrixView{all.data() + begin * head_width_, n_seen, head_width_};
      };
      multiply(rows(state.keys[part]), queries.row(i).subspan(h * head_width_, head_width_), a);
      const float* const distance = block.distance_bias.data() + (h + 1) * shape_.length - n_seen;
      float largest = -INFINITY;
      for (std::size_t s = 0; s < n_seen; ++s) {
        a[s] = a[s] * scale + distance[s] + state.log_weights[begin + s];
        if (shape_.intervals) a[s] += block.interval_bias[h * kSasrecIntervalKinds + kinds[s]];
        largest = std::max(largest, a[s]);
      }
      float sum = 0;
      for (float& share : a) {
        share = std::exp(share - largest);
        sum += share;
      }
      for (float& share : a) share /= sum;
      combine(rows(state.values[part]), a, seen.row(i).subspan(h * head_width_, head_width_));
    }
  }
}

void SasrecEncoder::read(Factors& embedded, std::span<const float> log_weights,
                         std::span<const std::int64_t> times, SequenceState& state) const {
  const std::size_t n = embedded.n_rows();
  COSENO_CHECK(n > 0 && n == log_weights.size() && embedded.dim() == width_);
  COSENO_CHECK(times.empty() || n == times.size());
  state.keys.resize(shape_.blocks * shape_.heads);
  state.values.resize(shape_.blocks * shape_.heads);
  state.log_weights.insert(state.log_weights.end(), log_weights.begin(), log_weights.end());
  if (shape_.intervals) {
    state.times.insert(state.times.end(), times.begin(), times.end());
    state.times.resize(state.log_weights.size());
  }
  const float root = std::sqrt(static_cast<float>(shape_.dim));
  for (float& value : embedded.values()) value *= root;
  Factors x = std::move(embedded);
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    const Factors normal = normalised(block.attention_norm, x);
    const Factors kept = block.keys_and_values(normal);
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t h = 0; h < shape_.heads; ++h) {
        const std::size_t part = b * shape_.heads + h;
        const auto key = kept.row(r).subspan(h * head_width_, head_width_);
        const auto value = kept.row(r).subspan((shape_.heads + h) * head_width_, head_width_);
        state.keys[part].insert(state.keys[part].end(), key.begin(), key.end());
        state.values[part].insert(state.values[part].end(), value.begin(), value.end());
      }
    }
    // Of the last block only the last position is asked.
    const std::size_t n_asked = b + 1 == blocks_.size() ? 1 : n;
    if (n_asked < x.n_rows()) x = last_rows(x, n_asked);
    const Factors queries = block.queries(n_asked < n ? last_rows(normal, n_asked) : normal);
    Factors seen(n_asked, shape_.heads * head_width_);
    attend(block, b, queries, n_asked, state, seen);
    Factors change = block.out(seen);
    if (shape_.gated) gate(block.attention_gate(x), change);
    add_to(change.values(), x.values());
    Factors hidden = block.up(normalised(block.feed_forward_norm, x));
    for (float& value : hidden.values()) value = std::max(value, 0.0F);
    change = block.down(hidden);
    if (shape_.gated) gate(block.feed_forward_gate(x), change);
    add_to(change.values(), x.values());
  }
  const Factors last = normalised(norm_, x);
  state.vector.assign(last.values().begin(), last.values().end());
  // The next position sees length - 1 before it.
  const std::size_t n_rows = state.log_weights.size();
  const std::size_t n_old = n_rows - std::min(n_rows, shape_.length - 1);
  const auto drop = [](auto& values, std::size_t count) {
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
  };
  drop(state.log_weights, n_old);
  if (shape_.intervals) drop(state.times, n_old);
  for (std::vector<float>& keys : state.keys) drop(keys, n_old * head_width_);
  for (std::vector<float>& values : state.values) drop(values, n_old * head_width_);
}

std::size_t SasrecEncoder::state_bytes() const {
  const std::size_t row = 1 + 2 * shape_.blocks * shape_.heads * head_width_;
  const std::size_t times = shape_.intervals ? sizeof(std::int64_t) * (shape_.length - 1) : 0;
  return sizeof(float) * (row * (shape_.length - 1) + width_) + times;
}

}  // namespace coseno
