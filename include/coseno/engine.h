// The engine: an event is durable, and the next request reflects it.
//
//   auto engine = coseno::Engine::open("data", {});
//   engine->observe({.user = "ann", .item = "tea", .type = "view"});
//   auto answer = engine->recommend({.user = "ann", .k = 10});
//
// Every function is thread-safe. Strings that are passed in are looked at until the call returns.
// Errors name the field, its trouble and the bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/durability.h"
#include "coseno/error.h"

namespace coseno {

class Clock;

// What an event of a type means. May be changed at any time: histories are read with the weights of
// the moment, while counts keep the weight that an event had when it came.
struct EventType {
  double weight = 1;          // against a plain act of 1, in [0, 1000]; 0: tells nothing of taste
  double half_life_days = 0;  // after which it weighs half; 0: never less
  bool is_rating = false;     // the value is a rating: the more above the user's mean, the better
  bool hides = true;          // an item with such an event is not recommended to its user
  double hides_days = 0;      // for so long; 0: as long as the history knows the event

  bool operator==(const EventType&) const = default;
};

using EventTypes = std::map<std::string, EventType, std::less<>>;

// view, click, play, save, cart, like, purchase: acts of rising weight. rating: its value counts.
// dislike: weighs nothing and hides for good.
EventTypes default_event_types();

struct EngineOptions {
  Durability durability = Durability::interval;
  // False: the folder must be one of coseno.
  bool create = true;
  // Kept in memory of each user, the newest; 16 bytes each. What is older neither speaks for items
  // nor hides them. In [1, 10000].
  std::size_t history_length = 500;
  // After which an event counts half in what is trending.
  double trending_half_life_days = 7;
  // Of items: how many that came with each are kept count of, 8 bytes each. In [1, 1000].
  std::size_t covisitation_width = 48;
  // From how many items on a training makes a graph to search a model of vectors by, in place of a
  // look at all of them. 0: never, and one that there is stays unused: every search is exact.
  std::size_t graph_items = 100'000;
  // Lists that were shown (RecommendRequest::log_shown) are kept for so long, and up to a day more
  // while an engine is open. 0: for ever. In [0, 36500].
  int shown_days = 90;
  // Threads of training, in [0, 1024]; 0: one a core.
  int n_threads = 0;
  std::uint64_t seed = 1;
  // Where times come from that an event does not tell; nullptr: the system's clock. Must outlive
  // the engine.
  const Clock* clock = nullptr;
};

struct Event {
  std::string_view user;  // 1 to 512 bytes of UTF-8
  std::string_view item;  // the same
  std::string_view type = "view";
  float value = 1;                           // finite: a rating, a count
  std::optional<std::int64_t> time_ms = {};  // Unix milliseconds; absent: now
  // 1 to 512 bytes, or empty. An event with an id that there was before is acknowledged, and
  // changes nothing.
  std::string_view id = {};
};

// What an acknowledgement tells.
struct Acknowledged {
  std::uint64_t position = 0;  // of the last event in the log; answers tell which they reflect
  std::size_t n_new = 0;       // events that were applied
  std::size_t n_repeated = 0;  // events whose id there was before
};

// Raises the scores of the items that match.
struct Boost {
  std::string_view filter;  // as RecommendRequest::filter
  double amount = 0;        // added to the score, which has a spread of about 1
};

// At most so many items of a list have the same value of a property.
struct GroupCap {
  std::string_view property;
  std::size_t at_most = 1;
};

// An act of somebody who need not be a user.
struct Act {
  std::string_view item;
  std::string_view type = "view";
  float value = 1;
  std::optional<std::int64_t> time_ms = {};
};

struct RecommendRequest {
  std::string_view user = {};  // one whom nobody knows gets what is trending
  std::size_t k = 10;          // in [1, 1000]
  // Which items may be in the list, as docs/filters.md says; empty: all.
  std::string_view filter = {};
  std::span<const std::string_view> exclude = {};  // items that may not; unknown ones are ignored
  // Items that stand first, in this order, whatever the filter and the history say; those that are
  // not available are left out. Errors: not_found.
  std::span<const std::string_view> pinned = {};
  std::span<const Boost> boosts = {};
  std::span<const GroupCap> caps = {};
  // 0: the best k. 1: the least alike. By maximal marginal relevance.
  double diversity = 0;
  // A property with lists or texts, of whose values the list is to have the shares that the user's
  // history has; empty: none.
  std::string_view calibrate = {};
  // How far the list is drawn by chance: 0 not at all; else the temperature of a Plackett-Luce draw
  // over scores that span [0, 1], so 0.05 swaps neighbours and 1 nearly shuffles. Seeded.
  double exploration = 0;
  std::uint64_t seed = 1;
  // Keeps the list in the data folder, for scan_shown(), before it is returned; as durable as an
  // event. Needs `user`, or a history in place of one; a user whom nobody knows is made. It waits
  // for those who write, and moves no position. Errors, and then there is no list: conflict (an
  // engine beside), io, unavailable (the user was erased meanwhile).
  bool log_shown = false;
  bool include_seen = false;
  bool explain = false;  // fills RecommendedItem::sources and reasons
  // In place of the user's history, oldest first.
  std::optional<std::span<const Act>> history = {};
  // The answer must reflect the log up to here; refused (unavailable) where the engine has not come
  // so far, as one beside a writer may not have.
  std::uint64_t min_position = 0;
};

// How much of a score comes from where: the model's name, "covisitation", "trending",
// "sessions", "content" and "freshness" (of items that the model does not know), "boost".
struct Source {
  std::string name;
  float score = 0;
};

// An item of the history that speaks for one in the list.
struct Reason {
  std::string item;
  float share = 0;  // of what all items of the history say for it; in (0, 1]
};

struct RecommendedItem {
  std::string item;
  float score = 0;
  double propensity = 1;  // the chance that it stood in its place; 1 without exploration
  std::vector<Source> sources = {};
  std::vector<Reason> reasons = {};
};

struct Recommendations {
  std::vector<RecommendedItem> items = {};
  std::uint64_t position = 0;  // every event up to here is reflected
  std::uint64_t snapshot = 0;  // the trained models that answered; 0: none are
};

// A list that somebody was shown, with what it takes to judge another way of choosing by it: the
// chance that each item had of its place.
struct ShownList {
  std::int64_t time_ms = 0;  // Unix milliseconds
  std::string user = {};     // empty: made from a history, with no user given
  std::uint64_t position = 0;
  std::uint64_t snapshot = 0;
  double exploration = 0;
  std::uint64_t seed = 0;
  std::vector<RecommendedItem> items = {};  // without sources and reasons
};

// How a fit goes, and whether it is to stop.
struct TrainOptions {
  // "auto", or a model of docs/algorithms.md.
  std::string model = "auto";
  std::map<std::string, std::string, std::less<>> settings = {};
  double seconds = 30;  // that auto may look; about
  std::function<void(std::string_view stage, double share)> progress = {};
  std::function<bool()> cancelled = {};
};

// Vectors of items, and of users where there are any, that were trained elsewhere: in
// TensorFlow.js, PyTorch, NumPy. They say what an inner product of them says, and a bias of the
// item if there is one. A user is folded in from the history as it is at each request, so users
// whom that training never saw are served too, and new events count at once (docs/algorithms.md,
// "vectors").
struct VectorsRequest {
  std::size_t dim = 0;                           // numbers of a vector, in [1, 1024]
  std::span<const std::string_view> items = {};  // ids, each once; at least one
  // items.size() x dim, row after row. All numbers are finite and at most 10^6 in size.
  std::span<const float> item_vectors = {};
  std::span<const float> item_biases = {};  // one an item, or none
  // Of them only how histories become vectors is learnt, and what somebody gets of whose history
  // the vectors know nothing: so those who are no users of the engine do no harm.
  std::span<const std::string_view> users = {};  // ids, each once
  std::span<const float> user_vectors = {};      // users.size() x dim
  // What answers and stats call them: 1 to 64 letters, digits and any of "_-.", and no name that
  // means something else there.
  std::string_view name = "vectors";
  // How users are folded in; what is not set is found by what agrees best with the users' vectors,
  // or without any, by what ranks held-out events best.
  std::map<std::string, std::string, std::less<>> settings = {};
  // The last event that they have learnt from: later ones judge. Absent: the newest events judge,
  // which flatters vectors that have learnt from them.
  std::optional<std::uint64_t> position = {};
  bool force = false;  // puts them in service even where they are worse
  std::function<void(std::string_view stage, double share)> progress = {};
  std::function<bool()> cancelled = {};
};

struct TrainReport {
  std::uint64_t snapshot = 0;  // 0: not published, since it was worse than what is in service
  std::string model = {};
  std::map<std::string, std::string, std::less<>> settings = {};
  std::uint64_t position = 0;  // of the last event that was learnt from
  // NDCG@20 of the newest events of users, held out: of the new models with live counts, of the
  // snapshot in service (0: none), and of popularity.
  double ndcg = 0;
  double ndcg_in_service = 0;
  double ndcg_popularity = 0;
  double seconds = 0;
  // Of publish_vectors(): the mean cosine of the given users' vectors and what their histories
  // give. Absent where no given user has a history.
  std::optional<double> agreement = {};
};

// Trained models that the data folder has: those in service, and those before them.
struct SnapshotInfo {
  std::uint64_t snapshot = 0;
  bool is_in_service = false;
  std::string model = {};
  std::map<std::string, std::string, std::less<>> settings = {};
  std::uint64_t position = 0;  // of the last event that was learnt from
  // NDCG@20 when it was trained, as TrainReport has it; of popularity nothing where a program
  // trained that did not write it down.
  double ndcg = 0;
  std::optional<double> ndcg_popularity = {};
};

struct EngineStats {
  std::uint64_t position = 0;
  std::uint64_t n_events = 0;  // in the log, retracted ones not
  std::size_t n_users = 0;
  std::size_t n_items = 0;
  std::uint64_t snapshot = 0;
  std::string model = {};
  // Why the snapshot that the folder names as the current one is not in service: it is damaged, of
  // a newer format. Empty: it is. The next training that publishes one ends the trouble.
  std::string snapshot_trouble = {};
  // Of a user's best items by the model, the share that a search finds, as measured when it was
  // trained: below 1 where the items are so many that a graph is asked for them.
  double search_recall = 1;
  std::size_t n_kept_events = 0;
  // Of the live state, in bytes; RocksDB's own caches are bounded apart from it.
  std::size_t users_bytes = 0;
  std::size_t items_bytes = 0;
  std::size_t model_bytes = 0;
};

// An item or user, and all its properties as a JSON object.
struct PropertiesOf {
  std::string_view id;
  std::string_view json;
};

// How long work on a data folder goes, and whether it is to stop.
struct ProgressOptions {
  std::function<void(std::string_view stage, double share)> progress = {};
  std::function<bool()> cancelled = {};
};

// What a data folder was found to hold.
struct FolderContents {
  std::uint64_t position = 0;
  std::uint64_t n_events = 0;     // in the log, retracted ones too
  std::uint64_t n_event_ids = 0;  // events that came with one
  std::uint64_t n_users = 0;
  std::uint64_t n_erased_users = 0;
  std::uint64_t n_items = 0;
  std::uint64_t n_shown_lists = 0;  // those of erased users too, until compact()
  std::uint64_t snapshot = 0;       // in service; 0: none is
};

// Which items to list, in the order in which they came.
struct ItemsRequest {
  std::string_view filter = {};  // as RecommendRequest::filter
  // Words, each of which must begin a word of the id or of a text among the properties; ASCII
  // letters in any case. Empty: all.
  std::string_view text = {};
  std::uint64_t after = 0;  // ListedPage::next of the page before; 0: from the first
  std::size_t limit = 100;  // in [1, 1000]
};

// An item or user with properties.
struct ListedRecord {
  std::string id;
  std::string json;  // an object, as item() and user() tell it
};

struct ListedPage {
  std::vector<ListedRecord> records = {};
  std::uint64_t next = 0;  // for the page after this one; 0: there is none
};

// One event of the log. Views are valid during the call that they came with.
struct LoggedEvent {
  std::uint64_t position = 0;
  std::string_view user;
  std::string_view item;
  std::string_view type;
  float value = 1;
  std::int64_t time_ms = 0;
};

// Somebody who has had what a user has had.
struct SimilarUser {
  std::string user;
  float score = 0;  // in (0, 1]
};

// One event of a user's history.
struct PastEvent {
  std::string item;
  std::string type;
  float value = 1;
  std::int64_t time_ms = 0;
};

class Engine {
 public:
  // Opens a data folder for writing, or makes one. A damaged snapshot is no error: it goes on
  // without, and EngineStats::snapshot_trouble tells. Errors: conflict where another engine has it,
  // corrupt, io, invalid_argument (options).
  static Result<Engine> open(const std::string& folder, const EngineOptions& options = {});
  // Opens it for reading, beside an engine that writes; refresh() takes up what came since. Every
  // function that changes something is refused (conflict), but train().
  static Result<Engine> open_beside(const std::string& folder, const EngineOptions& options = {});

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  // Syncs. What was acknowledged is in the log whether this runs or not.
  ~Engine();

