#include "deep/network.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <utility>

// Of the BLAS that LibTorch came with, where that is OpenBLAS: it has threads of its own.
extern "C" void openblas_set_num_threads(int n) __attribute__((weak));

namespace coseno {
namespace {

using torch::Tensor;

// Less than any score, and finite: e^-30000 is 0 in float.
constexpr float kMasked = -30000;

// Of the item embeddings before training; where their length is 1 only the direction counts.
constexpr double kDeviation = 0.02;

constexpr std::uint64_t kInitialise = 4;  // stream of random numbers

constexpr double kLeastLength = 1e-6;

std::vector<std::int64_t> sizes(const std::vector<std::size_t>& shape) {
  return {shape.begin(), shape.end()};
}

// Not written to.
Tensor view_of(const std::vector<std::int64_t>& values) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()),
                          {static_cast<std::int64_t>(values.size())}, torch::kInt64);
}

Tensor with_length_1(const Tensor& rows) {
  return rows / rows.norm(2, 1, true).clamp_min(kLeastLength);
}

// Box and Muller.
double normal(Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));
  return radius * std::cos(2 * std::numbers::pi * rng.uniform());
}

// Of a tensor's numbers before training; 0: they are zeros.
double first_deviation(const SasrecTensor& tensor) {
  if (tensor.name.ends_with("embedding.weight")) return kDeviation;
  if (tensor.shape.size() != 2 || tensor.name.ends_with("_bias")) return 0;
  // Glorot and Bengio 2010; the three projections of in_proj are square.
  const std::size_t n_out = std::min(
      tensor.shape[0], tensor.name.ends_with("in_proj_weight") ? tensor.shape[1] : tensor.shape[0]);
  return std::sqrt(2 / static_cast<double>(n_out + tensor.shape[1]));
}

}  // namespace

// Those that are learnt, as views of parameters_ whose gradients are views of gradients_.
struct SequenceNetwork::Tensors {
  std::map<std::string, Tensor, std::less<>> by_name;

  const Tensor& operator[](const std::string& name) const { return by_name.at("sasrec." + name); }
};

namespace {

// One pass from items to what the network makes of each position.
template <class Tensors>
class Forward {
 public:
  // Without `rng` nothing is dropped out.
  Forward(const SasrecShape& shape, double dropout, const Tensors& tensors,
          const PackedBatch& batch, Rng* rng)
      : shape_(shape),
        dropout_(dropout),
        tensors_(tensors),
        batch_(batch),
        rng_(rng),
        n_rows_(static_cast<std::int64_t>(batch.n_rows)),
        width_(static_cast<std::int64_t>(batch.width)),
        dim_(static_cast<std::int64_t>(shape.dim)),
        heads_(static_cast<std::int64_t>(shape.heads)) {}

  // What the network makes of the asked positions: asked x dim. embedded: positions x dim.
  Tensor run(const Tensor& embedded) {
    Tensor x = drop(embedded * std::sqrt(static_cast<double>(dim_)));
    const Tensor mask = attention_mask();
    const Tensor kinds = shape_.intervals ? interval_kinds() : Tensor();
    for (std::size_t b = 0; b < shape_.blocks; ++b) {
      const std::string block = "blocks." + std::to_string(b) + ".";
      x = join(x, attention(norm(x, block + "attention_norm"), block, mask, kinds),
               block + "attention_gate");
      x = join(x, feed_forward(norm(x, block + "feed_forward_norm"), block),
               block + "feed_forward_gate");
    }
    return norm(x.index_select(0, view_of(batch_.asked)), "norm");
  }

 private:
  Tensor norm(const Tensor& x, const std::string& name) {
    return torch::layer_norm(x, {dim_}, tensors_[name + ".weight"], tensors_[name + ".bias"], 1e-5);
  }

  // 0 or 1 / (1 - p), by a byte of a random number each.
  Tensor drop(const Tensor& x) {
    if (rng_ == nullptr || dropout_ == 0) return x;
    Tensor mask = torch::empty(x.sizes(), torch::kFloat32);
    const auto limit = static_cast<unsigned>(std::lround(dropout_ * 256));
    const float kept = 256.0F / static_cast<float>(256 - limit);
    const std::span out(mask.data_ptr<float>(), static_cast<std::size_t>(mask.numel()));
    for (std::size_t i = 0; i < out.size(); i += 8) {
      std::uint64_t bytes = (*rng_)();
      const std::size_t end = std::min(i + 8, out.size());
      for (std::size_t j = i; j < end; ++j, bytes >>= 8) {
        out[j] = static_cast<unsigned>(bytes & 255) < limit ? 0 : kept;
      }
    }
    return x * mask;
  }

  Tensor join(const Tensor& x, const Tensor& change, const std::string& gate) {
    if (!shape_.gated) return x + drop(change);
    const Tensor open =
        torch::sigmoid(torch::linear(x, tensors_[gate + ".weight"], tensors_[gate + ".bias"]));
    return x + drop(change) * open;
  }

