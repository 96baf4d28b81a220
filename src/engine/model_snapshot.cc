#include "engine/model_snapshot.h"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/atomic_file.h"
#include "ranking/json_document.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFormat = 1;
// Snapshots from before there were sessions have no weight for them.
constexpr std::size_t kLeastVoices = 3;
constexpr std::size_t kMaxTextBytes = 1 << 20;

std::string folder_of(const std::string& snapshots, std::uint64_t id) {
  return fmt::format("{}/{:06}", snapshots, id);
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return make_error(ErrorCode::io, "{}: cannot be read", path);
  std::string text(kMaxTextBytes, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

Result<void> write_text(const std::string& path, std::string_view text) {
  COSENO_ASSIGN(file, AtomicFile::create(path));
  COSENO_TRY(file.write(text));
  return file.commit();
}

std::unexpected<Error> corrupt(const std::string& path, std::string_view why) {
  return make_error(ErrorCode::corrupt, "{}: {}", path, why);
}

std::string description(const ModelSnapshot& snapshot) {
  boost::json::array weights;
  for (const float weight : snapshot.weights) weights.emplace_back(weight);
  boost::json::object settings;
  for (const auto& [name, value] : snapshot.settings) settings[name] = value;
  const boost::json::object json = {{"format", kFormat},
                                    {"id", snapshot.id},
                                    {"position", snapshot.position},
                                    {"model", snapshot.model_name},
                                    {"settings", settings},
                                    {"weights", weights},
                                    {"ndcg", snapshot.ndcg},
                                    {"ndcg_popularity", snapshot.ndcg_popularity}};
  return boost::json::serialize(json) + "\n";
}

Result<void> read_weights(const std::string& path, const boost::json::value& json,
                          VoiceWeights& weights) {
  const auto* const list = json.if_array();
  if (list == nullptr || list->size() < kLeastVoices || list->size() > kVoices) {
    return corrupt(path, fmt::format("weights are no list of {}", kVoices));
  }
  weights = {};
  for (std::size_t v = 0; v < list->size(); ++v) {
    boost::system::error_code error;
    const auto weight = (*list)[v].to_number<double>(error);
    if (error || !(weight >= 0 && weight <= 1)) return corrupt(path, "a weight is not in [0, 1]");
    weights[v] = static_cast<float>(weight);
  }
  return {};
}

Result<std::shared_ptr<ModelSnapshot>> read_description(const std::string& path) {
  COSENO_ASSIGN(text, read_text(path));
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(text, error);
  if (error || !json.is_object()) return corrupt(path, "is no JSON object");
  const boost::json::object& object = json.get_object();
  const auto number = [&](std::string_view name) -> std::optional<std::uint64_t> {
    const boost::json::value* const value = object.if_contains(name);
    if (value == nullptr) return std::nullopt;
    boost::system::error_code trouble;
    const auto whole = value->to_number<std::uint64_t>(trouble);
    return trouble ? std::nullopt : std::optional(whole);
  };
  const auto format = number("format");
  if (!format) return corrupt(path, "has no format");
  if (*format != kFormat) {
    return make_error(ErrorCode::unavailable, "{}: has format {}, but this program reads format {}",
                      path, *format, kFormat);
  }
  auto snapshot = std::make_shared<ModelSnapshot>();
  const auto id = number("id");
  const auto position = number("position");
  const boost::json::value* const weights = object.if_contains("weights");
  const boost::json::value* const ndcg = object.if_contains("ndcg");
  if (!id || !position || weights == nullptr || ndcg == nullptr || !ndcg->is_number()) {
    return corrupt(path, "lacks id, position, weights or ndcg");
  }
  snapshot->id = *id;
  snapshot->position = *position;
  snapshot->ndcg = ndcg->to_number<double>();
  COSENO_TRY(read_weights(path, *weights, snapshot->weights));
  return snapshot;
}

Result<void> make_snapshot_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return make_error(ErrorCode::io, "{}: {}", path, error.message());
  return {};
}

Result<void> copy_file(const std::string& path, const std::string& to) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return make_error(ErrorCode::io, "{}: cannot be read", path);
  COSENO_ASSIGN(file, AtomicFile::create(to));
  std::vector<char> buffer(kMaxTextBytes);
  do {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    COSENO_TRY(
        file.write(std::string_view(buffer.data(), static_cast<std::size_t>(stream.gcount()))));
  } while (stream);
  if (!stream.eof()) return make_error(ErrorCode::io, "{}: cannot be read", path);
  return file.commit();
}

