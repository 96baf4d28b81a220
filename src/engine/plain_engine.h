// What the engine promises of events, users and items, kept in maps and found by looking at all of
// them: for tests to hold the engine to. It knows nothing of scores.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coseno/engine.h"

namespace coseno {

// A value of a property: one text of canonical JSON, or a list of them.
struct PlainValue {
  std::vector<std::string> scalars = {};
  bool is_list = false;

  bool has(std::string_view scalar) const {
    return std::ranges::find(scalars, scalar) != scalars.end();
  }
  std::string json() const {
    if (!is_list) return scalars.at(0);
    std::string text = "[";
    for (const std::string& scalar : scalars) text += (text.size() > 1 ? "," : "") + scalar;
    return text + "]";
  }
};

using PlainProperties = std::map<std::string, PlainValue>;

inline std::string json_of(const PlainProperties& properties) {
  std::string text = "{";
  for (const auto& [name, value] : properties) {
    text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value.json();
  }
  return text + "}";
}

// A filter as the engine reads it, and what it means.
struct PlainFilter {
  std::string json;
  std::set<std::string> names;  // of properties that it asks for
  std::function<bool(const PlainProperties&)> matches;
};

class PlainEngine {
 public:
  struct Item {
    PlainProperties properties;
    bool is_deleted = false;
  };
  struct Logged {
    std::uint64_t user;  // a number that nobody else ever gets
    std::string item;
    std::string type;
    float value;
    std::int64_t time_ms;
    std::string id;
    bool is_retracted = false;
  };
  struct User {
    std::uint64_t number;
    std::vector<std::uint64_t> history;  // positions of events, by time and then by arrival
    std::string json = "{}";
  };

  explicit PlainEngine(std::size_t history_length) : history_length_(history_length) {
    set_event_types(default_event_types());
  }

  // --- what changes it. False: nothing did.

  bool observe(const Event& event, std::int64_t now_ms) {
    if (!event.id.empty() && ids_.contains(std::string(event.id))) return false;
    ++position_;
    items_.try_emplace(std::string(event.item));
    User& user = user_of(event.user);
    log_[position_] = {.user = user.number,
                       .item = std::string(event.item),
                       .type = std::string(event.type),
                       .value = event.value,
                       .time_ms = event.time_ms.value_or(now_ms),
                       .id = std::string(event.id)};
    if (!event.id.empty()) ids_[std::string(event.id)] = position_;
    const auto is_later = [&](std::uint64_t other) {
      return log_.at(other).time_ms > log_.at(position_).time_ms;
    };
    user.history.insert(std::ranges::find_if(user.history, is_later), position_);
    if (user.history.size() > history_length_) user.history.erase(user.history.begin());
    return true;
  }

  // Nothing where there is no such event.
  std::optional<bool> retract(const std::string& id) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return std::nullopt;
    Logged& event = log_.at(found->second);
    if (event.is_retracted) return false;
    ++position_;
    event.is_retracted = true;
    for (auto& [name, user] : users_) std::erase(user.history, found->second);
    return true;
  }

  void put_item(const std::string& id, const PlainProperties& properties) {
    ++position_;
    items_[id] = {properties, false};
  }
  // A value that is absent takes the property away.
  void patch_item(const std::string& id, const std::string& name,
                  const std::optional<PlainValue>& value) {
    ++position_;
    Item& item = items_[id];
    item.is_deleted = false;
    item.properties.erase(name);
    if (value) item.properties[name] = *value;
  }
  bool delete_item(const std::string& id) {
    const auto found = items_.find(id);
    if (found == items_.end() || found->second.is_deleted) return false;
    ++position_;
    found->second = {{}, true};
    return true;
  }
  void put_user(std::string_view id, const std::string& json) {
    ++position_;
    user_of(id).json = json;
  }
  bool erase_user(const std::string& id) {
    const auto found = users_.find(id);
    if (found == users_.end()) return false;
    ++position_;
    for (const auto& [position, event] : log_) {
      if (event.user == found->second.number) ids_.erase(event.id);
    }
    erased_.insert(found->second.number);
    users_.erase(found);
    return true;
  }
  void compact() {
    std::erase_if(log_, [&](const auto& entry) { return erased_.contains(entry.second.user); });
  }
  void set_event_types(const EventTypes& types) {
    ++position_;
    types_ = types;
    for (const auto& [name, type] : types) meanings_[name] = type;
  }

  // --- what is to be seen

  std::uint64_t position() const { return position_; }
  std::uint64_t n_events() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(log_, [](const auto& entry) { return !entry.second.is_retracted; }));
  }
  // Whether an event with that id would be a repeated one.
  bool knows_event(const std::string& id) const { return ids_.contains(id); }
  std::size_t n_kept_events() const {
    std::size_t n = 0;
    for (const auto& [id, user] : users_) n += user.history.size();
    return n;
  }
  const std::map<std::string, User>& users() const { return users_; }
  const std::map<std::string, Item>& items() const { return items_; }
  const EventTypes& event_types() const { return types_; }

  std::vector<PastEvent> history(const std::string& id) const {
    std::vector<PastEvent> past;
    const auto user = users_.find(id);
    if (user == users_.end()) return past;
    for (const std::uint64_t position : user->second.history) {
      const Logged& event = log_.at(position);
      past.push_back({event.item, event.type, event.value, event.time_ms});
    }
    return past;
  }

  // What Engine::item and Engine::user give.
  std::optional<std::string> item_json(const std::string& id) const {
    const auto item = items_.find(id);
    if (item == items_.end() || item->second.is_deleted) return std::nullopt;
    return json_of(item->second.properties);
  }
  std::optional<std::string> user_json(const std::string& id) const {
    const auto user = users_.find(id);
    if (user == users_.end()) return std::nullopt;
    return user->second.json;
  }

  // Whether each property that the filter asks for is one of some item's.
  bool knows_names(const PlainFilter& filter) const {
    return std::ranges::all_of(filter.names, [&](const std::string& name) {
      return std::ranges::any_of(
          items_, [&](const auto& entry) { return entry.second.properties.contains(name); });
    });
  }

  // Items that may be in a list of somebody with that history.
  std::set<std::string> candidates(const std::vector<PastEvent>& history, const PlainFilter& filter,
                                   bool include_seen, std::int64_t now_ms) const {
    std::set<std::string> result;
    for (const auto& [id, item] : items_) {
      const auto available = item.properties.find("available");
      const bool is_off = available != item.properties.end() && available->second.has("false");
      if (!item.is_deleted && !is_off && filter.matches(item.properties)) result.insert(id);
    }
    for (const PastEvent& event : history) {
      const EventType& type = meanings_.at(event.type);
      if (!type.hides || (include_seen && type.weight > 0)) continue;
      const double days = static_cast<double>(now_ms - event.time_ms) / (24.0 * 3600 * 1000);
      if (type.hides_days == 0 || days <= type.hides_days) result.erase(event.item);
    }
    return result;
  }

 private:
  User& user_of(std::string_view id) {
    const auto [user, is_new] = users_.try_emplace(std::string(id));
    if (is_new) user->second.number = n_numbers_++;
    return user->second;
  }

  std::size_t history_length_;
  std::uint64_t position_ = 0;
  std::uint64_t n_numbers_ = 0;
  std::map<std::uint64_t, Logged> log_;  // by position
  std::map<std::string, std::uint64_t> ids_;
  std::map<std::string, User> users_;
  std::map<std::string, Item> items_;
  std::set<std::uint64_t> erased_;
  EventTypes types_;
  std::map<std::string, EventType> meanings_;  // of those taken away too, as they were last
};

}  // namespace coseno
