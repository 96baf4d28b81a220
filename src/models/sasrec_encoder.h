// From the items of a history to a vector, by a causal transformer: the forward pass alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "math/matrix.h"
#include "models/sasrec_tensors.h"
#include "models/sequence_reader.h"

namespace coseno {

// With e_t the row of item_embedding of the t-th item, and N(x) = (x - mean) / deviation * weight +
// bias:
//
//   x_t  = sqrt(dim) e_t
//   in each block:
//     q, k, v = N(x) W + b                                    (in_proj, in this order)
//     a_ts    = softmax over s of (q_t k_s / sqrt(dim of a head) + c_(t-s) + i_ts + log w_s),
//               s from t - length + 1 to t
//     x_t     = x_t + g(x_t) ((sum over s of a_ts v_s) W + b)   (out_proj)
//     x_t     = x_t + g(x_t) (max(0, N(x_t) W + b) W + b)       (feed_forward)
//   vector = N(x of the last)
//
// c is distance_bias, w_s the weight of an event (1 but where the caller says otherwise: as if it
// had been there so many times), and g = 1, or with gates sigmoid(x_t W + b). i is 0, or with
// intervals interval_bias of the kind of time between s and t (sasrec_interval_kind()).
//
// A position knows nothing of where it stands, only how far others are before it. So what is made
// of an event stays as it is when others follow, at every depth, also where the window moves on:
// that is why keys and values may be kept.
//
// Sources: Kang and McAuley, ICDM 2018 (there with learnt positions, and the norm in another
// place); distances as in Raffel et al., JMLR 2020; intervals: Li et al., WSDM 2020 (TiSASRec), as
// a bias by the logarithm of the time as in Zhai et al., ICML 2024 (HSTU, where it is the time up
// to the event that is to be told; here up to the one that is looked from, so that all may be
// kept); gates: LiGR, Borisyuk et al. 2024, and eSASRec, Tikhonovich et al., RecSys 2025.
class SasrecEncoder {
 public:
  // Copies. `parameters`: n_parameters(shape), in the order of sasrec_tensors().
  SasrecEncoder(const SasrecShape& shape, std::span<const float> parameters);

  // Events that can have a part in a vector: 1 + blocks * (length - 1).
  std::size_t reach() const { return 1 + shape_.blocks * (shape_.length - 1); }

  // Reads items on, whose embeddings are the rows of `embedded` (n x padded(dim); overwritten), n >
  // 0. `times`: Unix seconds, 0 where not known; n, or none: known of none. Cost: n * blocks * (4
  // dim^2 + 2 dim * hidden + 2 length * dim), but in the last block only of the keys and values of
  // those before the last.
  void read(Factors& embedded, std::span<const float> log_weights,
            std::span<const std::int64_t> times, SequenceState& state) const;

  std::size_t state_bytes() const;
  std::size_t size_bytes() const;

 private:
  // y = x W + b, of rows; W lies as padded in x padded out.
  struct Linear {
    Factors weights;
    std::vector<float> bias;

    Factors operator()(const Factors& x) const;
  };
  struct Norm {
    std::vector<float> weight;
    std::vector<float> bias;
  };
  struct Block {
    Norm attention_norm;
    Linear queries;          // to heads x padded dim of a head
    Linear keys_and_values;  // to the same twice
    Linear out;              // from the same
    Linear attention_gate;
    std::vector<float> distance_bias;  // heads x length, the farthest first
    std::vector<float> interval_bias;  // heads x kSasrecIntervalKinds, or none
    Norm feed_forward_norm;
    Linear up;
    Linear down;
    Linear feed_forward_gate;
  };
  class Reader;

  Factors normalised(const Norm& norm, const Factors& x) const;
  void attend(const Block& block, std::size_t b, const Factors& queries, std::size_t n_new,
              const SequenceState& state, Factors& seen) const;

  SasrecShape shape_;
  std::size_t width_;       // padded dim
  std::size_t head_dim_;    // of a head
  std::size_t head_width_;  // padded
  std::vector<Block> blocks_;
  Norm norm_;
};

}  // namespace coseno
