#include "coseno/engine.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/caller_progress.h"
#include "base/clock.h"
#include "base/thread_count.h"
#include "base/thread_pool.h"
#include "data/text_values.h"
#include "data/utf8.h"
#include "engine/checkpoint.h"
#include "engine/data_folder.h"
#include "engine/engine_state.h"
#include "engine/listing.h"
#include "engine/recommender.h"
#include "engine/shown_lists.h"
#include "engine/trainer.h"
#include "engine/vectors_request.h"
#include "engine/vectors_trainer.h"
#include "storage/event_store.h"
#include "storage/store_folder.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBatch = 100000;
// Events after which derived state is written: what kill -9 leaves to be read from the log is read
// in some seconds. Writers wait meanwhile, half a second for 10^7 events.
constexpr std::uint64_t kCheckpointEvery = 1 << 21;
// Records of the log that are read between two looks at whoever waits: some milliseconds.
constexpr std::uint64_t kReportEvery = 1 << 14;
constexpr std::size_t kMaxNoteBytes = 65536;
constexpr std::string_view kStoreId = "store_id";
// A writer looks so often for what a training beside it has left.
constexpr std::chrono::milliseconds kWatchEvery{500};

// 0001-01-01 to 9999-12-31: what RFC 3339 can say.
constexpr std::int64_t kFirstTimeMs = -62135596800000;
constexpr std::int64_t kLastTimeMs = 253402300799999;
// Clocks of phones are wrong by minutes; a time further ahead would count as the newest for as
// long.
constexpr std::int64_t kMaxAheadMs = 24LL * 3600 * 1000;

const Clock& system_clock() {
  static const Clock clock;
  return clock;
}

Result<void> check_id(std::string_view what, std::string_view id) {
  if (!is_valid_id(id)) return invalid_argument("{}", id_trouble(what, id));
  if (const auto at = find_invalid_utf8(id)) {
    return invalid_argument("{}: byte {} is not UTF-8", what, *at + 1);
  }
  return {};
}

// Each of them, and that none stands twice.
Result<void> check_ids(std::string_view field, std::span<const std::string_view> ids) {
  boost::unordered_flat_set<std::string_view> known;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    if (const Result<void> good = check_id("id", ids[row]); !good) {
      return invalid_argument("{}: row {}: {}", field, row, good.error().message);
    }
    if (!known.insert(ids[row]).second) {
      return invalid_argument("{}: row {}: '{}' stood before", field, row, ids[row]);
    }
  }
  return {};
}

Result<void> check_time(std::int64_t time_ms, std::int64_t now_ms) {
  if (time_ms < kFirstTimeMs || time_ms > kLastTimeMs) {
    return invalid_argument("time_ms must be within the years 1 to 9999, not {}", time_ms);
  }
  if (time_ms - now_ms > kMaxAheadMs) {
    return invalid_argument("time_ms {} is more than a day ahead of the clock, {}", time_ms,
                            now_ms);
  }
  return {};
}

Result<void> check_event(const Event& event, const TypeMeanings& types, std::int64_t now_ms) {
  COSENO_TRY(check_id("user", event.user));
  COSENO_TRY(check_id("item", event.item));
  if (!event.id.empty()) COSENO_TRY(check_id("id", event.id));
  if (!std::isfinite(event.value)) return invalid_argument("value is no finite number");
  if (!types.by_name.contains(event.type)) {
    return invalid_argument("there is no event type '{}'", event.type);
  }
  return check_time(event.time_ms.value_or(now_ms), now_ms);
}

Result<void> check_options(const EngineOptions& options) {
  if (options.history_length < 1 || options.history_length > 10000) {
    return invalid_argument("history_length must be in [1, 10000], not {}", options.history_length);
  }
  if (options.covisitation_width < 1 || options.covisitation_width > 1000) {
    return invalid_argument("covisitation_width must be in [1, 1000], not {}",
                            options.covisitation_width);
  }
  if (!(options.trending_half_life_days > 0 && options.trending_half_life_days <= 36500)) {
    return invalid_argument("trending_half_life_days must be in (0, 36500], not {}",
                            options.trending_half_life_days);
  }
  if (options.shown_days < 0 || options.shown_days > 36500) {
    return invalid_argument("shown_days must be in [0, 36500], not {}", options.shown_days);
  }
  COSENO_TRY(check_threads(options.n_threads));
  return {};
}

LiveEvent live_event(const LogRecord& record) {
  return {record.user, record.item, record.type, record.value, record.time_ms};
}

}  // namespace

class Engine::Impl {
 public:
  Impl(std::string folder, const EngineOptions& options, std::unique_ptr<EventStore> store,
       bool is_reader)
      : folder_(std::move(folder)),
        options_(options),
        clock_(options.clock != nullptr ? *options.clock : system_clock()),
        store_(std::move(store)),
        is_reader_(is_reader),
        live_(std::make_shared<LiveState>(options)),
        recommender_(state_, clock_) {
    state_.live.set(live_);
  }

  // --- opening

  Result<void> load() {
    {
      const std::lock_guard lock(write_mutex_);
      COSENO_TRY(load_types());
      COSENO_TRY(load_names());
      COSENO_TRY(load_properties());
      COSENO_TRY(load_store_id());
      const std::uint64_t known = load_checkpoint();
      live_->grow(state_.items.size());
      COSENO_TRY(replay_from(known + 1));
      // What cannot be dropped now, as on a full disk, is the next time.
      if (!is_reader_) static_cast<void>(drop_old_shown(clock_.now_ms()));
    }
    // Derived: without it the engine goes on, and tells.
    static_cast<void>(load_snapshot());
    if (!is_reader_) {
      snapshot_watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    }
    return {};
  }

  // The next open() finds it, and need not read the log. A failure costs only that.
  void close() {
    snapshot_watcher_ = {};
    const std::lock_guard lock(write_mutex_);
    if (!is_reader_ && trouble_.empty() && position() > checkpoint_position_)
      static_cast<void>(save_checkpoint());
  }

  Result<void> refresh() {
    if (is_reader_) COSENO_TRY(catch_up());
    return load_snapshot();
  }

  // --- events