  // When it returns, the event is stored and every later request reflects it. A batch is taken
  // whole or not at all; the error names the event.
  Result<Acknowledged> observe(const Event& event);
  Result<Acknowledged> observe(std::span<const Event> events);
  // Takes back the event with that id. Errors: not_found.
  Result<Acknowledged> retract(std::string_view event_id);

  // Properties of an item or user as a JSON object (docs/filters.md); makes it where it is not
  // there. {"available": false} takes an item out of every list. patch: null removes a property.
  Result<std::uint64_t> put_item(std::string_view item, std::string_view json);
  // All of them or none, 100,000 at most; of one item twice the last. The error names the item.
  Result<std::uint64_t> put_items(std::span<const PropertiesOf> items);
  Result<std::uint64_t> patch_item(std::string_view item, std::string_view json);
  // Its properties, and it from every list until it is put again; events stay. Errors: not_found.
  Result<std::uint64_t> delete_item(std::string_view item);
  Result<std::optional<std::string>> item(std::string_view item) const;
  Result<std::uint64_t> put_user(std::string_view user, std::string_view json);
  Result<std::uint64_t> put_users(std::span<const PropertiesOf> users);
  Result<std::uint64_t> patch_user(std::string_view user, std::string_view json);
  Result<std::optional<std::string>> user(std::string_view user) const;

