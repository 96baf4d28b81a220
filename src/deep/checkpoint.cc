#include "deep/checkpoint.h"

#include <array>
#include <bit>
#include <span>
#include <utility>

#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kAbout = "checkpoint.about";      // metadata
constexpr const char* kNumbers = "checkpoint.numbers";  // I64: the numbers, doubles by their bits
constexpr const char* kParameters = "checkpoint.parameters";  // F32, n
constexpr const char* kMean = "checkpoint.mean";              // F32, n
constexpr const char* kSquare = "checkpoint.square";          // F32, n
constexpr const char* kBest = "checkpoint.best";              // F32, n or 0

}  // namespace

Result<void> write_checkpoint(const Checkpoint& checkpoint, const std::string& path) {
  TensorFileWriter file;
  const std::array<std::int64_t, 7> numbers = {static_cast<std::int64_t>(checkpoint.n_steps),
                                               static_cast<std::int64_t>(checkpoint.epoch),
                                               static_cast<std::int64_t>(checkpoint.window),
                                               std::bit_cast<std::int64_t>(checkpoint.loss),
                                               static_cast<std::int64_t>(checkpoint.n_positions),
                                               std::bit_cast<std::int64_t>(checkpoint.best_ndcg),
                                               static_cast<std::int64_t>(checkpoint.best_epoch)};
  file.add(kNumbers, {numbers.size()}, std::span<const std::int64_t>(numbers));
  file.add(kParameters, {checkpoint.parameters.size()}, std::span(checkpoint.parameters));
  file.add(kMean, {checkpoint.mean.size()}, std::span(checkpoint.mean));
  file.add(kSquare, {checkpoint.square.size()}, std::span(checkpoint.square));
  file.add(kBest, {checkpoint.best.size()}, std::span(checkpoint.best));
  file.set_metadata(kAbout, checkpoint.about);
  return file.write(path);
}

Result<Checkpoint> read_checkpoint(const std::string& path) {
  COSENO_ASSIGN(file, TensorFile::read(path));
  COSENO_ASSIGN(about, file.metadata(kAbout));
  COSENO_ASSIGN(numbers, file.int64s(kNumbers, {7}));
  COSENO_ASSIGN(parameters, file.floats(kParameters, {TensorFile::kAny}));
  COSENO_ASSIGN(mean, file.floats(kMean, {parameters.size()}));
  COSENO_ASSIGN(square, file.floats(kSquare, {parameters.size()}));
  COSENO_ASSIGN(best, file.floats(kBest, {TensorFile::kAny}));
  if (!best.empty() && best.size() != parameters.size()) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' does not fit the rest", path, kBest);
  }
  const auto vector = [](std::span<const float> values) {
    return std::vector<float>(values.begin(), values.end());
  };
  return Checkpoint{.about = std::move(about),
                    .n_steps = static_cast<std::uint64_t>(numbers[0]),
                    .epoch = static_cast<std::uint64_t>(numbers[1]),
                    .window = static_cast<std::uint64_t>(numbers[2]),
                    .loss = std::bit_cast<double>(numbers[3]),
                    .n_positions = static_cast<std::uint64_t>(numbers[4]),
                    .best_ndcg = std::bit_cast<double>(numbers[5]),
                    .best_epoch = static_cast<std::uint64_t>(numbers[6]),
                    .parameters = vector(parameters),
                    .mean = vector(mean),
                    .square = vector(square),
                    .best = vector(best)};
}

}  // namespace coseno