  Result<Acknowledged> observe(std::span<const Event> events) {
    COSENO_TRY(check_batch("event", events.size()));
    const std::int64_t now_ms = clock_.now_ms();
    COSENO_TRY(check_writer());
    const std::lock_guard lock(write_mutex_);
    const std::shared_ptr<const TypeMeanings> types = state_.types.get();
    for (std::size_t n = 0; n < events.size(); ++n) {
      if (const Result<void> good = check_event(events[n], *types, now_ms); !good) {
        return in_batch("event", events.size(), n, good.error());
      }
    }
    begin();
    Acknowledged answer;
    for (const Event& event : events) {
      COSENO_ASSIGN(is_new, add(event, now_ms));
      ++(is_new ? answer.n_new : answer.n_repeated);
    }
    COSENO_TRY(commit());
    answer.position = position();
    return answer;
  }

  Result<Acknowledged> retract(std::string_view event_id) {
    COSENO_TRY(check_writer());
    const std::lock_guard lock(write_mutex_);
    COSENO_ASSIGN(key, store_->find_event(event_id));
    if (!key) return make_error(ErrorCode::not_found, "there is no event '{}'", event_id);
    if (is_retracted(key->position)) {
      return Acknowledged{.position = position(), .n_repeated = 1};
    }
    begin();
    LogRecord record;
    record.kind = LogRecord::Kind::retraction;
    record.position = ++next_;
    record.target = key->position;
    batch_.add(record);
    records_.push_back(record);
    COSENO_TRY(commit());
    return Acknowledged{.position = position(), .n_new = 1};
  }

  // What a change returned, once it is as durable as was asked for. Whoever waits for the disk
  // takes all along that came before: many threads share a sync, and none holds others up from
  // writing.
  template <class T>
  Result<T> settled(Result<T> changed) {
    if (!changed || options_.durability != Durability::always) return changed;
    const std::uint64_t own = position();
    const std::lock_guard lock(sync_mutex_);
    if (synced_ >= own) return changed;
    const std::uint64_t last = position();
    COSENO_TRY(store_->sync());
    synced_ = last;
    return changed;
  }

  // --- items and users

  Result<std::uint64_t> put_items(std::span<const PropertiesOf> items) {
    COSENO_TRY(check_writer());
    COSENO_ASSIGN(parsed, parse_all("item", items));
    const std::lock_guard lock(write_mutex_);
    return store_items(items, parsed);
  }

  Result<std::uint64_t> patch_item(std::string_view id, std::string_view json) {
    COSENO_TRY(check_writer());
    COSENO_TRY(check_id("item", id));
    const std::lock_guard lock(write_mutex_);
    Properties before;
    // Only who holds the lock changes them.
    if (const auto item = state_.items.find(id)) before = state_.shelf.properties.get(*item);
    COSENO_ASSIGN(patched, before.patched(json));
    const PropertiesOf item = {id, json};
    return store_items({&item, 1}, {&patched, 1});
  }

  Result<std::uint64_t> delete_item(std::string_view id) {
    COSENO_TRY(check_writer());
    const std::lock_guard lock(write_mutex_);
    const std::optional<ItemIndex> item = state_.items.find(id);
    if (!item || state_.shelf.deleted(*item)) {
      return make_error(ErrorCode::not_found, "there is no item '{}'", id);
    }
    begin();
    batch_.put_item(*item, "");
    batch_.set_position(++next_);
    COSENO_TRY(commit([&] {
      const std::lock_guard shelf_lock(state_.shelf.mutex);
      state_.shelf.remove(*item);
    }));
    return position();
  }

  std::optional<std::string> item(std::string_view id) const {
    const std::optional<ItemIndex> item = state_.items.find(id);
    const std::shared_lock lock(state_.shelf.mutex);
    if (!item || state_.shelf.deleted(*item)) return std::nullopt;
    return state_.shelf.properties.get(*item).json();
  }

  Result<std::uint64_t> put_users(std::span<const PropertiesOf> users) {
    COSENO_TRY(check_writer());
    COSENO_ASSIGN(parsed, parse_all("user", users));
    const std::lock_guard lock(write_mutex_);
    return store_users(users, parsed);
  }

  Result<std::uint64_t> patch_user(std::string_view id, std::string_view json) {
    COSENO_TRY(check_writer());
    COSENO_TRY(check_id("user", id));
    const std::lock_guard lock(write_mutex_);
    COSENO_ASSIGN(known, this->user(id));
    COSENO_ASSIGN(before, Properties::parse(known.value_or("{}")));
    COSENO_ASSIGN(patched, before.patched(json));
    const PropertiesOf user = {id, json};
    return store_users({&user, 1}, {&patched, 1});
  }

  Result<std::optional<std::string>> user(std::string_view id) const {
    const std::optional<UserIndex> user = state_.users.find(id);
    if (!user) return std::nullopt;
    const std::shared_lock lock(store_mutex_);
    COSENO_ASSIGN(json, store_->user_properties(*user));
    return json.value_or("{}");
  }

  Result<std::uint64_t> erase_user(std::string_view id) {
    COSENO_TRY(check_writer());
    const std::lock_guard lock(write_mutex_);
    const std::optional<UserIndex> user = state_.users.find(id);
    if (!user) return make_error(ErrorCode::not_found, "there is no user '{}'", id);
    begin();
    LogRecord record;
    record.kind = LogRecord::Kind::erasure;
    record.position = ++next_;
    record.user = *user;
    batch_.erase_user(*user);
    batch_.add(record);
    records_.push_back(record);
    COSENO_TRY(commit());
    return position();
  }

  Result<void> compact(const ProgressOptions& options) {
    COSENO_TRY(check_writer());
    CallerProgress progress(options);
    const std::lock_guard lock(write_mutex_);
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
    COSENO_TRY(drop_old_shown(clock_.now_ms()));
    COSENO_TRY(store_->compact(progress));
    COSENO_TRY(count_anew(progress));
    return save_checkpoint();  // the old one still tells of who was erased
  }

  // --- answers

  const Recommender& recommender() const { return recommender_; }

  Result<Recommendations> recommend_and_log(const RecommendRequest& request) {
    COSENO_TRY(check_writer());
    COSENO_TRY(check_log_shown(request));
    if (!request.user.empty()) COSENO_TRY(check_id("user", request.user));
    const std::optional<UserIndex> user = state_.users.find(request.user);
    COSENO_ASSIGN(list, recommender_.recommend(request));
    COSENO_ASSIGN(n_shown, log_shown(request, user, list));
    if (options_.durability == Durability::always) COSENO_TRY(sync_shown(n_shown));
    return std::move(list);
  }

  Result<void> scan_shown(const std::function<bool(const ShownList&)>& visit,
                          std::optional<std::int64_t> from_ms) const {
    const std::shared_lock lock(store_mutex_);
    return scan_shown_lists(*store_, state_, from_ms, visit);
  }

