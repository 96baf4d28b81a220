// Bytes as a model file, from the header to the model's own tensors; and as a file of vectors of
// another program.
//
// Blind mutation would never get past the checksum and the header. So each input starts from a file
// of a real model, made here (no corpus that grows stale), and its checksum is set right again.

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "models/fitted_model.h"
#include "models/registry.h"
#include "models/sasrec.h"
#include "models/sasrec_testing.h"
#include "models/tensor_file.h"
#include "models/vectors.h"
#include "models/vectors_file.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace coseno {
namespace {

Dataset tiny_dataset() {
  Interactions interactions;
  interactions.has_values = true;
  Catalog items;
  Catalog users;
  for (const char* user : {"ann", "bob", "cat"}) {
    users.add({user, "", {{"age", PropertyKind::number, user[0] / 10.0}}});
    for (const char* item : {"tea", "jam", "rye"}) {
      items.add({item, "Toast", {{"sweet", PropertyKind::number, item[0] / 10.0}}});
      if (user[0] - 'a' == item[2] % 3) continue;
      interactions.add(interactions.users.add(user),
                       {interactions.items.add(item), static_cast<float>(user[0] % 5), item[1]});
    }
  }
  return make_dataset(std::move(interactions), RepeatRule::last, items, users);
}

// What `write` writes at a path.
template <class Write>
std::string written(const Write& write) {
  const std::string path =
      std::filesystem::temp_directory_path() / fmt::format("model_file_fuzzer_{}", getpid());
  COSENO_CHECK(write(path).has_value());
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::filesystem::remove(path);
  return text;
}

const std::vector<float> kItemVectors = {1, 0.5F, -1, 2};
const std::vector<float> kUserVectors = {1, 1};
const std::vector<float> kBiases = {0.5F, -0.5F};

std::string vectors_model_file() {
  ThreadPool pool(1);
  FittedModel fitted;
  fitted.dataset = tiny_dataset();
  const std::vector<ItemIndex> items = {ItemIndex{0}, ItemIndex{2}};
  fitted.model = Vectors::make({.items = items,
                                .item_vectors = {kItemVectors.data(), 2, 2},
                                .item_biases = kBiases,
                                .user_vectors = {kUserVectors.data(), 1, 2}},
                               fitted.dataset.matrix, pool)
                     .model;
  return written([&](const std::string& path) { return save_model(fitted, path); });
}

std::string sasrec_file() {
  FittedModel fitted;
  fitted.dataset = tiny_dataset();
  const SasrecShape shape = {.n_items = 3,
                             .dim = 2,
                             .length = 2,
                             .blocks = 1,
                             .heads = 1,
                             .hidden = 1,
                             .gated = true,
                             .intervals = true};
  fitted.model = std::make_unique<Sasrec>(random_sasrec(shape, 0.5, 1));
  return written([&](const std::string& path) { return save_model(fitted, path); });
}

std::string vectors_file() {
  TensorFileWriter file;
  file.add("item_vectors", {2, 2}, std::span(kItemVectors));
  file.add("item_biases", {2}, std::span(kBiases));
  file.add("user_vectors", {1, 2}, std::span(kUserVectors));
  file.set_metadata("item_ids", R"(["tea","jam"])");
  file.set_metadata("user_ids", R"(["ann"])");
  return written([&](const std::string& path) { return file.write(path); });
}

std::string fitted_file(const ModelInfo& info) {
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  // libFuzzer's inputs have 4096 bytes at most unless it is told otherwise.
  const Settings tiny = {{"dim", "1"}, {"rounds", "2"}, {"draws", "1"}};
  const Settings settings = info.check(tiny) ? tiny : Settings();
  const Result<FittedModel> fitted = fit_model(info.name, tiny_dataset(), settings, context);
  COSENO_CHECK(fitted.has_value());
  return written([&](const std::string& path) { return save_model(*fitted, path); });
}

const std::vector<std::string>& real_files() {
  static const std::vector<std::string> files = [] {
    std::vector<std::string> made;
    for (const ModelInfo& info : all_models()) {
      if (!info.is_trained_apart) made.push_back(fitted_file(info));
    }
    made.push_back(sasrec_file());
    made.push_back(vectors_model_file());
    made.push_back(vectors_file());
    return made;
  }();
  return files;
}

// Numbers that sums, quotients and squares stumble over.
constexpr float kTrying[] = {0,     -0.0F, 1e-45F, -1e-45F, 1.2e-38F, 1e-20F,
                             1e-6F, 0.05F, 1,      -1,      1e6F,     -1e6F,
                             1e12F, 1e18F, -1e18F, 1e37F,   3.4e38F,  -3.4e38F};

// Puts one of them in up to eight places of the tensors, which lie in whole words at the end; blind
// mutation of bytes would hardly make all of a small tensor tiny.
void put_numbers(Rng& rng, std::span<std::uint8_t> file) {
  constexpr std::size_t kWord = sizeof(float);
  const std::size_t n_words = file.size() / kWord;
  if (n_words == 0) return;
  const float number = kTrying[rng.below(std::size(kTrying))];
  const std::size_t back = rng.below(n_words) + 1;
  const std::size_t n = std::min<std::size_t>(back, rng.below(8) + 1);
  for (std::size_t word = 0; word < n; ++word) {
    std::memcpy(&file[file.size() - (back - word) * kWord], &number, kWord);
  }
}

std::vector<std::byte> sealed(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, bytes.begin());
  TensorFile::seal(bytes);
  return bytes;
}

