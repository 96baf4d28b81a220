#include "models/fitted_model.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "models/registry.h"
#include "models/sparse_rows.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

namespace json = boost::json;

// Rises with any change after which older programs would misread a file.
constexpr std::string_view kFormat = "1";

constexpr std::string_view kFormatKey = "coseno.format";
constexpr std::string_view kModelKey = "coseno.model";
constexpr std::string_view kSettingsKey = "coseno.settings";
constexpr std::string_view kNameKey = "coseno.name";  // may be absent
constexpr std::string_view kSeedKey = "coseno.seed";
constexpr std::string_view kHasValuesKey = "coseno.has_values";
constexpr std::string_view kUserIdsKey = "coseno.user_ids";
constexpr std::string_view kItemIdsKey = "coseno.item_ids";
constexpr std::string_view kUserEncoderKey = "coseno.user_encoder";
constexpr std::string_view kItemEncoderKey = "coseno.item_encoder";

// Histories, user after user: entry e of user u for begin[u] <= e < begin[u + 1].
constexpr std::string_view kHistoryBegin = "coseno.histories.begin";    // I64, n_users + 1
constexpr std::string_view kHistoryItems = "coseno.histories.items";    // U32, n_entries
constexpr std::string_view kHistoryValues = "coseno.histories.values";  // F32, n_entries
constexpr std::string_view kHistoryTimes = "coseno.histories.times";    // I64, n_entries

constexpr std::string_view kUserFeatures = "coseno.user_features";  // sparse rows

template <class... Args>
std::unexpected<Error> corrupt_model(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorCode::corrupt, format, std::forward<Args>(args)...);
}

// ---- Ids

template <class Index>
std::string ids_to_json(const IdMap<Index>& ids) {
  json::array array;
  array.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) array.emplace_back(ids.id(static_cast<Index>(i)));
  return json::serialize(array);
}

Result<json::value> parse_metadata(const TensorFile& file, std::string_view key) {
  COSENO_ASSIGN(text, file.metadata(key));
  json::error_code error;
  json::value value = json::parse(text, error);
  if (error) return corrupt_model("{}: metadata '{}': {}", file.path(), key, error.message());
  return value;
}

// The JSON parser has refused broken UTF-8.
template <class Index>
Result<IdMap<Index>> load_ids(const TensorFile& file, std::string_view key) {
  COSENO_ASSIGN(value, parse_metadata(file, key));
  if (!value.is_array()) return corrupt_model("{}: metadata '{}' is no list", file.path(), key);
  IdMap<Index> ids;
  for (const json::value& element : value.get_array()) {
    const std::string_view id = element.is_string() ? element.get_string() : std::string_view();
    if (id.empty() || id.size() > kMaxIdBytes) {
      return corrupt_model("{}: metadata '{}' holds at {} what is no id of 1 to {} bytes",
                           file.path(), key, ids.size(), kMaxIdBytes);
    }
    if (ids.find(id))
      return corrupt_model("{}: metadata '{}' holds '{}' twice", file.path(), key, id);
    ids.add(id);
  }
  return ids;
}

// ---- Histories

void save_histories(const UserItemMatrix& matrix, TensorFileWriter& file) {
  std::vector<std::int64_t> begin = {0};
  std::vector<std::uint32_t> items;
  std::vector<float> values;
  std::vector<std::int64_t> times;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) {
      items.push_back(std::to_underlying(entry.item));
      values.push_back(entry.value);
      times.push_back(entry.time);
    }
    begin.push_back(static_cast<std::int64_t>(items.size()));
  }
  const std::size_t n = items.size();
  file.add(std::string(kHistoryBegin), {begin.size()}, std::move(begin));
  file.add(std::string(kHistoryItems), {n}, std::move(items));
  file.add(std::string(kHistoryValues), {n}, std::move(values));
  file.add(std::string(kHistoryTimes), {n}, std::move(times));
}

// What a history must be: known items, each once, oldest first.
Result<void> check_history(History history, std::size_t user, std::size_t n_items,
                           std::vector<std::size_t>& last_user, std::string_view path) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    const std::size_t item = offset(history[i].item);
    if (item >= n_items) {
      return corrupt_model("{}: user {} has item {} of {}", path, user, item, n_items);
    }
    if (std::exchange(last_user[item], user) == user) {
      return corrupt_model("{}: user {} has item {} twice", path, user, item);
    }
    if (i > 0 && history[i].time < history[i - 1].time) {
      return corrupt_model("{}: the history of user {} is not oldest first", path, user);
    }
  }
  return {};
}