  std::vector<PastEvent> history(std::string_view id) const {
    std::vector<PastEvent> past;
    const std::optional<UserIndex> user = state_.users.find(id);
    if (!user) return past;
    std::vector<KeptEvent> kept;
    state_.live.get()->users().history(*user, kept);
    const std::shared_ptr<const TypeMeanings> types = state_.types.get();
    for (const KeptEvent& event : kept) {
      past.push_back({.item = state_.items.id(event.item()),
                      .type = types->names[offset(event.type())],
                      .value = event.value(),
                      .time_ms = event.time_ms()});
    }
    return past;
  }

  Result<ListedPage> items(const ItemsRequest& request) const {
    return list_items(state_, clock_.now_ms(), request);
  }

  Result<ListedPage> users(std::uint64_t after, std::size_t limit) const {
    COSENO_ASSIGN(page, list_users(state_, after, limit));
    const std::shared_lock lock(store_mutex_);
    for (ListedRecord& record : page.records) {
      const std::optional<UserIndex> user = state_.users.find(record.id);
      if (!user) continue;  // erased meanwhile
      COSENO_ASSIGN(json, store_->user_properties(*user));
      record.json = json.value_or("{}");
    }
    std::erase_if(page.records, [](const ListedRecord& record) { return record.json.empty(); });
    return std::move(page);
  }

  Result<void> scan_events(std::uint64_t from,
                           const std::function<bool(const LoggedEvent&)>& visit) const {
    boost::unordered_flat_set<std::uint64_t> retracted;
    std::uint64_t last = 0;
    {
      const std::lock_guard lock(write_mutex_);
      retracted = retracted_;
      last = position();
    }
    const std::shared_ptr<const TypeMeanings> types = state_.types.get();
    const std::shared_lock store_lock(store_mutex_);
    return store_->scan(from, [&](const LogRecord& record) {
      if (record.position > last) return false;
      if (record.kind != LogRecord::Kind::event || retracted.contains(record.position)) return true;
      const std::string user = state_.users.id(record.user);
      if (user.empty()) return true;  // erased
      const std::string item = state_.items.id(record.item);
      return visit({.position = record.position,
                    .user = user,
                    .item = item,
                    .type = types->names[offset(record.type)],
                    .value = record.value,
                    .time_ms = record.time_ms});
    });
  }

  Result<std::vector<SimilarUser>> similar_users(std::string_view user, std::size_t k) const {
    return coseno::similar_users(state_, clock_.now_ms(), user, k);
  }

  EventTypes event_types() const { return state_.types.get()->by_name; }

  Result<void> set_event_types(const EventTypes& types) {
    COSENO_TRY(check_writer());
    COSENO_TRY(check_event_types(types));
    const std::lock_guard lock(write_mutex_);
    begin();
    LogRecord record;
    record.kind = LogRecord::Kind::settings;
    record.position = ++next_;
    record.text = event_types_json(types);
    COSENO_TRY(add_types(types));
    batch_.add(record);
    records_.push_back(std::move(record));
    return commit();
  }

  // --- notes

  Result<std::optional<std::string>> note(std::string_view name) const {
    COSENO_TRY(check_note_name(name));
    const std::shared_lock lock(store_mutex_);
    return store_->setting(note_key(name));
  }

  Result<void> set_note(std::string_view name, std::string_view text) {
    COSENO_TRY(check_writer());
    COSENO_TRY(check_note_name(name));
    if (text.size() > kMaxNoteBytes) {
      return invalid_argument("a note has at most {} bytes, not {}", kMaxNoteBytes, text.size());
    }
    const std::lock_guard lock(write_mutex_);
    if (!trouble_.empty()) return must_reopen();
    begin();
    batch_.put_setting(note_key(name), text);
    COSENO_TRY(store_->write(batch_));
    return options_.durability == Durability::always ? store_->sync() : Result<void>();
  }

  // --- training

  Result<TrainReport> train(const TrainOptions& options) {
    const std::unique_lock one(train_mutex_, std::try_to_lock);
    if (!one) return make_error(ErrorCode::conflict, "a training is running");
    const Result<WriterLock> lock = lock_training();
    if (!lock) return std::unexpected(lock.error());
    // What another process left since is what there is to beat; a damaged one is nothing.
    if (is_reader_) COSENO_TRY(catch_up());
    static_cast<void>(load_snapshot());
    COSENO_ASSIGN(log, training_log());
    const std::shared_ptr<const ModelSnapshot> in_service = state_.snapshot.get();
    ThreadPool pool(options_.n_threads);
    CallerProgress progress(options);
    COSENO_ASSIGN(trained, coseno::train(log, in_service.get(), options_, options, pool, progress));
    return publish(trained, false);
  }

  Result<TrainReport> publish_vectors(const VectorsRequest& request) {
    COSENO_TRY(check_vectors(request));
    COSENO_TRY(check_ids("items", request.items));
    COSENO_TRY(check_ids("users", request.users));
    CallerProgress progress(request);
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
    const std::unique_lock one(train_mutex_, std::try_to_lock);
    if (!one) return make_error(ErrorCode::conflict, "a training is running");
    const Result<WriterLock> lock = lock_training();
    if (!lock) return std::unexpected(lock.error());
    if (is_reader_) COSENO_TRY(catch_up());
    if (request.position && *request.position > position()) {
      return invalid_argument("position is {}, and the log is at {}", *request.position,
                              position());
    }
    static_cast<void>(load_snapshot());
    COSENO_TRY(settled(make_items(request.items)));
    COSENO_ASSIGN(log, training_log());
    GivenVectors given{.request = request, .items = {}, .users = {}};
    for (const std::string_view id : request.items) given.items.push_back(*state_.items.find(id));
    for (const std::string_view id : request.users) given.users.push_back(state_.users.find(id));
    const std::shared_ptr<const ModelSnapshot> in_service = state_.snapshot.get();
    ThreadPool pool(options_.n_threads);
    COSENO_ASSIGN(trained, take_vectors(log, in_service.get(), options_, given, pool, progress));
    return publish(trained, request.force);
  }

  Result<void> back_up(const std::string& target, const ProgressOptions& options) const {
    COSENO_TRY(check_writer());
    CallerProgress progress(options);
    return back_up_data_folder(*store_, folder_, target, progress);
  }

  std::uint64_t position() const { return state_.position.load(std::memory_order_acquire); }
  const std::string& folder() const { return folder_; }

