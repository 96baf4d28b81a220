#include "storage/erased_users_filter.h"

#include <optional>
#include <string>
#include <utility>

#include "storage/log_record.h"
#include "storage/shown_record.h"

namespace coseno {
namespace {

// What cannot be decoded stays, for verify() to find.
std::optional<UserIndex> user_of_log_record(std::string_view value) {
  LogRecord record;
  if (!decode_log_record(0, value, record) || record.kind != LogRecord::Kind::event) {
    return std::nullopt;
  }
  return record.user;
}

std::optional<UserIndex> user_of_event_key(std::string_view value) {
  const std::optional<EventKey> key = event_key_of(value);
  if (!key) return std::nullopt;
  return key->user;
}

std::optional<UserIndex> user_of_shown_record(std::string_view value) {
  ShownRecord record;
  if (!decode_shown_record({}, value, record)) return std::nullopt;
  return record.user;
}

std::optional<UserIndex> user_of(Family family, std::string_view value) {
  switch (family) {
    case Family::records:  // what was deleted is no longer there
      return std::nullopt;
    case Family::log:
      return user_of_log_record(value);
    case Family::event_ids:
      return user_of_event_key(value);
    case Family::shown:
      return user_of_shown_record(value);
  }
  return std::nullopt;
}

class ErasedUsersFilter final : public rocksdb::CompactionFilter {
 public:
  ErasedUsersFilter(Family family, std::shared_ptr<const UserSet> users,
                    std::atomic<std::uint64_t>& n_seen)
      : family_(family), users_(std::move(users)), n_seen_(n_seen) {}

  bool Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    n_seen_.fetch_add(1, std::memory_order_relaxed);
    const std::optional<UserIndex> user = user_of(family_, value.ToStringView());
    return user && users_->contains(*user);
  }

  const char* Name() const override { return "coseno.ErasedUsersFilter"; }

 private:
  const Family family_;
  const std::shared_ptr<const UserSet> users_;
  std::atomic<std::uint64_t>& n_seen_;
};

}  // namespace

void ErasedUsersFilterFactory::set(std::shared_ptr<const UserSet> users) {
  const std::lock_guard lock(mutex_);
  if (users != nullptr) n_seen_.store(0);
  users_ = std::move(users);
}

std::unique_ptr<rocksdb::CompactionFilter> ErasedUsersFilterFactory::CreateCompactionFilter(
    const rocksdb::CompactionFilter::Context& context) {
  const std::lock_guard lock(mutex_);
  if (users_ == nullptr || !context.is_manual_compaction) return nullptr;
  return std::make_unique<ErasedUsersFilter>(family_, users_, n_seen_);
}

}  // namespace coseno