Result<UserItemMatrix> load_histories(const TensorFile& file, std::size_t n_users,
                                      std::size_t n_items) {
  COSENO_ASSIGN(n, load_length(file, kHistoryItems));
  COSENO_ASSIGN(begin, load_row_begins(file, std::string(kHistoryBegin), n_users, n));
  COSENO_ASSIGN(items, file.uint32s(kHistoryItems, {n}));
  COSENO_ASSIGN(values, file.floats(kHistoryValues, {n}));
  COSENO_ASSIGN(times, file.int64s(kHistoryTimes, {n}));
  COSENO_ASSIGN(has_values, file.metadata(kHasValuesKey));
  if (has_values != "true" && has_values != "false") {
    return corrupt_model("{}: metadata '{}' is neither true nor false", file.path(), kHasValuesKey);
  }
  std::vector<std::vector<Interaction>> histories(n_users);
  std::vector<std::size_t> last_user(n_items, n_users);
  for (std::size_t u = 0; u < n_users; ++u) {
    for (auto e = static_cast<std::size_t>(begin[u]); std::cmp_less(e, begin[u + 1]); ++e) {
      histories[u].push_back({static_cast<ItemIndex>(items[e]), values[e], times[e]});
    }
    COSENO_TRY(check_history(histories[u], u, n_items, last_user, file.path()));
  }
  return UserItemMatrix::from_histories(histories, n_items, has_values == "true");
}

// ---- All of it

Result<FeatureEncoder> load_encoder(const TensorFile& file, std::string_view key) {
  COSENO_ASSIGN(text, file.metadata(key));
  Result<FeatureEncoder> encoder = FeatureEncoder::from_json(text);
  if (!encoder)
    return corrupt_model("{}: metadata '{}': {}", file.path(), key, encoder.error().message);
  return encoder;
}

Result<Dataset> load_dataset(const TensorFile& file) {
  Dataset dataset;
  COSENO_ASSIGN(users, load_ids<UserIndex>(file, kUserIdsKey));
  COSENO_ASSIGN(items, load_ids<ItemIndex>(file, kItemIdsKey));
  COSENO_ASSIGN(matrix, load_histories(file, users.size(), items.size()));
  COSENO_ASSIGN(user_encoder, load_encoder(file, kUserEncoderKey));
  COSENO_ASSIGN(item_encoder, load_encoder(file, kItemEncoderKey));
  COSENO_ASSIGN(user_features,
                load_sparse_rows(file, kUserFeatures, users.size(), user_encoder.n_features()));
  dataset.users = std::move(users);
  dataset.items = std::move(items);
  dataset.matrix = std::move(matrix);
  dataset.user_encoder = std::move(user_encoder);
  dataset.item_encoder = std::move(item_encoder);
  dataset.user_features = std::move(user_features);
  return dataset;
}

std::string settings_to_json(const Settings& settings) {
  json::object object;
  for (const auto& [name, value] : settings) object.emplace(name, value);
  return json::serialize(object);
}

Result<Settings> load_settings(const TensorFile& file, const ModelInfo& model) {
  COSENO_ASSIGN(value, parse_metadata(file, kSettingsKey));
  if (!value.is_object()) {
    return corrupt_model("{}: metadata '{}' is no object", file.path(), kSettingsKey);
  }
  Settings settings;
  for (const auto& [name, text] : value.get_object()) {
    if (!text.is_string()) {
      return corrupt_model("{}: metadata '{}': '{}' is no string", file.path(), kSettingsKey,
                           std::string_view(name));
    }
    settings.emplace(name, text.get_string());
  }
  if (const Result<void> good = model.check(settings); !good) {
    return corrupt_model("{}: metadata '{}': {}", file.path(), kSettingsKey, good.error().message);
  }
  return settings;
}