  Result<std::vector<SnapshotInfo>> list_snapshots() const {
    COSENO_ASSIGN(list, ModelSnapshot::list(snapshots()));
    const std::shared_ptr<const ModelSnapshot> in_service = state_.snapshot.get();
    for (SnapshotInfo& info : list) {
      info.is_in_service = in_service && in_service->id == info.snapshot;
    }
    return std::move(list);
  }

  EngineStats stats() const {
    const std::shared_ptr<const ModelSnapshot> snapshot = state_.snapshot.get();
    EngineStats stats;
    stats.position = position();
    stats.n_events = n_events_.load(std::memory_order_relaxed);
    stats.n_users = state_.users.n_named();
    const std::shared_ptr<const LiveState> live = state_.live.get();
    stats.n_items = live->n_items();
    stats.n_kept_events = live->users().n_kept_events();
    stats.users_bytes = state_.users.size_bytes() + live->users().size_bytes();
    stats.items_bytes = state_.items.size_bytes() + live->covisitation().size_bytes() +
                        live->trending().size_bytes() + live->sessions().size_bytes();
    {
      const std::shared_lock lock(state_.shelf.mutex);
      stats.items_bytes += state_.shelf.properties.memory_bytes();
    }
    if (snapshot) {
      stats.snapshot = snapshot->id;
      stats.model = snapshot->model_name;
      stats.model_bytes = snapshot->size_bytes;
      stats.search_recall = snapshot->graph_recall.value_or(1);
    }
    if (const auto trouble = snapshot_trouble_.get()) stats.snapshot_trouble = *trouble;
    return stats;
  }

 private:
  std::string snapshots() const { return snapshots_of(folder_); }

  Result<void> check_writer() const {
    if (!is_reader_) return {};
    return make_error(ErrorCode::conflict, "{} is open for reading only", folder_);
  }

  static std::unexpected<Error> in_batch(std::string_view what, std::size_t size, std::size_t n,
                                         const Error& error) {
    if (size == 1) return std::unexpected(error);
    return make_error(error.code, "{} {} of {}: {}", what, n + 1, size, error.message);
  }

  static Result<void> check_batch(std::string_view what, std::size_t size) {
    if (size <= kMaxBatch) return {};
    return invalid_argument("a batch holds at most {} {}s, not {}", kMaxBatch, what, size);
  }

  // The properties of each; `kind` is what they are of.
  static Result<std::vector<Properties>> parse_all(std::string_view kind,
                                                   std::span<const PropertiesOf> records) {
    COSENO_TRY(check_batch(kind, records.size()));
    std::vector<Properties> all;
    all.reserve(records.size());
    for (std::size_t n = 0; n < records.size(); ++n) {
      if (const Result<void> good = check_id(kind, records[n].id); !good) {
        return in_batch(kind, records.size(), n, good.error());
      }
      Result<Properties> parsed = Properties::parse(records[n].json);
      if (!parsed) return in_batch(kind, records.size(), n, parsed.error());
      all.push_back(std::move(*parsed));
    }
    return all;
  }

  static Result<void> check_note_name(std::string_view name) { return check_id("name", name); }
  // Apart from the settings that are ours.
  static std::string note_key(std::string_view name) { return "note/" + std::string(name); }

  // Puts it in service unless it is worse than what is.
  Result<TrainReport> publish(Trained& trained, bool force) {
    TrainReport& report = trained.report;
    if (!force && report.ndcg < report.ndcg_in_service) return std::move(report);
    COSENO_ASSIGN(next_id, ModelSnapshot::next_id(snapshots()));
    trained.snapshot.id = next_id;
    trained.snapshot.ndcg_popularity = report.ndcg_popularity;
    forget_users(trained.fitted.dataset);
    COSENO_TRY(trained.snapshot.save(snapshots(), trained.fitted,
                                     trained.graph ? &*trained.graph : nullptr));
    report.snapshot = trained.snapshot.id;
    COSENO_TRY(load_snapshot());
    return std::move(report);
  }

  // Items that are not there yet, in batches, so that others write in between.
  Result<void> make_items(std::span<const std::string_view> ids) {
    for (std::size_t next = 0; next < ids.size();) {
      const std::lock_guard lock(write_mutex_);
      begin();
      for (; next < ids.size() && new_items_.size() < kMaxBatch; ++next) {
        if (state_.items.find(ids[next])) continue;
        if (is_reader_) {
          return make_error(ErrorCode::conflict,
                            "item '{}' is new, and {} is open for reading only", ids[next],
                            folder_);
        }
        item_number(ids[next]);
      }
      if (new_items_.empty()) continue;
      batch_.set_position(++next_);
      COSENO_TRY(commit());
    }
    return {};
  }

  // --- a mutation: begin, number and add, commit. write_mutex_ is held throughout.

  void begin() {
    batch_.clear();
    records_.clear();
    new_users_.clear();
    new_items_.clear();
    new_types_.clear();
    new_ids_.clear();
    next_ = position();
  }

  UserIndex user_number(std::string_view id) {
    if (const auto user = state_.users.find(id)) return *user;
    const auto next = static_cast<UserIndex>(state_.users.size() + new_users_.size());
    const auto [place, is_new] = new_users_.try_emplace(id, next);
    if (is_new) batch_.add_user(next, id);
    return place->second;
  }

  ItemIndex item_number(std::string_view id) {
    if (const auto item = state_.items.find(id)) return *item;
    const auto next = static_cast<ItemIndex>(state_.items.size() + new_items_.size());
    const auto [place, is_new] = new_items_.try_emplace(id, next);
    if (is_new) batch_.add_item(next, id);
    return place->second;
  }

  // False where its id was there before.
  Result<bool> add(const Event& event, std::int64_t now_ms) {
    if (!event.id.empty()) {
      if (!new_ids_.insert(event.id).second) return false;
      COSENO_ASSIGN(known, store_->find_event(event.id));
      if (known) return false;
    }
    LogRecord record;
    record.position = ++next_;
    record.user = user_number(event.user);
    record.item = item_number(event.item);
    record.type = type_numbers_.find(event.type)->second;
    record.value = event.value;
    record.time_ms = event.time_ms.value_or(now_ms);
    batch_.add(record, event.id);
    records_.push_back(record);
    return true;
  }

