#include "models/vectors_file.h"

#include <utility>

namespace coseno {
namespace {

constexpr std::string_view kItemVectors = "item_vectors";
constexpr std::string_view kItemBiases = "item_biases";
constexpr std::string_view kUserVectors = "user_vectors";
constexpr std::string_view kItemIds = "item_ids";
constexpr std::string_view kUserIds = "user_ids";

}  // namespace

Result<VectorsFile> VectorsFile::read(const std::string& path) {
  COSENO_ASSIGN(file, TensorFile::read_foreign(path));
  return from(std::move(file));
}

Result<VectorsFile> VectorsFile::from(TensorFile file) {
  VectorsFile vectors(std::move(file));
  const TensorFile& tensors = vectors.file_;
  COSENO_ASSIGN(shape, tensors.shape(kItemVectors));
  if (shape.size() != 2) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is no matrix", tensors.path(),
                      kItemVectors);
  }
  vectors.dim_ = shape[1];
  COSENO_ASSIGN(items, tensors.text_list(kItemIds));
  COSENO_ASSIGN(item_vectors, vectors.rows(kItemVectors, items.size()));
  vectors.items_ = std::move(items);
  vectors.item_vectors_ = item_vectors;
  if (tensors.has(kItemBiases)) {
    COSENO_ASSIGN(biases, tensors.floats(kItemBiases, {vectors.items_.size()}));
    vectors.item_biases_ = biases;
  }
  if (tensors.has(kUserVectors)) {
    COSENO_ASSIGN(users, tensors.text_list(kUserIds));
    COSENO_ASSIGN(user_vectors, vectors.rows(kUserVectors, users.size()));
    vectors.users_ = std::move(users);
    vectors.user_vectors_ = user_vectors;
  }
  return vectors;
}

Result<std::span<const float>> VectorsFile::rows(std::string_view name, std::size_t n_rows) const {
  COSENO_ASSIGN(shape, file_.shape(name));
  if (shape.size() != 2 || shape[0] != n_rows || shape[1] != dim_) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' has shape [{}], not {} ids x {}",
                      file_.path(), name, fmt::join(shape, ", "), n_rows, dim_);
  }
  return file_.floats(name, {n_rows, dim_});
}

}  // namespace coseno