  Tensor feed_forward(const Tensor& x, const std::string& block) {
    const Tensor hidden = torch::relu(torch::linear(x, tensors_[block + "feed_forward.0.weight"],
                                                    tensors_[block + "feed_forward.0.bias"]));
    return torch::linear(drop(hidden), tensors_[block + "feed_forward.2.weight"],
                         tensors_[block + "feed_forward.2.bias"]);
  }

  // rows x 1 x width x width: 0 where the second position may be seen from the first.
  Tensor attention_mask() {
    Tensor mask = torch::full({n_rows_, 1, width_, width_}, kMasked);
    auto* const out = mask.template data_ptr<float>();
    const std::size_t width = batch_.width;
    for (std::size_t r = 0; r < batch_.n_rows; ++r) {
      for (std::size_t t = 0; t < width; ++t) {
        float* const row = out + (r * width + t) * width;
        row[t] = 0;
        for (std::size_t s = t; s-- > 0;) {
          if (batch_.windows[r * width + s] != batch_.windows[r * width + t]) break;
          row[s] = 0;
        }
      }
    }
    return mask;
  }

  // heads x width x width: the bias of how far the second position is before the first.
  Tensor distances(const Tensor& bias) {
    std::vector<std::int64_t> index(batch_.width * batch_.width);
    for (std::size_t t = 0; t < batch_.width; ++t) {
      for (std::size_t s = 0; s < t; ++s) {
        index[t * batch_.width + s] = static_cast<std::int64_t>(t - s);
      }
    }
    return bias.index_select(1, view_of(index).clone()).view({heads_, width_, width_});
  }

  // rows x width x width: of which kind the time from the second position to the first is.
  Tensor interval_kinds() {
    const auto n = static_cast<std::int64_t>(batch_.width);
    Tensor kinds = torch::zeros({n_rows_, n, n}, torch::kInt64);
    auto* const out = kinds.template data_ptr<std::int64_t>();
    const std::size_t width = batch_.width;
    for (std::size_t t = 0; t < batch_.times.size(); ++t) {
      const std::size_t first = t - t % width;
      for (std::size_t s = first; s < t; ++s) {
        out[t * width + s - first] =
            static_cast<std::int64_t>(sasrec_interval_kind(batch_.times[s], batch_.times[t]));
      }
    }
    return kinds;
  }

  // rows x heads x width x width. By embedding(), whose gradient is faster than index_select's.
  static Tensor interval_biases(const Tensor& bias, const Tensor& kinds) {
    return torch::embedding(bias.t(), kinds).permute({0, 3, 1, 2});
  }

  Tensor attention(const Tensor& x, const std::string& block, const Tensor& mask,
                   const Tensor& kinds) {
    const std::int64_t head_dim = dim_ / heads_;
    const Tensor projected = torch::linear(x, tensors_[block + "attention.in_proj_weight"],
                                           tensors_[block + "attention.in_proj_bias"]);
    const Tensor split =
        projected.view({n_rows_, width_, 3, heads_, head_dim}).permute({2, 0, 3, 1, 4});
    const Tensor queries = split[0] / std::sqrt(static_cast<double>(head_dim));
    Tensor logits = torch::matmul(queries, split[1].transpose(2, 3)) + mask +
                    distances(tensors_[block + "distance_bias"]);
    if (shape_.intervals)
      logits = logits + interval_biases(tensors_[block + "interval_bias"], kinds);
    const Tensor seen = torch::matmul(drop(torch::softmax(logits, 3)), split[2]);
    return torch::linear(seen.transpose(1, 2).reshape({n_rows_ * width_, dim_}),
                         tensors_[block + "attention.out_proj.weight"],
                         tensors_[block + "attention.out_proj.bias"]);
  }

  const SasrecShape& shape_;
  double dropout_;
  const Tensors& tensors_;
  const PackedBatch& batch_;
  Rng* rng_;
  std::int64_t n_rows_;
  std::int64_t width_;
  std::int64_t dim_;
  std::int64_t heads_;
};

// Adds the rows of `gradient` to those of `out` that `rows` names.
void add_rows(const Tensor& gradient, const std::vector<std::int64_t>& rows, std::size_t dim,
              std::span<float> out) {
  const Tensor dense = gradient.contiguous();
  const float* from = dense.data_ptr<float>();
  for (const std::int64_t row : rows) {
    float* const to = out.data() + static_cast<std::size_t>(row) * dim;
    for (std::size_t k = 0; k < dim; ++k) to[k] += from[k];
    from += dim;
  }
}

}  // namespace

SequenceNetwork::SequenceNetwork(const SasrecOptions& options, std::size_t n_items)
    : options_(options),
      shape_(sasrec_shape(options, n_items)),
      parameters_(n_parameters(shape_)),
      gradients_(parameters_.size()),
      tensors_(std::make_unique<Tensors>()) {
  for (const SasrecTensor& tensor : sasrec_tensors(shape_)) {
    Tensor values = torch::from_blob(parameters_.data() + tensor.begin, sizes(tensor.shape));
    values.set_requires_grad(true);
    values.mutable_grad() = torch::from_blob(gradients_.data() + tensor.begin, sizes(tensor.shape));
    tensors_->by_name.emplace(tensor.name, values);
  }
}