  // `properties` are those of `items` from now on.
  Result<std::uint64_t> store_items(std::span<const PropertiesOf> items,
                                    std::span<const Properties> properties) {
    if (items.empty()) return position();
    COSENO_TRY(state_.shelf.properties.check_room(properties));
    begin();
    std::vector<ItemIndex> numbers;
    numbers.reserve(items.size());
    for (std::size_t n = 0; n < items.size(); ++n) {
      numbers.push_back(item_number(items[n].id));
      batch_.put_item(numbers.back(), properties[n].json());
    }
    batch_.set_position(++next_);
    COSENO_TRY(commit([&] {
      const std::lock_guard lock(state_.shelf.mutex);
      for (std::size_t n = 0; n < items.size(); ++n) state_.shelf.put(numbers[n], properties[n]);
    }));
    return position();
  }

  Result<std::uint64_t> store_users(std::span<const PropertiesOf> users,
                                    std::span<const Properties> properties) {
    if (users.empty()) return position();
    begin();
    for (std::size_t n = 0; n < users.size(); ++n) {
      batch_.put_user(user_number(users[n].id), properties[n].json());
    }
    batch_.set_position(++next_);
    COSENO_TRY(commit());
    return position();
  }

  // Numbers for types that have none yet.
  Result<void> add_types(const EventTypes& types) {
    for (const auto& [name, type] : types) {
      if (type_numbers_.contains(name)) continue;
      const std::size_t next = type_numbers_.size() + new_types_.size();
      if (next == kMaxTypes) {
        return invalid_argument(
            "event type '{}': {} types have been in use, and there can be no more", name,
            kMaxTypes);
      }
      new_types_.emplace(name, static_cast<TypeIndex>(next));
      batch_.add_type(static_cast<TypeIndex>(next), name);
    }
    return {};
  }

  // Stores the batch, and then makes it true in memory: names, what `also` does, and the records.
  Result<void> commit(const std::function<void()>& also = {}) {
    if (next_ == position()) return {};  // nothing but repeats
    if (!trouble_.empty()) return must_reopen();
    COSENO_TRY(store_->write(batch_));
    take_names();
    if (also) also();
    live_->grow(state_.items.size());
    for (const LogRecord& record : records_) {
      if (const Result<void> applied = apply(record); !applied) {
        trouble_ = applied.error().message;
        return applied;
      }
    }
    state_.types.set(types_);
    state_.position.store(next_, std::memory_order_release);
    if (next_ - checkpoint_position_ >= kCheckpointEvery) static_cast<void>(save_checkpoint());
    return {};
  }

  // No event: it has no position, and nothing in memory changes but the name of a new user. `user`
  // is who it was when the list was made. Returns how many lists have been kept by now.
  Result<std::uint64_t> log_shown(const RecommendRequest& request, std::optional<UserIndex> user,
                                  const Recommendations& list) {
    const std::int64_t now_ms = clock_.now_ms();
    const std::lock_guard lock(write_mutex_);
    if (!trouble_.empty()) return must_reopen();
    if (user && state_.users.find(request.user) != user) {
      return make_error(ErrorCode::unavailable,
                        "user '{}' was erased while the list was made: ask again", request.user);
    }
    if (now_ms - dropped_shown_ms_ >= kDayMs) COSENO_TRY(drop_old_shown(now_ms));
    ShownRecord record = shown_record(request, list, state_);
    COSENO_ASSIGN(key, store_->next_shown_key(now_ms));
    record.key = key;
    begin();
    if (!request.user.empty()) record.user = user_number(request.user);
    batch_.add_shown(record);
    COSENO_TRY(store_->write(batch_));
    take_names();
    return ++n_shown_;
  }

  Result<void> drop_old_shown(std::int64_t now_ms) {
    dropped_shown_ms_ = now_ms;
    if (options_.shown_days == 0) return {};
    return store_->drop_shown(now_ms - options_.shown_days * kDayMs);
  }

  // As settled().
  Result<void> sync_shown(std::uint64_t n_shown) {
    const std::lock_guard lock(sync_mutex_);
    if (synced_shown_ >= n_shown) return {};
    const std::uint64_t last = n_shown_.load();
    COSENO_TRY(store_->sync());
    synced_shown_ = last;
    return {};
  }

  std::unexpected<Error> must_reopen() const {
    return make_error(ErrorCode::unavailable, "{}: must be opened again, since {}", folder_,
                      trouble_);
  }

  void take_names() {
    std::vector<std::string_view> names(new_users_.size());
    const std::size_t n_users = state_.users.size();
    for (const auto& [id, user] : new_users_) names[offset(user) - n_users] = id;
    for (const std::string_view id : names) state_.users.add(id);
    names.resize(new_items_.size());
    const std::size_t n_items = state_.items.size();
    for (const auto& [id, item] : new_items_) names[offset(item) - n_items] = id;
    for (const std::string_view id : names) state_.items.add(id);
    type_numbers_.merge(new_types_);
  }

  std::string checkpoint_path() const { return folder_ + "/state"; }

  Result<void> save_checkpoint() {
    checkpoint_position_ = position();  // tried, whatever comes of it
    COSENO_TRY(store_->sync());         // it must not know more than the log
    LogTotals totals;
    totals.store_id = store_id_;
    totals.position = position();
    totals.n_events = n_events_.load(std::memory_order_relaxed);
    totals.retracted.assign(retracted_.begin(), retracted_.end());
    std::ranges::sort(totals.retracted);
    totals.event_types = event_types_json(types_->by_name);
    totals.meanings = types_->meanings;
    return coseno::save_checkpoint(checkpoint_path(), options_, totals, *live_,
                                   state_.users.size());
  }

  // A store has a random number, so that what was derived from another one is never taken for its.
  Result<void> load_store_id() {
    COSENO_ASSIGN(known, store_->setting(kStoreId));
    if (known) {
      store_id_ = *known;
    } else if (!is_reader_) {
      std::random_device random;
      store_id_ = fmt::format("{:08x}{:08x}", random(), random());
      begin();
      batch_.put_setting(kStoreId, store_id_);
      COSENO_TRY(store_->write(batch_));
    }
    return {};
  }