Result<std::uint64_t> load_seed(const TensorFile& file) {
  COSENO_ASSIGN(text, file.metadata(kSeedKey));
  std::uint64_t seed = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || rest != text.data() + text.size()) {
    return corrupt_model("{}: metadata '{}' is no whole number", file.path(), kSeedKey);
  }
  return seed;
}

Result<const ModelInfo*> model_of(const TensorFile& file) {
  const Result<std::string> format = file.metadata(kFormatKey);
  if (!format) return corrupt_model("{}: is no model file of coseno", file.path());
  if (*format != kFormat) {
    return corrupt_model("{}: has format {}, but this program reads format {}", file.path(),
                         *format, kFormat);
  }
  COSENO_ASSIGN(name, file.metadata(kModelKey));
  Result<const ModelInfo*> model = find_saved_model(name);
  if (!model) return corrupt_model("{}: {}", file.path(), model.error().message);
  return model;
}

}  // namespace

Result<FittedModel> fit_model(std::string_view name, Dataset dataset, const Settings& settings,
                              FitContext& context) {
  COSENO_ASSIGN(info, find_model(name));
  COSENO_ASSIGN(model, info->fit(dataset, settings, context));
  return FittedModel{.dataset = std::move(dataset),
                     .model = std::move(model),
                     .settings = settings,
                     .seed = context.seed};
}

namespace {

void write(const FittedParts& fitted, TensorFileWriter& file) {
  const Dataset& dataset = fitted.dataset;
  const auto set = [&](std::string_view key, std::string value) {
    file.set_metadata(std::string(key), std::move(value));
  };
  set(kFormatKey, std::string(kFormat));
  set(kModelKey, std::string(fitted.model.name()));
  set(kSettingsKey, settings_to_json(fitted.settings));
  if (!fitted.name.empty()) set(kNameKey, fitted.name);
  set(kSeedKey, fmt::format("{}", fitted.seed));
  set(kHasValuesKey, dataset.matrix.has_values() ? "true" : "false");
  set(kUserIdsKey, ids_to_json(dataset.users));
  set(kItemIdsKey, ids_to_json(dataset.items));
  set(kUserEncoderKey, dataset.user_encoder.to_json());
  set(kItemEncoderKey, dataset.item_encoder.to_json());
  save_histories(dataset.matrix, file);
  save_sparse_rows(kUserFeatures, dataset.user_features, dataset.users.size(), file);
  fitted.model.save(file);
}

}  // namespace

Result<void> save_model(const FittedModel& fitted, const std::string& path) {
  const FittedParts parts{fitted.dataset, *fitted.model, fitted.settings, fitted.seed, fitted.name};
  return save_model(parts, path);
}

Result<void> save_model(const FittedParts& fitted, const std::string& path) {
  TensorFileWriter file;
  write(fitted, file);
  return file.write(path);
}

Result<std::string> model_bytes(const FittedParts& fitted) {
  TensorFileWriter file;
  write(fitted, file);
  return file.bytes();
}

Result<FittedModel> load_model(const std::string& path) {
  COSENO_ASSIGN(file, TensorFile::read(path));
  return load_model(file);
}

Result<FittedModel> load_model(const TensorFile& file) {
  COSENO_ASSIGN(info, model_of(file));
  COSENO_ASSIGN(settings, load_settings(file, *info));
  COSENO_ASSIGN(seed, load_seed(file));
  const std::string called = file.metadata(kNameKey).value_or("");
  if (called.size() > kMaxIdBytes) {
    return corrupt_model("{}: metadata '{}' has more than {} bytes", file.path(), kNameKey,
                         kMaxIdBytes);
  }
  COSENO_ASSIGN(dataset, load_dataset(file));
  COSENO_ASSIGN(model, info->load(file, dataset));
  return FittedModel{.dataset = std::move(dataset),
                     .model = std::move(model),
                     .settings = std::move(settings),
                     .seed = seed,
                     .name = called};
}

bool is_model_file(const std::string& path) {
  // What a look takes from a pipe is gone for the reader.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::array<char, 16> first{};
  std::ifstream stream(path, std::ios::binary);
  stream.read(first.data(), first.size());
  const std::span read(first.data(), static_cast<std::size_t>(stream.gcount()));
  return TensorFile::looks_like_one(std::as_bytes(read));
}

}  // namespace coseno