  // The user's events, history, properties and what they were shown are gone from every answer when
  // it returns, and from disk after compact(). Errors: not_found.
  Result<std::uint64_t> erase_user(std::string_view user);
  // Drops from disk what was erased and lists shown too long ago, and counts everything anew.
  // Others wait meanwhile. Errors: cancelled; then answers are as before, and some of what was
  // erased is still on disk.
  Result<void> compact(const ProgressOptions& options = {});

  Result<Recommendations> recommend(const RecommendRequest& request) const;
  // Items that are chosen with or are like `item`. Errors: not_found.
  Result<Recommendations> similar(std::string_view item, std::size_t k,
                                  std::string_view filter = {}) const;
  Result<Recommendations> trending(std::size_t k, std::string_view filter = {}) const;

  // Lists that were shown from `from_ms` on, oldest first, until there are no more or `visit` says
  // false; as they are when it is called. Read from disk one by one; `visit` must not call the
  // engine.
  Result<void> scan_shown(const std::function<bool(const ShownList& list)>& visit,
                          std::optional<std::int64_t> from_ms = {}) const;

  // Oldest first; empty where nothing is known of the user.
  std::vector<PastEvent> history(std::string_view user) const;

  // Items that are not deleted. Cost: the items that are looked at until the page is full. Errors:
  // invalid_argument.
  Result<ListedPage> items(const ItemsRequest& request) const;
  // The same of users; `after` and `limit` as above.
  Result<ListedPage> users(std::uint64_t after = 0, std::size_t limit = 100) const;