  // Returns the position up to which memory is filled: 0 where there is no checkpoint.
  std::uint64_t load_checkpoint() {
    auto live = std::make_shared<LiveState>(options_);
    const std::optional<LogTotals> totals =
        coseno::load_checkpoint(checkpoint_path(), options_, *live);
    const Result<EventTypes> types = totals ? parse_event_types(totals->event_types) : EventTypes();
    // One that knows more than the store is of another one. It must not be found again when the
    // store has caught up.
    if (!totals || !types || totals->store_id != store_id_ ||
        totals->position > store_->last_position() ||
        totals->meanings.size() > type_numbers_.size()) {
      std::error_code error;
      if (!is_reader_) fs::remove(checkpoint_path(), error);
      return 0;
    }
    auto meanings = std::make_shared<TypeMeanings>();
    meanings->meanings = totals->meanings;
    types_ = std::move(meanings);
    set_types(*types);
    live_ = std::move(live);
    state_.live.set(live_);
    n_events_ = totals->n_events;
    retracted_.insert(totals->retracted.begin(), totals->retracted.end());
    checkpoint_position_ = totals->position;
    return totals->position;
  }

  // What a record of the log does to memory: the same when it is new as when the log is read.
  Result<void> apply(const LogRecord& record) {
    switch (record.kind) {
      case LogRecord::Kind::event:
        live_->apply(live_event(record), *types_);
        n_events_.fetch_add(1, std::memory_order_relaxed);
        return {};
      case LogRecord::Kind::retraction: {
        retracted_.insert(record.target);
        COSENO_ASSIGN(target, store_->read(record.target));
        // Compaction leaves retractions of what it drops.
        if (!target || target->kind != LogRecord::Kind::event) return {};
        live_->retract(live_event(*target), *types_);
        n_events_.fetch_sub(1, std::memory_order_relaxed);
        return {};
      }
      case LogRecord::Kind::erasure:
        live_->erase(record.user, *types_);
        if (!state_.users.id(record.user).empty()) state_.users.remove(record.user);
        return {};
      case LogRecord::Kind::settings: {
        COSENO_ASSIGN(parsed, parse_event_types(record.text));
        set_types(parsed);
        return {};
      }
    }
    return {};
  }

  bool is_retracted(std::uint64_t position) const { return retracted_.contains(position); }

  // From the next record on; requests see it when the batch, or the log, is through.
  void set_types(const EventTypes& types) {
    auto meanings = std::make_shared<TypeMeanings>(*types_);
    meanings->names.resize(type_numbers_.size());
    meanings->meanings.resize(type_numbers_.size());
    for (const auto& [name, number] : type_numbers_) meanings->names[offset(number)] = name;
    for (const auto& [name, type] : types) {
      const auto number = type_numbers_.find(name);
      if (number != type_numbers_.end()) meanings->meanings[offset(number->second)] = type;
    }
    meanings->by_name = types;
    types_ = std::move(meanings);
  }

  // --- loading

  // What types mean the log tells; its first record does.
  Result<void> load_types() {
    COSENO_TRY(store_->scan_types(
        [&](TypeIndex type, std::string_view name) { type_numbers_.emplace(name, type); }));
    if (type_numbers_.empty()) {
      if (is_reader_) return make_error(ErrorCode::unavailable, "{}: is still being made", folder_);
      begin();
      COSENO_TRY(add_types(default_event_types()));
      LogRecord record;
      record.kind = LogRecord::Kind::settings;
      record.position = 1;
      record.text = event_types_json(default_event_types());
      batch_.add(record);
      COSENO_TRY(store_->write(batch_));
      take_names();
    }
    return {};
  }

  Result<void> load_names() {
    // Those whom a refresh finds erased first: somebody may have come back, with the same id.
    std::size_t n_users = 0;  // numbers given
    COSENO_TRY(store_->scan_erased_users([&](UserIndex user) {
      n_users = std::max(n_users, offset(user) + 1);
      const bool is_known = offset(user) < state_.users.size();
      if (is_known && !state_.users.id(user).empty()) state_.users.remove(user);
    }));
    COSENO_TRY(store_->scan_users([&](UserIndex user, std::string_view id) {
      if (offset(user) < state_.users.size()) return;
      state_.users.skip_to(offset(user));
      state_.users.add(id);
    }));
    state_.users.skip_to(n_users);
    COSENO_TRY(store_->scan_items([&](ItemIndex item, std::string_view id) {
      if (offset(item) >= state_.items.size()) state_.items.add(id);
    }));
    return {};
  }

  Result<void> load_properties() {
    std::optional<Error> trouble;
    const std::lock_guard lock(state_.shelf.mutex);
    COSENO_TRY(store_->scan_item_properties([&](ItemIndex item, std::string_view json) {
      if (json.empty()) {
        state_.shelf.remove(item);
        return;
      }
      const Result<Properties> properties = Properties::parse(json);
      if (properties) {
        state_.shelf.put(item, *properties);
      } else {
        trouble = Error{ErrorCode::corrupt, fmt::format("{}: properties of item {}: {}", folder_,
                                                        offset(item), properties.error().message)};
      }
    }));
    if (trouble) return std::unexpected(*trouble);
    return {};
  }

  // Fills memory from the whole log again. Where that ends early, all is as it was.
  Result<void> count_anew(Progress& progress) {
    const std::shared_ptr<LiveState> live =
        std::exchange(live_, std::make_shared<LiveState>(options_));
    const std::uint64_t n_events = n_events_.exchange(0);
    const boost::unordered_flat_set<std::uint64_t> retracted = std::exchange(retracted_, {});
    const std::shared_ptr<const TypeMeanings> types =
        std::exchange(types_, std::make_shared<TypeMeanings>());
    live_->grow(state_.items.size());
    if (const Result<void> counted = replay_from(1, &progress); !counted) {
      live_ = live;
      n_events_ = n_events;
      retracted_ = retracted;
      types_ = types;
      return counted;
    }
    state_.live.set(live_);
    return {};
  }

  Result<void> replay_from(std::uint64_t first, Progress* progress = nullptr) {
    Result<void> applied;
    std::uint64_t n_read = 0;
    COSENO_TRY(store_->scan(first, [&](const LogRecord& record) {
      if (progress != nullptr && n_read++ % kReportEvery == 0) {
        progress->report("counting anew", record.position, store_->last_position(), "");
        if (progress->cancelled()) applied = make_error(ErrorCode::cancelled, "cancelled");
        if (!applied) return false;
      }
      // Of an erased user only the log may tell that the number was given.
      const bool has_user =
          record.kind == LogRecord::Kind::event || record.kind == LogRecord::Kind::erasure;
      if (has_user) state_.users.skip_to(offset(record.user) + 1);
      applied = apply(record);
      return applied.has_value();
    }));
    COSENO_TRY(applied);
    state_.types.set(types_);
    state_.position.store(store_->last_position(), std::memory_order_release);
    return {};
  }

