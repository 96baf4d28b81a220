// Long work of the event store: what it tells, and what it leaves when it is told to stop.
#include <functional>
#include <optional>

#include "storage/event_store_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNEvents = 200'000;

// Notes what is told, and stops the work from some share on.
class Stopper final : public Progress {
 public:
  // Above 1: never.
  explicit Stopper(double stop_at) : stop_at_(stop_at) {}

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view /*note*/) override {
    stage_ = stage;
    EXPECT_LE(done, total);
    const double share =
        total > 0 ? static_cast<double>(done) / static_cast<double>(total) : share_;
    EXPECT_GE(share, share_);
    share_ = share;
    ++n_reports_;
  }
  bool cancelled() const override { return n_reports_ > 0 && share_ >= stop_at_; }

  const std::string& stage() const { return stage_; }
  double share() const { return share_; }

 private:
  const double stop_at_;
  std::string stage_;
  double share_ = 0;
  int n_reports_ = 0;
};

class EventStoreCancelTest : public EventStoreTest {
 protected:
  // Half of the events are bob's, who is erased.
  std::unique_ptr<EventStore> large_store() const {
    auto store = open(path("a"));
    EXPECT_TRUE(store->write(names()));
    StoreBatch batch;
    for (std::uint64_t position = 1; position <= kNEvents; ++position) {
      batch.add(event(position, position % 2 == 0 ? kAnn : kBob, kTea),
                fmt::format("id {}", position));
    }
    batch.add({.kind = LogRecord::Kind::erasure, .position = kNEvents + 1, .user = kBob});
    batch.erase_user(kBob);
    EXPECT_TRUE(store->write(batch));
    return store;
  }

  static std::size_t n_events(const EventStore& store) {
    return positions(store).size() - 1;  // the erasure
  }
};

// Before anything is done, and in the midst of it.
TEST_F(EventStoreCancelTest, ACancelledCompactionLeavesAGoodStore) {
  auto store = large_store();
  ASSERT_TRUE(store);
  Stopper at_once(0);
  const auto stopped = store->compact(at_once);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  EXPECT_EQ(n_events(*store), kNEvents);
  EXPECT_EQ(at_once.stage(), "compacting");

  // A disk so fast that it was done before anybody looked is no fault.
  Stopper midway(0.0001);
  const auto interrupted = store->compact(midway);
  EXPECT_TRUE(interrupted || interrupted.error().code == ErrorCode::cancelled);
  EXPECT_EQ(fault(*store), "");
  EXPECT_EQ(store->find_event("id 2"), (EventKey{.position = 2, .user = kAnn}));
  EXPECT_EQ(store->find_event("id 1"), std::nullopt);
  store.reset();
  store = open(path("a"));
  ASSERT_TRUE(store);
  EXPECT_EQ(fault(*store), "");
  EXPECT_GE(n_events(*store), kNEvents / 2);

  Stopper never(2);
  ASSERT_TRUE(store->compact(never));
  EXPECT_EQ(n_events(*store), kNEvents / 2);
  EXPECT_EQ(fault(*store), "");
  EXPECT_EQ(store->verify(progress_)->n_event_ids, kNEvents / 2);
}

TEST_F(EventStoreCancelTest, CompactionTellsHowFarItIs) {
  const auto store = large_store();
  ASSERT_TRUE(store);
  Stopper never(2);
  ASSERT_TRUE(store->compact(never));
  EXPECT_EQ(never.stage(), "compacting");
  EXPECT_GT(never.share(), 0.1);
}

TEST_F(EventStoreCancelTest, ACancelledRestoreLeavesNoStore) {
  ASSERT_TRUE(large_store()->back_up(path("backup"), progress_));
  fs::create_directory(path("there"));
  for (const double share : {0.0, 0.0001}) {
    for (const char* name : {"missing", "there"}) {
      Stopper stopper(share);
      const auto restored = EventStore::restore(path("backup"), path(name), stopper);
      EXPECT_EQ(stopper.stage(), "restoring");
      if (share > 0 && restored) {  // nobody looked before it was done
        fs::remove_all(path("missing"));
        fs::remove_all(path("there"));
        fs::create_directory(path("there"));
        continue;
      }
      ASSERT_FALSE(restored);
      EXPECT_EQ(restored.error().code, ErrorCode::cancelled);
      EXPECT_FALSE(fs::exists(path("missing")));
      EXPECT_TRUE(fs::is_empty(path("there")));
    }
  }
  Stopper never(2);
  ASSERT_TRUE(EventStore::restore(path("backup"), path("there"), never));
  EXPECT_EQ(n_events(*open(path("there"))), kNEvents);
}

}  // namespace
}  // namespace coseno