// Whatever a file holds, what is printed of a score is a number.
void check_scores(std::span<const float> scores) {
  for (const float score : scores) {
    COSENO_CHECK(std::isfinite(score) || score == kNeverScore);
  }
}

// What loads must serve.
void use(const FittedModel& fitted) {
  const Model& model = *fitted.model;
  std::vector<float> scores(model.n_items());
  model.score({}, scores);
  check_scores(scores);
  for (std::size_t u = 0; u < fitted.dataset.users.size(); ++u) {
    model.score(profile_of(fitted.dataset, static_cast<UserIndex>(u)), scores);
    check_scores(scores);
  }
  if (model.n_items() == 0) return;
  for (const ScoredItem& similar : model.similar_items(ItemIndex{0}, 3)) {
    COSENO_CHECK(std::isfinite(similar.score));
  }
}

// What is read of a file of another program is as long as it says, and finite.
void read_vectors(std::span<const std::uint8_t> data) {
  const auto bytes = std::as_bytes(data);
  auto file = TensorFile::parse_foreign({bytes.begin(), bytes.end()}, "v");
  if (!file) return;
  const auto vectors = VectorsFile::from(std::move(*file));
  if (!vectors) {
    COSENO_CHECK(vectors.error().code == ErrorCode::corrupt);
    return;
  }
  COSENO_CHECK(vectors->item_vectors().size() == vectors->items().size() * vectors->dim());
  COSENO_CHECK(vectors->user_vectors().size() == vectors->users().size() * vectors->dim());
  for (const float x : vectors->item_vectors()) COSENO_CHECK(std::isfinite(x));
  for (const float x : vectors->user_vectors()) COSENO_CHECK(std::isfinite(x));
}

}  // namespace
}  // namespace coseno

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  coseno::Rng rng(seed);
  const std::vector<std::string>& files = coseno::real_files();
  const std::string& file = files[rng.below(files.size())];
  const bool starts_anew = size < 16 || rng.below(16) == 0;
  if (starts_anew && file.size() <= max_size) {
    std::ranges::copy(file, data);
    size = file.size();
  }
  if (rng.below(4) > 0) return LLVMFuzzerMutate(data, size, max_size);
  coseno::put_numbers(rng, {data, size});
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  coseno::read_vectors({data, size});
  const auto file = coseno::TensorFile::parse(coseno::sealed(data, size), "m");
  if (!file) {
    COSENO_CHECK(file.error().code == coseno::ErrorCode::corrupt);
    return 0;
  }
  const auto fitted = coseno::load_model(*file);
  if (fitted) {
    coseno::use(*fitted);
  } else {
    COSENO_CHECK(fitted.error().code == coseno::ErrorCode::corrupt);
  }
  return 0;
}