  // Calls visit(event) for the events from position `from` on that were there when it was called,
  // in the order of the log, until it says false. Retracted ones, and those of erased users, are
  // none. Others go on meanwhile. Errors: io, corrupt.
  Result<void> scan_events(std::uint64_t from,
                           const std::function<bool(const LoggedEvent&)>& visit) const;

  // The k users, in [1, 1000], whose histories are most like that of `user`: the cosine of what
  // they have had, each item by how rare it is. Nobody where nobody has had the same. Cost: a look
  // at every kept event. Errors: not_found.
  Result<std::vector<SimilarUser>> similar_users(std::string_view user, std::size_t k) const;

  EventTypes event_types() const;
  // In the life of a data folder, types of 1000 names at most. Errors: invalid_argument.
  Result<void> set_event_types(const EventTypes& types);

  // A small text that a program keeps with the data under a name of its own: its settings, say. It
  // changes no answer and moves no position; backups have it. A name has 1 to 512
  // bytes, a text 65,536 at most. Nothing where there is none.
  Result<std::optional<std::string>> note(std::string_view name) const;
  Result<void> set_note(std::string_view name, std::string_view text);

  // Fits to the log as it is now, while others go on; publishes what is not worse. An engine beside
  // may do it too: it writes to the folder `snapshots` only, and the writer takes up what it left
  // within a second. One at a time a folder (conflict). Errors: invalid_argument, cancelled,
  // unavailable (memory, with the figure).
  Result<TrainReport> train(const TrainOptions& options = {});