  // Of a reader: what the writer has stored since.
  Result<void> catch_up() {
    const std::lock_guard lock(write_mutex_);
    {
      const std::lock_guard alone(store_mutex_);
      COSENO_TRY(store_->catch_up());
    }
    COSENO_TRY(load_types());
    set_types(types_->by_name);  // requests are ready for events of all types that there are
    state_.types.set(types_);
    COSENO_TRY(load_names());
    COSENO_TRY(load_properties());
    live_->grow(state_.items.size());
    return replay_from(state_.position.load(std::memory_order_relaxed) + 1);
  }

  // Takes up the snapshot that CURRENT names, where it is another one than that in service. Others
  // read and write meanwhile: write_mutex_ is not held.
  Result<void> load_snapshot() {
    const std::lock_guard lock(snapshot_mutex_);
    Result<void> loaded = load_named_snapshot();
    snapshot_trouble_.set(loaded ? nullptr
                                 : std::make_shared<const std::string>(loaded.error().message));
    return loaded;
  }

  Result<void> load_named_snapshot() {
    tried_snapshot_ = 0;
    COSENO_ASSIGN(id, ModelSnapshot::current_id(snapshots()));
    const std::shared_ptr<const ModelSnapshot> in_service = state_.snapshot.get();
    tried_snapshot_ = id;
    if (id == 0 || (in_service && in_service->id == id)) return {};
    COSENO_ASSIGN(snapshot, ModelSnapshot::load_current(snapshots(), options_.graph_items > 0));
    const std::size_t n_items = snapshot->model->n_items();
    // It may be trained on what has come since this reader looked.
    if (is_reader_ && n_items > state_.live.get()->n_items()) COSENO_TRY(catch_up());
    if (n_items > state_.live.get()->n_items()) {
      return make_error(ErrorCode::corrupt, "{}: snapshot {} has {} items, the store {}", folder_,
                        snapshot->id, n_items, state_.live.get()->n_items());
    }
    state_.snapshot.set(snapshot);
    return {};
  }

  // Takes up what a training beside leaves; one that cannot be loaded is tried once.
  void watch(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, kWatchEvery, [&] { return stop.stop_requested(); })) {
      const Result<std::uint64_t> id = ModelSnapshot::current_id(snapshots());
      if (id && *id != tried_snapshot_) static_cast<void>(load_snapshot());
    }
  }

  // Held while one process trains: the writer, or one beside it.
  Result<WriterLock> lock_training() const {
    COSENO_TRY(make_folder(snapshots()));
    Result<WriterLock> lock = WriterLock::take(snapshots());
    if (lock || lock.error().code != ErrorCode::conflict) return lock;
    return make_error(ErrorCode::conflict, "{}: another process trains on it", folder_);
  }

  // A copy of the log as it is now.
  Result<TrainingLog> training_log() {
    TrainingLog log;
    boost::unordered_flat_set<std::uint64_t> retracted;
    {
      const std::lock_guard lock(write_mutex_);
      log.position = position();
      log.items = state_.items.first(live_->n_items());
      log.n_users = state_.users.size();
      log.types = *state_.types.get();
      retracted = retracted_;
    }
    std::vector<char> is_erased(log.n_users);
    const std::shared_lock store_lock(store_mutex_);
    COSENO_TRY(store_->scan(1, [&](const LogRecord& record) {
      if (record.position > log.position) return false;
      if (record.kind == LogRecord::Kind::erasure) is_erased[offset(record.user)] = 1;
      if (record.kind == LogRecord::Kind::event && !retracted.contains(record.position)) {
        log.events.push_back(live_event(record));
        log.positions.push_back(record.position);
      }
      return true;
    }));
    drop_erased(is_erased, log);
    return log;
  }

  // A model answers from the history that it is given. Those that it has learnt from would be in
  // its file still when their users are erased.
  static void forget_users(Dataset& dataset) {
    dataset.users = {};
    dataset.user_features = {};
    dataset.matrix =
        UserItemMatrix::from_histories({}, dataset.matrix.n_items(), dataset.matrix.has_values());
  }

  static void drop_erased(const std::vector<char>& is_erased, TrainingLog& log) {
    std::size_t n = 0;
    for (std::size_t e = 0; e < log.events.size(); ++e) {
      if (is_erased[offset(log.events[e].user)] != 0) continue;
      log.events[n] = log.events[e];
      log.positions[n++] = log.positions[e];
    }
    log.events.resize(n);
    log.positions.resize(n);
  }

  std::string folder_;
  EngineOptions options_;
  const Clock& clock_;
  std::unique_ptr<EventStore> store_;
  bool is_reader_;
  EngineState state_;
  std::shared_ptr<LiveState> live_;  // the one of state_; guarded by write_mutex_
  Recommender recommender_;
  std::atomic<std::uint64_t> n_events_ = 0;

  // Held by whoever changes something: for the write to the log, and for what follows in memory.
  mutable std::mutex write_mutex_;
  std::mutex train_mutex_;
  std::mutex snapshot_mutex_;  // held while a snapshot is taken up, write_mutex_ within
  SnapshotCell<std::string> snapshot_trouble_;     // why it was not
  std::atomic<std::uint64_t> tried_snapshot_ = 0;  // the last that CURRENT was seen to name
  std::mutex sync_mutex_;
  std::uint64_t synced_ = 0;  // position; guarded by sync_mutex_, as the next
  std::uint64_t synced_shown_ = 0;
  std::atomic<std::uint64_t> n_shown_ = 0;  // lists kept since opening
  // Of a reader: held alone while the store catches up, and by whoever reads the store without
  // write_mutex_.
  mutable std::shared_mutex store_mutex_;
  // Guarded by write_mutex_.
  StoreBatch batch_;
  std::vector<LogRecord> records_;
  std::uint64_t next_ = 0;  // the last position that the batch gave
  std::uint64_t checkpoint_position_ = 0;
  std::int64_t dropped_shown_ms_ = 0;  // when old lists were dropped the last time
  std::string trouble_;                // why memory lacks what the log has; empty: it does not
  boost::unordered_flat_map<std::string_view, UserIndex> new_users_;
  boost::unordered_flat_map<std::string_view, ItemIndex> new_items_;
  boost::unordered_flat_set<std::string_view> new_ids_;
  std::map<std::string, TypeIndex, std::less<>> new_types_;
  std::map<std::string, TypeIndex, std::less<>> type_numbers_;
  std::shared_ptr<const TypeMeanings> types_ = std::make_shared<TypeMeanings>();
  boost::unordered_flat_set<std::uint64_t> retracted_;  // positions
  std::string store_id_;

  std::jthread snapshot_watcher_;  // the last member: it uses the others
};