Result<void> set_current(const std::string& snapshots, std::uint64_t id) {
  return write_text(snapshots + "/CURRENT", fmt::format("{:06}\n", id));
}

// Of the folders of snapshots, rising. Errors: io, but not that there is no such folder.
Result<std::vector<std::uint64_t>> ids_in(const std::string& snapshots) {
  std::vector<std::uint64_t> ids;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(snapshots, error)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t id = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), id);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size()) ids.push_back(id);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return make_error(ErrorCode::io, "{}: {}", snapshots, error.message());
  }
  std::ranges::sort(ids);
  return ids;
}

// What a description says to people; nothing where it cannot be read.
std::optional<SnapshotInfo> info_of(std::string_view text, std::uint64_t id) {
  constexpr std::size_t kMaxDepth = 8;
  const Result<boost::json::value> json = parse_json_document(text, kMaxTextBytes, kMaxDepth);
  if (!json || !json->is_object()) return std::nullopt;
  const auto number = [&json](std::string_view name) -> std::optional<double> {
    const boost::json::value* const value = json->get_object().if_contains(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
  };
  const boost::json::value* const model = json->get_object().if_contains("model");
  const boost::json::value* const settings = json->get_object().if_contains("settings");
  const std::optional<double> position = number("position");
  const std::optional<double> ndcg = number("ndcg");
  if (model == nullptr || !model->is_string() || !position || !(*position >= 0) || !ndcg) {
    return std::nullopt;
  }
  SnapshotInfo info{.snapshot = id,
                    .model = std::string(model->get_string()),
                    .position = static_cast<std::uint64_t>(*position),
                    .ndcg = *ndcg,
                    .ndcg_popularity = number("ndcg_popularity")};
  if (settings != nullptr && settings->is_object()) {
    for (const auto& [name, value] : settings->get_object()) {
      if (value.is_string()) info.settings.emplace(name, std::string_view(value.get_string()));
    }
  }
  return info;
}

// The current one, and the one before it, which a reader may just be loading, stay.
void remove_older(const std::string& snapshots, std::uint64_t current) {
  Result<std::vector<std::uint64_t>> ids = ids_in(snapshots);
  if (!ids) return;
  std::erase_if(*ids, [&](std::uint64_t id) { return id >= current; });
  if (!ids->empty()) ids->pop_back();
  std::error_code error;
  for (const std::uint64_t id : *ids) fs::remove_all(folder_of(snapshots, id), error);
}

// Whether there is a graph the file at `path` tells: a training that made none leaves none.
Result<void> make_search(MatrixView vectors, const std::string& path, ModelSnapshot& snapshot) {
  if (path.empty() || !fs::exists(path)) {
    snapshot.search = std::make_unique<VectorSearch>(vectors);
    return {};
  }
  COSENO_ASSIGN(graph, load_search_graph(vectors, snapshot.id, path));
  snapshot.search = std::make_unique<VectorSearch>(std::move(graph.retriever));
  snapshot.graph_recall = graph.recall;
  return {};
}

}  // namespace

