#include "models/fitted_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "models/tensor_file.h"

namespace coseno {
namespace {

// ann (32, of "nl" like bob): tea at 10, jam at 20; bob: jam at 5. Nobody has "rye".
Dataset dataset() {
  Interactions interactions;
  interactions.has_values = true;
  const auto add = [&](const char* user, const char* item, float value, std::int64_t time) {
    interactions.add(interactions.users.add(user), {interactions.items.add(item), value, time});
  };
  add("ann", "tea", 2, 10);
  add("ann", "jam", 4.5, 20);
  add("bob \"\u00e9\"", "jam", 1, 5);
  Catalog items;
  items.add({"rye", "Rye", {}});
  Catalog users;
  const Property nl = {"country", PropertyKind::category, std::string("nl")};
  users.add({"ann", "", {nl, {"age", PropertyKind::number, 32.1}}});
  users.add({"bob \"\u00e9\"", "", {nl}});
  return make_dataset(std::move(interactions), RepeatRule::last, items, users);
}

FittedModel fitted() {
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress, .seed = 18446744073709551615U};
  return fit_model("item_knn", dataset(), {{"shrink", "0.5"}}, context).value();
}

std::string file_name() {
  return testing::TempDir() + "fitted_model_test_" + std::to_string(::getpid());
}

std::vector<std::byte> saved(const FittedModel& model) {
  EXPECT_TRUE(save_model(model, file_name()).has_value());
  std::ifstream stream(file_name(), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::filesystem::remove(file_name());
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

Result<FittedModel> load(std::vector<std::byte> bytes) {
  const Result<TensorFile> file = TensorFile::parse(std::move(bytes), "m");
  if (!file) return std::unexpected(file.error());
  return load_model(*file);
}

// The file with the first `from` replaced by `to`, of the same length, and sealed.
Result<FittedModel> load_with(std::string_view from, std::string_view to) {
  std::vector<std::byte> bytes = saved(fitted());
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  EXPECT_EQ(from.size(), to.size());
  text.replace(place, to.size(), to);
  std::memcpy(bytes.data(), text.data(), text.size());
  TensorFile::seal(bytes);
  return load(std::move(bytes));
}

// The file with the e-th element of a tensor set to `value`, and sealed.
template <class Value>
Result<FittedModel> load_with_element(std::string_view tensor, std::size_t e, Value value) {
  std::vector<std::byte> bytes = saved(fitted());
  const TensorFile file = TensorFile::parse(bytes, "m").value();
  const auto place = [&](const auto& values) {
    return reinterpret_cast<const std::byte*>(&values[e]);
  };
  const std::byte* element = nullptr;
  const std::size_t n = file.shape(tensor).value()[0];
  EXPECT_LT(e, n);
  if constexpr (std::is_same_v<Value, std::int64_t>) {
    element = place(file.int64s(tensor, {n}).value());
  } else {
    element = place(file.uint32s(tensor, {n}).value());
  }
  // The parsed file holds a copy of the same bytes; its first tensor starts where the data start.
  const auto* const first =
      reinterpret_cast<const std::byte*>(file.int64s("coseno.histories.begin", {3}).value().data());
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  std::memcpy(bytes.data() + 8 + header_bytes + (element - first), &value, sizeof(value));
  TensorFile::seal(bytes);
  return load(std::move(bytes));
}

std::string message(const Result<FittedModel>& result) {
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
  return result.error().message;
}

TEST(FittedModelTest, TheFileHoldsAllThatRecommendNeeds) {
  const FittedModel before = fitted();
  const Result<FittedModel> after = load(saved(before));
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_EQ(after->model->name(), "item_knn");
  EXPECT_EQ(after->settings, (Settings{{"shrink", "0.5"}}));
  EXPECT_EQ(after->seed, 18446744073709551615U);
  EXPECT_TRUE(after->dataset.matrix.has_values());
  EXPECT_EQ(after->dataset.users.id(UserIndex{1}), "bob \"\u00e9\"");
  EXPECT_EQ(after->dataset.items.id(ItemIndex{2}), "rye");
  EXPECT_EQ(after->dataset.items.size(), 3U);
  EXPECT_EQ(after->dataset.matrix.n_items(), 3U);
  const History ann = after->dataset.matrix.user(UserIndex{0});
  EXPECT_EQ((std::vector<Interaction>(ann.begin(), ann.end())),
            (std::vector<Interaction>{{ItemIndex{0}, 2, 10}, {ItemIndex{1}, 4.5, 20}}));
  EXPECT_EQ(after->dataset.matrix.item_size(ItemIndex{1}), 2U);
}

TEST(FittedModelTest, UserPropertiesComeBackWithTheirEncoder) {
  const FittedModel before = fitted();
  const FittedModel after = load(saved(before)).value();
  EXPECT_EQ(after.dataset.user_encoder.to_json(), before.dataset.user_encoder.to_json());
  EXPECT_EQ(after.dataset.item_encoder.to_json(), before.dataset.item_encoder.to_json());
  for (std::size_t u = 0; u < 2; ++u) {
    const FeatureRow expected = before.dataset.user_features.row(u);
    const FeatureRow row = after.dataset.user_features.row(u);
    EXPECT_FALSE(row.empty());
    EXPECT_TRUE(std::ranges::equal(row, expected)) << u;
  }
}

TEST(FittedModelTest, SavingTwiceGivesTheSameBytes) {
  EXPECT_EQ(saved(fitted()), saved(fitted()));
  EXPECT_EQ(saved(load(saved(fitted())).value()), saved(fitted()));
}

TEST(FittedModelTest, UnknownModelsAndSettingsAreRefused) {
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  EXPECT_EQ(fit_model("magic", dataset(), {}, context).error().code, ErrorCode::not_found);
  EXPECT_EQ(fit_model("item_knn", dataset(), {{"dim", "3"}}, context).error().code,
            ErrorCode::invalid_argument);
}

TEST(FittedModelTest, OtherMetadataIsRefused) {
  EXPECT_EQ(message(load_with("\"coseno.format\":\"1\"", "\"coseno.format\":\"2\"")),
            "m: has format 2, but this program reads format 1");
  EXPECT_EQ(message(load_with("\"coseno.format\":\"1\"", "\"coseno.farmer\":\"1\"")),
            "m: is no model file of coseno");
  EXPECT_EQ(message(load_with("\"item_knn\"", "\"item_kmm\"")).rfind("m: there is no model", 0),
            0U);
  EXPECT_EQ(message(load_with("{\\\"shrink\\\":\\\"0.5\\\"}", "{\\\"shrunk\\\":\\\"0.5\\\"}"))
                .rfind("m: metadata 'coseno.settings': item_knn: there is no option", 0),
            0U);
  EXPECT_EQ(message(load_with("18446744073709551615", "1844674407370955161x")),
            "m: metadata 'coseno.seed' is no whole number");
  EXPECT_EQ(message(load_with("\"coseno.has_values\":\"true\"", "\"coseno.has_values\":\"tree\"")),
            "m: metadata 'coseno.has_values' is neither true nor false");
}

TEST(FittedModelTest, IdsThatAreNoneAreRefused) {
  EXPECT_EQ(message(load_with("[\\\"tea\\\",\\\"jam\\\"", "[\\\"jam\\\",\\\"jam\\\"")),
            "m: metadata 'coseno.item_ids' holds 'jam' twice");
  EXPECT_EQ(
      message(load_with("[\\\"tea\\\",\\\"jam\\\"", "[\\\"\\\",\\\"jam te\\\"")).substr(0, 40),
      "m: metadata 'coseno.item_ids' holds at 0");
  EXPECT_EQ(message(load_with("[\\\"tea\\\",", "[1234567,")).substr(0, 40),
            "m: metadata 'coseno.item_ids' holds at 0");
}

TEST(FittedModelTest, HistoriesThatCannotBeAreRefused) {
  EXPECT_EQ(message(load_with_element("coseno.histories.begin", 1, std::int64_t{2})), "accepted");
  EXPECT_EQ(message(load_with_element("coseno.histories.begin", 0, std::int64_t{1})),
            "m: tensor 'coseno.histories.begin' does not rise from 0 to 3");
  EXPECT_EQ(message(load_with_element("coseno.histories.begin", 1, std::int64_t{4})),
            "m: tensor 'coseno.histories.begin' does not rise from 0 to 3");
  EXPECT_EQ(message(load_with_element("coseno.histories.begin", 1, std::int64_t{-1})),
            "m: tensor 'coseno.histories.begin' does not rise from 0 to 3");
  EXPECT_EQ(message(load_with_element("coseno.histories.items", 0, std::uint32_t{3})),
            "m: user 0 has item 3 of 3");
  EXPECT_EQ(message(load_with_element("coseno.histories.items", 0, std::uint32_t{1})),
            "m: user 0 has item 1 twice");
  EXPECT_EQ(message(load_with_element("coseno.histories.times", 0, std::int64_t{21})),
            "m: the history of user 0 is not oldest first");
}

TEST(FittedModelTest, FeaturesThatCannotBeAreRefused) {
  EXPECT_EQ(message(load_with_element("coseno.user_features.indices", 0, std::uint32_t{9}))
                .rfind("m: tensor 'coseno.user_features.indices': row 0 does not rise below", 0),
            0U);
  EXPECT_EQ(message(load_with_element("item_knn.weights.indices", 0, std::uint32_t{3})),
            "m: tensor 'item_knn.weights.indices': row 0 does not rise below 3");
}

TEST(FittedModelTest, OnlyWhatStartsLikeAModelIsTakenForOne) {
  const std::string path = file_name();
  ASSERT_TRUE(save_model(fitted(), path).has_value());
  EXPECT_TRUE(is_model_file(path));
  for (const char* text : {"", "{", "user,item\n", "{\"ann\": {\"tea\": 4}}", "1\t2\t3\t4\n"}) {
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_FALSE(is_model_file(path)) << text;
  }
  std::filesystem::remove(path);
  EXPECT_FALSE(is_model_file(path));
  EXPECT_FALSE(is_model_file(testing::TempDir()));
}

}  // namespace
}  // namespace coseno
