#include "storage/erased_users_filter.h"

#include <optional>
#include <string>
#include <utility>

#include "storage/log_record.h"

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

class ErasedUsersFilter final : public rocksdb::CompactionFilter {
 public:
  ErasedUsersFilter(Family family, std::shared_ptr<const UserSet> users)
      : family_(family), users_(std::move(users)) {}

  bool Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    const std::string_view bytes = value.ToStringView();
    const std::optional<UserIndex> user =
        family_ == Family::log ? user_of_log_record(bytes) : user_of_event_key(bytes);
    return user && users_->contains(*user);
  }

  const char* Name() const override { return "coseno.ErasedUsersFilter"; }

 private:
  const Family family_;
  const std::shared_ptr<const UserSet> users_;
};

}  // namespace

void ErasedUsersFilterFactory::set(std::shared_ptr<const UserSet> users) {
  const std::lock_guard lock(mutex_);
  users_ = std::move(users);
}

std::unique_ptr<rocksdb::CompactionFilter> ErasedUsersFilterFactory::CreateCompactionFilter(
    const rocksdb::CompactionFilter::Context& context) {
  const std::lock_guard lock(mutex_);
  if (users_ == nullptr || !context.is_manual_compaction) return nullptr;
  return std::make_unique<ErasedUsersFilter>(family_, users_);
}

}  // namespace coseno