namespace {

// An engine that waits for the disk does so after it has let others write (settled()).
Durability store_durability(const EngineOptions& options) {
  return options.durability == Durability::always ? Durability::none : options.durability;
}

Result<void> make_folder(const std::string& folder, bool create) {
  std::error_code error;
  if (!create && !fs::is_directory(folder + "/store", error)) {
    return make_error(ErrorCode::not_found, "{}: is no data folder", folder);
  }
  fs::create_directories(folder, error);
  if (error) return make_error(ErrorCode::io, "{}: {}", folder, error.message());
  return {};
}

}  // namespace

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&& other) noexcept {
  if (impl_ && impl_ != other.impl_) impl_->close();
  impl_ = std::move(other.impl_);
  return *this;
}
Engine::~Engine() {
  if (impl_) impl_->close();
}

Result<Engine> Engine::open(const std::string& folder, const EngineOptions& options) {
  COSENO_TRY(check_options(options));
  COSENO_TRY(make_folder(folder, options.create));
  COSENO_ASSIGN(store,
                EventStore::open(store_of(folder), {.durability = store_durability(options)}));
  auto impl = std::make_unique<Impl>(folder, options, std::move(store), false);
  COSENO_TRY(impl->load());
  return Engine(std::move(impl));
}

Result<Engine> Engine::open_beside(const std::string& folder, const EngineOptions& options) {
  COSENO_TRY(check_options(options));
  COSENO_ASSIGN(store, EventStore::open_beside(store_of(folder)));
  auto impl = std::make_unique<Impl>(folder, options, std::move(store), true);
  COSENO_TRY(impl->load());
  return Engine(std::move(impl));
}

Result<Acknowledged> Engine::observe(const Event& event) {
  return impl_->settled(impl_->observe({&event, 1}));
}
Result<Acknowledged> Engine::observe(std::span<const Event> events) {
  return impl_->settled(impl_->observe(events));
}
Result<Acknowledged> Engine::retract(std::string_view event_id) {
  return impl_->settled(impl_->retract(event_id));
}

Result<std::uint64_t> Engine::put_item(std::string_view item, std::string_view json) {
  const PropertiesOf one = {item, json};
  return put_items({&one, 1});
}
Result<std::uint64_t> Engine::put_items(std::span<const PropertiesOf> items) {
  return impl_->settled(impl_->put_items(items));
}
Result<std::uint64_t> Engine::patch_item(std::string_view item, std::string_view json) {
  return impl_->settled(impl_->patch_item(item, json));
}
Result<std::uint64_t> Engine::delete_item(std::string_view item) {
  return impl_->settled(impl_->delete_item(item));
}
Result<std::optional<std::string>> Engine::item(std::string_view item) const {
  return impl_->item(item);
}
Result<std::uint64_t> Engine::put_user(std::string_view user, std::string_view json) {
  const PropertiesOf one = {user, json};
  return put_users({&one, 1});
}
Result<std::uint64_t> Engine::put_users(std::span<const PropertiesOf> users) {
  return impl_->settled(impl_->put_users(users));
}
Result<std::uint64_t> Engine::patch_user(std::string_view user, std::string_view json) {
  return impl_->settled(impl_->patch_user(user, json));
}
Result<std::optional<std::string>> Engine::user(std::string_view user) const {
  return impl_->user(user);
}
Result<std::uint64_t> Engine::erase_user(std::string_view user) {
  return impl_->settled(impl_->erase_user(user));
}
Result<void> Engine::compact(const ProgressOptions& options) { return impl_->compact(options); }

Result<Recommendations> Engine::recommend(const RecommendRequest& request) const {
  if (request.log_shown) return impl_->recommend_and_log(request);
  return impl_->recommender().recommend(request);
}
Result<Recommendations> Engine::similar(std::string_view item, std::size_t k,
                                        std::string_view filter) const {
  return impl_->recommender().similar(item, k, filter);
}
Result<Recommendations> Engine::trending(std::size_t k, std::string_view filter) const {
  return impl_->recommender().trending(k, filter);
}
Result<void> Engine::scan_shown(const std::function<bool(const ShownList& list)>& visit,
                                std::optional<std::int64_t> from_ms) const {
  return impl_->scan_shown(visit, from_ms);
}
std::vector<PastEvent> Engine::history(std::string_view user) const { return impl_->history(user); }

EventTypes Engine::event_types() const { return impl_->event_types(); }
Result<ListedPage> Engine::items(const ItemsRequest& request) const {
  return impl_->items(request);
}
Result<ListedPage> Engine::users(std::uint64_t after, std::size_t limit) const {
  return impl_->users(after, limit);
}
Result<void> Engine::scan_events(std::uint64_t from,
                                 const std::function<bool(const LoggedEvent&)>& visit) const {
  return impl_->scan_events(from, visit);
}
Result<std::vector<SimilarUser>> Engine::similar_users(std::string_view user, std::size_t k) const {
  return impl_->similar_users(user, k);
}
Result<void> Engine::set_event_types(const EventTypes& types) {
  return impl_->settled(impl_->set_event_types(types));
}
Result<std::optional<std::string>> Engine::note(std::string_view name) const {
  return impl_->note(name);
}
Result<void> Engine::set_note(std::string_view name, std::string_view text) {
  return impl_->set_note(name, text);
}
Result<TrainReport> Engine::train(const TrainOptions& options) { return impl_->train(options); }
Result<TrainReport> Engine::publish_vectors(const VectorsRequest& request) {
  return impl_->publish_vectors(request);
}
Result<void> Engine::refresh() { return impl_->refresh(); }
Result<std::vector<SnapshotInfo>> Engine::snapshots() const { return impl_->list_snapshots(); }
EngineStats Engine::stats() const { return impl_->stats(); }
std::uint64_t Engine::position() const { return impl_->position(); }
const std::string& Engine::folder() const { return impl_->folder(); }

Result<void> Engine::back_up(const std::string& target, const ProgressOptions& options) const {
  return impl_->back_up(target, options);
}
Result<void> Engine::restore(const std::string& backup, const std::string& folder,
                             const ProgressOptions& options) {
  CallerProgress progress(options);
  return restore_data_folder(backup, folder, progress);
}
Result<FolderContents> Engine::verify(const std::string& folder, const ProgressOptions& options) {
  CallerProgress progress(options);
  return verify_data_folder(folder, progress);
}

}  // namespace coseno
