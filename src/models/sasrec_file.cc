#include "models/sasrec_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kItemEmbedding = "sasrec.item_embedding.weight";
constexpr const char* kDistanceBias = "sasrec.blocks.0.distance_bias";
constexpr const char* kHidden = "sasrec.blocks.0.feed_forward.0.weight";
constexpr const char* kBlock = "sasrec.blocks.{}.{}";
constexpr const char* kIntervalBias = "interval_bias";
constexpr const char* kAttentionNorm = "attention_norm.weight";
constexpr const char* kGate = "attention_gate.weight";
constexpr const char* kTemperature = "sasrec.temperature";

// Of what a file may ask for: as SasrecOptions has it, and more, since PyTorch may have trained it.
constexpr std::size_t kMostDim = 1024;
constexpr std::size_t kMostHidden = 8192;
constexpr std::size_t kMostBlocks = 8;
constexpr float kMostTemperature = 100;
constexpr float kLeastTemperature = 1e-3F;

template <class... Args>
std::unexpected<Error> corrupt_network(const TensorFile& file, fmt::format_string<Args...> format,
                                       Args&&... args) {
  return make_error(ErrorCode::corrupt, "{}: {}", file.path(),
                    fmt::format(format, std::forward<Args>(args)...));
}

// rows x columns, each in [1, most].
Result<std::vector<std::size_t>> matrix_shape(const TensorFile& file, const char* name,
                                              std::size_t most_rows, std::size_t most_columns) {
  COSENO_ASSIGN(shape, file.shape(name));
  if (shape.size() != 2 || shape[0] > most_rows || shape[1] < 1 || shape[1] > most_columns) {
    return corrupt_network(file, "tensor '{}' has shape [{}], which is none of a sasrec", name,
                           fmt::join(shape, ", "));
  }
  return shape;
}

Result<SasrecShape> shape_of(const TensorFile& file) {
  COSENO_ASSIGN(items, matrix_shape(file, kItemEmbedding, std::size_t{1} << 31, kMostDim));
  COSENO_ASSIGN(distances, matrix_shape(file, kDistanceBias, kMostDim, SasrecOptions::kMostLength));
  COSENO_ASSIGN(hidden, matrix_shape(file, kHidden, kMostHidden, kMostDim));
  SasrecShape shape{.n_items = items[0],
                    .dim = items[1],
                    .length = distances[1],
                    .heads = distances[0],
                    .hidden = hidden[0],
                    .gated = file.has(fmt::format(kBlock, 0, kGate)),
                    .intervals = file.has(fmt::format(kBlock, 0, kIntervalBias))};
  for (std::size_t& b = shape.blocks; file.has(fmt::format(kBlock, b, kAttentionNorm)); ++b) {
    for (const auto& [name, in_all] :
         {std::pair(kGate, shape.gated), {kIntervalBias, shape.intervals}}) {
      const std::string tensor = fmt::format(kBlock, b, name);
      if (file.has(tensor) == in_all) continue;
      return corrupt_network(file, "tensor '{}' {}, unlike that of block 0", tensor,
                             in_all ? "is missing" : "is there");
    }
  }
  if (shape.heads < 1 || shape.dim % shape.heads != 0 || shape.hidden < 1 || shape.blocks < 1 ||
      shape.blocks > kMostBlocks) {
    return corrupt_network(
        file, "{} heads, {} blocks and a hidden layer of {} are none of a sasrec of {} numbers",
        shape.heads, shape.blocks, shape.hidden, shape.dim);
  }
  return shape;
}

Result<float> temperature_of(const TensorFile& file) {
  COSENO_ASSIGN(text, file.metadata(kTemperature));
  float temperature = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), temperature);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || !(temperature == 0 ||
                      (temperature >= kLeastTemperature && temperature <= kMostTemperature))) {
    return corrupt_network(file, "metadata '{}' is '{}', and not 0 or a number in [{}, {}]",
                           kTemperature, text, kLeastTemperature, kMostTemperature);
  }
  return temperature;
}

// The ids of the rows.
Result<std::vector<std::string>> item_ids_of(const TensorFile& file, std::size_t n_items) {
  const bool is_ours = !file.metadata("item_ids") && file.metadata("coseno.item_ids");
  COSENO_ASSIGN(ids, file.text_list(is_ours ? "coseno.item_ids" : "item_ids"));
  if (ids.size() != n_items) {
    return corrupt_network(file, "metadata 'item_ids' has {} of {} ids", ids.size(), n_items);
  }
  return ids;
}

}  // namespace

Result<SasrecTrained> sasrec_of(const TensorFile& file) {
  COSENO_ASSIGN(shape, shape_of(file));
  COSENO_ASSIGN(temperature, temperature_of(file));
  SasrecTrained trained{.shape = shape, .temperature = temperature, .parameters = {}};
  // What is not there in full is found before memory is taken for it.
  const std::vector<SasrecTensor> tensors = sasrec_tensors(shape);
  for (const SasrecTensor& tensor : tensors) {
    COSENO_ASSIGN(values, file.floats(tensor.name, tensor.shape));
    if (!std::ranges::all_of(values,
                             [](float x) { return std::abs(x) <= kLargestSasrecParameter; })) {
      return corrupt_network(file, "tensor '{}' holds a number above {}", tensor.name,
                             kLargestSasrecParameter);
    }
    trained.parameters.insert(trained.parameters.end(), values.begin(), values.end());
  }
  return trained;
}

Result<SasrecTrained> read_sasrec(const std::string& path, const ItemIds& items) {
  COSENO_ASSIGN(file, TensorFile::read_foreign(path));
  COSENO_ASSIGN(foreign, sasrec_of(file));
  COSENO_ASSIGN(ids, item_ids_of(file, foreign.shape.n_items));
  const std::size_t dim = foreign.shape.dim;
  const auto rest = static_cast<std::ptrdiff_t>(foreign.shape.n_items * dim);
  SasrecTrained trained{
      .shape = foreign.shape, .temperature = foreign.temperature, .parameters = {}};
  trained.shape.n_items = items.size();
  trained.parameters.resize(items.size() * dim);
  bool has_any = false;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    const std::optional<ItemIndex> item = items.find(ids[row]);
    if (!item) continue;
    has_any = true;
    std::copy_n(foreign.parameters.begin() + static_cast<std::ptrdiff_t>(row * dim), dim,
                trained.parameters.begin() + static_cast<std::ptrdiff_t>(offset(*item) * dim));
  }
  if (!has_any) return invalid_argument("{}: has none of the items of the data", path);
  trained.parameters.insert(trained.parameters.end(), foreign.parameters.begin() + rest,
                            foreign.parameters.end());
  return trained;
}

void add_sasrec(const SasrecShape& shape, float temperature, std::vector<float> item_embeddings,
                std::span<const float> rest, TensorFileWriter& file) {
  const std::vector<SasrecTensor> tensors = sasrec_tensors(shape);
  const std::size_t n_embeddings = tensors.front().size;
  file.add(tensors.front().name, tensors.front().shape, std::move(item_embeddings));
  for (const SasrecTensor& tensor : std::span(tensors).subspan(1)) {
    file.add(tensor.name, tensor.shape, rest.subspan(tensor.begin - n_embeddings, tensor.size));
  }
  file.set_metadata(kTemperature, fmt::format("{}", temperature));
}

}  // namespace coseno