SequenceNetwork::~SequenceNetwork() = default;

Tensor SequenceNetwork::unit(const Tensor& rows) const {
  return options_.temperature > 0 ? with_length_1(rows) : rows;
}

Tensor SequenceNetwork::scaled(const Tensor& states) const {
  return options_.temperature > 0 ? with_length_1(states) / options_.temperature : states;
}

void SequenceNetwork::initialise(std::uint64_t seed) {
  std::uint64_t unit = 0;
  for (const SasrecTensor& tensor : sasrec_tensors(shape_)) {
    Rng rng(seed, kInitialise, unit++);
    const std::span values = std::span(parameters_).subspan(tensor.begin, tensor.size);
    if (tensor.name.ends_with("norm.weight")) {
      std::ranges::fill(values, 1.0F);
    } else if (const double deviation = first_deviation(tensor); deviation > 0) {
      for (float& value : values) value = static_cast<float>(deviation * normal(rng));
    } else {
      std::ranges::fill(values, 0.0F);
    }
  }
}

// -log softmax of what came next, among it and the negatives, which stand for all items: each
// counts as often as it would have to for that (logQ correction).
Tensor SequenceNetwork::softmax_loss(const Tensor& right, const Tensor& wrong, float log_expected) {
  const Tensor all = torch::cat({right, wrong - log_expected}, 1);
  return torch::cross_entropy_loss(all, torch::zeros({right.size(0)}, torch::kInt64));
}

// Binary cross-entropy with the probability of what came next to a power, which makes up for
// how few negatives there are; with calibration t and a share a of all items drawn:
//
//   power = a (t (1 - 1 / a) + 1 / a)
//
// Scores begin near 0; there `prior` has both sides pull alike (Lin et al., ICCV 2017, 4.1).
Tensor SequenceNetwork::gbce_loss(const Tensor& right, const Tensor& wrong) const {
  const auto n_negatives = static_cast<double>(wrong.size(1));
  const double share =
      n_negatives / static_cast<double>(std::max<std::size_t>(shape_.n_items, 2) - 1);
  const double power = share * (options_.calibration * (1 - 1 / share) + 1 / share);
  const double prior = std::log(power / n_negatives);
  return (torch::softplus(wrong + prior).sum() - power * torch::log_sigmoid(right + prior).sum()) /
         static_cast<double>(right.size(0));
}

double SequenceNetwork::add_gradients(const PackedBatch& batch, const Negatives& negatives,
                                      Rng& rng) {
  const Tensor& items = (*tensors_)["item_embedding.weight"];
  const bool is_gbce = options_.loss == SasrecOptions::kGbce;
  // Rows that are looked at are leaves of their own: a gradient of all items for each look would
  // cost more than the network.
  const auto rows = [&](const std::vector<std::int64_t>& index) {
    return items.detach().index_select(0, view_of(index)).set_requires_grad(true);
  };
  const Tensor inputs = rows(batch.items);
  const Tensor states =
      scaled(Forward(shape_, options_.dropout, *tensors_, batch, &rng).run(unit(inputs)));
  if (negatives.items.empty()) {
    const Tensor all = torch::matmul(states, unit(items).t());
    const Tensor next = view_of(batch.next);
    const Tensor column = next.unsqueeze(1);
    const Tensor loss = is_gbce ? gbce_loss(all.gather(1, column), all.scatter(1, column, kMasked))
                                : torch::cross_entropy_loss(all, next);
    loss.backward();
    add_rows(inputs.grad(), batch.items, shape_.dim, gradients_);
    return loss.item<double>();
  }
  const Tensor next = rows(batch.next);
  const Tensor others = rows(negatives.items);
  const Tensor right = (states * unit(next)).sum(1, true);
  // What came next is no negative.
  const Tensor is_next = view_of(batch.next).unsqueeze(1).eq(view_of(negatives.items).unsqueeze(0));
  const Tensor wrong = torch::matmul(states, unit(others).t()).masked_fill(is_next, kMasked);
  const Tensor loss =
      is_gbce ? gbce_loss(right, wrong) : softmax_loss(right, wrong, negatives.log_expected);
  loss.backward();
  add_rows(inputs.grad(), batch.items, shape_.dim, gradients_);
  add_rows(next.grad(), batch.next, shape_.dim, gradients_);
  add_rows(others.grad(), negatives.items, shape_.dim, gradients_);
  return loss.item<double>();
}

void SequenceNetwork::scores(const PackedBatch& batch, std::span<float> out) const {
  const torch::NoGradGuard no_gradients;
  const Tensor items = unit((*tensors_)["item_embedding.weight"]);
  const Tensor inputs = items.index_select(0, view_of(batch.items));
  const Tensor states = scaled(Forward(shape_, 0, *tensors_, batch, nullptr).run(inputs));
  Tensor scores = torch::from_blob(out.data(), {states.size(0), items.size(0)});
  torch::matmul_out(scores, states, items.t());
}

void set_torch_threads(int n) {
  torch::set_num_threads(n);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(n);
}

}  // namespace coseno