  // Takes vectors from elsewhere in the place of a training: blends them with what is live, judges
  // them by held-out events and publishes them if they are not worse than what is in service, or
  // `force` says so. Where there are no events to judge by they are published. Items that the
  // engine does not know are made first; items without a vector get middling scores. As train() it
  // may be called beside a writer, where all items are known (conflict). Errors: invalid_argument
  // with the place (row, number), and as train(); where the request is refused, nothing has
  // changed.
  Result<TrainReport> publish_vectors(const VectorsRequest& request);

  // Of an engine beside: takes up what the writer has stored since. Of a writer: takes up at once
  // the snapshot that a training beside it has left. Errors: io, corrupt; then what was in service
  // stays so.
  Result<void> refresh();

  // Newest first; empty before anything was trained. Damaged ones are left out. Error: io.
  Result<std::vector<SnapshotInfo>> snapshots() const;

  EngineStats stats() const;
  // As in stats(), at once: every event up to here is in the next answer.
  std::uint64_t position() const;
  // The data folder.
  const std::string& folder() const;

  // Copies the store and the snapshot in service to the folder `target`, which is missing, empty,
  // or an earlier backup of this data folder: that one is brought up to date, at the cost of what
  // changed. Others go on meanwhile. An erased user is in it, where it was made before compact().
  // Errors: conflict where `target` holds something else; cancelled, and then an earlier backup
  // there is still good.
  Result<void> back_up(const std::string& target, const ProgressOptions& options = {}) const;
  // Makes `folder`, which is missing or empty, from what back_up() made; where that fails, it is
  // missing or empty again. Errors: not_found where `backup` is none, conflict, corrupt, cancelled.
  static Result<void> restore(const std::string& backup, const std::string& folder,
                              const ProgressOptions& options = {});
  // Reads every byte of a data folder, beside an engine that writes or alone: checksums, and what
  // one record says of another; and the snapshot in service. Errors: corrupt, with the first fault;
  // not_found, cancelled, unavailable (an engine beside changed files all the time).
  static Result<FolderContents> verify(const std::string& folder,
                                       const ProgressOptions& options = {});

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace coseno