Result<void> ModelSnapshot::save(const std::string& snapshots, const FittedModel& fitted,
                                 const SearchGraph* graph) const {
  const std::string folder = folder_of(snapshots, id);
  COSENO_TRY(make_snapshot_folder(folder));
  COSENO_TRY(save_model(fitted, folder + "/model.safetensors"));
  if (graph != nullptr) COSENO_TRY(save_search_graph(*graph, id, folder + "/graph.safetensors"));
  COSENO_TRY(write_text(folder + "/snapshot.json", description(*this)));
  COSENO_TRY(set_current(snapshots, id));
  remove_older(snapshots, id);
  return {};
}

Result<std::uint64_t> ModelSnapshot::current_id(const std::string& snapshots) {
  const std::string path = snapshots + "/CURRENT";
  if (!fs::exists(path)) return 0;
  COSENO_ASSIGN(text, read_text(path));
  std::uint64_t id = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), id);
  if (read.ec != std::errc() || std::string_view(read.ptr, text.data() + text.size()) != "\n" ||
      id == 0) {
    return corrupt(path, "is no number of a snapshot");
  }
  return id;
}

Result<std::uint64_t> ModelSnapshot::next_id(const std::string& snapshots) {
  COSENO_ASSIGN(ids, ids_in(snapshots));
  return ids.empty() ? 1 : ids.back() + 1;
}

Result<std::vector<SnapshotInfo>> ModelSnapshot::list(const std::string& snapshots) {
  COSENO_ASSIGN(ids, ids_in(snapshots));
  std::vector<SnapshotInfo> list;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const Result<std::string> text = read_text(folder_of(snapshots, *id) + "/snapshot.json");
    if (!text) continue;
    if (std::optional<SnapshotInfo> info = info_of(*text, *id)) list.push_back(std::move(*info));
  }
  return list;
}

Result<void> ModelSnapshot::copy(const std::string& snapshots, std::uint64_t id,
                                 const std::string& to) {
  if (id == 0) return {};
  COSENO_TRY(make_snapshot_folder(folder_of(to, id)));
  for (const char* const name : {"model.safetensors", "graph.safetensors", "snapshot.json"}) {
    if (!fs::exists(fmt::format("{}/{}", folder_of(snapshots, id), name))) continue;
    COSENO_TRY(copy_file(fmt::format("{}/{}", folder_of(snapshots, id), name),
                         fmt::format("{}/{}", folder_of(to, id), name)));
  }
  COSENO_TRY(set_current(to, id));
  remove_older(to, id);
  return {};
}

Result<std::shared_ptr<const ModelSnapshot>> ModelSnapshot::load_current(
    const std::string& snapshots, bool with_graph) {
  COSENO_ASSIGN(id, current_id(snapshots));
  if (id == 0) return nullptr;
  const std::string folder = folder_of(snapshots, id);
  if (!fs::exists(folder)) {
    return corrupt(snapshots + "/CURRENT",
                   fmt::format("names snapshot {}, which is not there", id));
  }
  COSENO_ASSIGN(snapshot, read_description(folder + "/snapshot.json"));
  if (snapshot->id != id) return corrupt(folder + "/snapshot.json", "has the id of another");
  const std::string path = folder + "/model.safetensors";
  COSENO_ASSIGN(fitted, load_model(path));
  snapshot->model = std::move(fitted.model);
  snapshot->model_name = fitted.name.empty() ? std::string(snapshot->model->name()) : fitted.name;
  snapshot->settings = std::move(fitted.settings);
  if (const auto vectors = snapshot->model->item_vectors()) {
    snapshot->similarity = cosine_similarity(*vectors);
    if (snapshot->model->scores_by_inner_product()) {
      COSENO_TRY(make_search(*vectors, with_graph ? folder + "/graph.safetensors" : "", *snapshot));
      snapshot->fold_ins = std::make_unique<FoldIns>(*snapshot->model, *snapshot->search);
    }
  }
  std::error_code error;
  snapshot->size_bytes = fs::file_size(path, error);
  if (snapshot->search) snapshot->size_bytes += snapshot->search->size_bytes();
  return std::shared_ptr<const ModelSnapshot>(std::move(snapshot));
}

}  // namespace coseno
