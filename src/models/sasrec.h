// What comes next in a history, by a causal transformer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "math/matrix.h"
#include "models/model.h"
#include "models/options.h"
#include "models/sasrec_encoder.h"
#include "models/sasrec_options.h"
#include "models/sequence_reader.h"

namespace coseno {

class TensorFile;

//   score(i) = u e_i / (|u| temperature), all e_i of length 1
//   score(i) = u e_i                                             where the temperature is 0
//
// u: the vector of the history (models/sasrec_encoder.h), e_i: the row of item_embedding, by which
// an item of the history is read too. Trained to tell, at every position, what comes next
// (models/sasrec_options.h has the loss). Only the order of a history counts, with `intervals` its
// times too, and no values.
//
// Training is a program of its own, coseno-train-deep, because it needs LibTorch; what it, or
// PyTorch, has trained is served without. docs/formats.md names the tensors.
//
// Sources: Kang and McAuley, ICDM 2018; Petrov and Macdonald, RecSys 2023 (the loss matters more
// than the network); Tikhonovich et al., RecSys 2025 (eSASRec).
class Sasrec final : public Model, public SequenceReader {
 public:
  static constexpr std::string_view kName = kSasrecName;
  using Options = SasrecOptions;
  static std::span<const OptionField<Options>> fields() { return SasrecOptions::fields(); }

  // No parameter is above kLargestSasrecParameter in size.
  explicit Sasrec(const SasrecTrained& trained);

  // Runs coseno-train-deep, or takes what the option `file` names. Errors: unavailable (no trainer,
  // and how to get it; memory), invalid_argument, cancelled, io, corrupt (the file).
  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  // Errors: corrupt.
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return items_.n_rows(); }
  // Cost: that of user_vector(), and n_items * dim.
  void score(const Profile& profile, std::span<float> out) const override;
  void score_many(std::span<const Profile> profiles, std::span<float> out) const override {
    score_many_by_product(*this, profiles, out);
  }
  // An item that was not there in the training has zeros: a middling score for everybody.
  std::optional<MatrixView> item_vectors() const override { return items_.view(); }
  std::size_t vector_length() const override { return shape_.dim; }
  // Zeros for a history without an item that the model knows. Cost: as SasrecEncoder::read().
  std::vector<float> user_vector(const Profile& profile) const override;
  bool scores_by_inner_product() const override { return true; }
  const SequenceReader* sequence_reader() const override { return this; }
  // By cosine of the items' vectors.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;
  void save(TensorFileWriter& file) const override;

  void read(std::span<const Interaction> acts, std::span<const float> weights,
            SequenceState& state) const override;
  std::size_t state_bytes() const override { return encoder_.state_bytes(); }

 private:
  SasrecShape shape_;
  float temperature_;
  std::vector<float> rest_;  // parameters after the item embeddings, for save()
  SasrecEncoder encoder_;
  Factors items_;               // n_items x padded dim
  std::vector<char> is_known_;  // items that are not all zeros
};

}  // namespace coseno
