#include "models/vectors_file.h"

#include <boost/json.hpp>

#include <utility>

namespace coseno {
namespace {

namespace json = boost::json;

constexpr std::string_view kItemVectors = "item_vectors";
constexpr std::string_view kItemBiases = "item_biases";
constexpr std::string_view kUserVectors = "user_vectors";
constexpr std::string_view kItemIds = "item_ids";
constexpr std::string_view kUserIds = "user_ids";

Result<std::vector<std::string>> ids_of(const TensorFile& file, std::string_view key) {
  COSENO_ASSIGN(text, file.metadata(key));
  json::error_code error;
  const json::value value = json::parse(text, error);
  const auto corrupt = [&](const std::string& why) {
    return make_error(ErrorCode::corrupt, "{}: metadata '{}' {}", file.path(), key, why);
  };
  if (error) return corrupt("is no JSON: " + error.message());
  if (!value.is_array()) return corrupt("is no list");
  std::vector<std::string> ids;
  for (const json::value& id : value.get_array()) {
    if (!id.is_string()) return corrupt(fmt::format("holds at {} what is no text", ids.size()));
    ids.emplace_back(id.get_string());
  }
  return ids;
}

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
  COSENO_ASSIGN(items, ids_of(tensors, kItemIds));
  COSENO_ASSIGN(item_vectors, vectors.rows(kItemVectors, items.size()));
  vectors.items_ = std::move(items);
  vectors.item_vectors_ = item_vectors;
  if (tensors.has(kItemBiases)) {
    COSENO_ASSIGN(biases, tensors.floats(kItemBiases, {vectors.items_.size()}));
    vectors.item_biases_ = biases;
  }
  if (tensors.has(kUserVectors)) {
    COSENO_ASSIGN(users, ids_of(tensors, kUserIds));
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
