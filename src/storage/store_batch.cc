#include "storage/store_batch.h"

#include <utility>

#include "base/check.h"

namespace coseno {
namespace {

void check_id(std::string_view id) { COSENO_CHECK(!id.empty() && id.size() <= kMaxIdBytes); }

}  // namespace

void StoreBatch::add_user(UserIndex user, std::string_view id) {
  check_id(id);
  put(Family::records, number_key(Table::users, std::to_underlying(user)).view(), id);
}

void StoreBatch::add_item(ItemIndex item, std::string_view id) {
  check_id(id);
  put(Family::records, number_key(Table::items, std::to_underlying(item)).view(), id);
}

void StoreBatch::add_type(TypeIndex type, std::string_view name) {
  check_id(name);
  COSENO_CHECK(offset(type) < kMaxTypes);
  put(Family::records, number_key(Table::types, std::to_underlying(type)).view(), name);
}

void StoreBatch::add(const LogRecord& record, std::string_view event_id) {
  COSENO_CHECK(event_id.empty() || record.kind == LogRecord::Kind::event);
  advance(record.position);
  scratch_.clear();
  encode_log_record(record, !event_id.empty(), scratch_);
  put(Family::log, log_key(record.position).view(), scratch_);
  if (event_id.empty()) return;
  check_id(event_id);
  put(Family::event_ids, event_id, event_key_value({record.position, record.user}).view());
}

void StoreBatch::put_item(ItemIndex item, std::string_view json) {
  put(Family::records, number_key(Table::item_properties, std::to_underlying(item)).view(), json);
}

void StoreBatch::put_user(UserIndex user, std::string_view json) {
  put(Family::records, number_key(Table::user_properties, std::to_underlying(user)).view(), json);
}

void StoreBatch::delete_item(ItemIndex item) {
  remove(Family::records, number_key(Table::item_properties, std::to_underlying(item)).view());
}

void StoreBatch::delete_user(UserIndex user) {
  remove(Family::records, number_key(Table::user_properties, std::to_underlying(user)).view());
}

void StoreBatch::erase_user(UserIndex user) {
  const std::uint32_t number = std::to_underlying(user);
  remove(Family::records, number_key(Table::users, number).view());
  remove(Family::records, number_key(Table::user_properties, number).view());
  put(Family::records, number_key(Table::erased_users, number).view(),
      erasure_value(Erasure::pending).view());
  erased_users_.push_back(user);
}

void StoreBatch::add_shown(const ShownRecord& record) {
  COSENO_CHECK(!last_shown_ || record.key > *last_shown_);
  last_shown_ = record.key;
  scratch_.clear();
  encode_shown_record(record, scratch_);
  put(Family::shown, shown_key(record.key).view(), scratch_);
}

void StoreBatch::set_position(std::uint64_t position) {
  if (position == last_position_) return;  // the log says it
  advance(position);
  put(Family::records, table_key(Table::position).view(), position_value(position).view());
}

void StoreBatch::put_setting(std::string_view name, std::string_view value) {
  put(Family::records, setting_key(name), value);
}

void StoreBatch::clear() {
  bytes_.clear();
  changes_.clear();
  first_position_ = 0;
  last_position_ = 0;
  last_shown_.reset();
  erased_users_.clear();
}

void StoreBatch::put(Family family, std::string_view key, std::string_view value) {
  changes_.push_back({.family = family,
                      .is_deletion = false,
                      .key_bytes = static_cast<std::uint32_t>(key.size()),
                      .value_bytes = static_cast<std::uint32_t>(value.size())});
  bytes_ += key;
  bytes_ += value;
}

void StoreBatch::remove(Family family, std::string_view key) {
  changes_.push_back({.family = family,
                      .is_deletion = true,
                      .key_bytes = static_cast<std::uint32_t>(key.size()),
                      .value_bytes = 0});
  bytes_ += key;
}

void StoreBatch::advance(std::uint64_t position) {
  COSENO_CHECK(position > last_position_);
  if (first_position_ == 0) first_position_ = position;
  last_position_ = position;
}

}  // namespace coseno
