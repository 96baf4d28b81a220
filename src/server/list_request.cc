#include "server/list_request.h"

#include <cmath>
#include <limits>
#include <utility>

#include "data/text_reader.h"
#include "ranking/json_document.h"
#include "server/cursor.h"
#include "server/json_body.h"

namespace coseno::server {
namespace {

namespace json = boost::json;

// Of what stands as JSON in a query.
constexpr std::size_t kMaxQueryJsonBytes = 64 * 1024;

template <class T>
void take(std::optional<T> value, T& to) {
  if (value) to = std::move(*value);
}

std::vector<std::string> owned(const std::vector<std::string_view>& texts) {
  return {texts.begin(), texts.end()};
}

Answer<float> float_of(Fields& fields, std::string_view name) {
  COSENO_ASSIGN(number, fields.number(name));
  if (!number) return 1.0F;
  if (std::abs(*number) <= std::numeric_limits<float>::max()) return static_cast<float>(*number);
  return bad_request(fields.place_of(name), "{} must be at most {} in size, not {}", name,
                     std::numeric_limits<float>::max(), *number);
}

Answer<const json::array*> list_of(const json::value& value, const std::string& place) {
  if (const json::array* const list = value.if_array()) return list;
  return bad_request(place, "{} must be a list, not {}", place, json_kind(value));
}

// A parameter that is JSON, or nothing.
Answer<std::optional<json::value>> json_of(Query& query, std::string_view name,
                                           std::size_t max_depth) {
  COSENO_ASSIGN(text, query.text(name));
  if (!text) return std::nullopt;
  Result<json::value> value = parse_json_document(*text, kMaxQueryJsonBytes, max_depth);
  if (value) return std::move(*value);
  return std::unexpected(
      json_problem(fmt::format("{}: {}", name, value.error().message), std::string(name)));
}

// The same filter is the same text, wherever it stands. What is no JSON the engine refuses.
std::string as_in_a_body(std::string text, std::size_t max_depth) {
  const Result<json::value> value = parse_json_document(text, kMaxQueryJsonBytes, max_depth);
  return value ? text_of(*value) : std::move(text);
}

}  // namespace

Answer<void> ListRequest::set_k(std::optional<std::uint64_t> k, const ApiOptions& options,
                                std::string field) {
  if (!k) {
    k_ = std::min(k_, options.max_k);
    return {};
  }
  if (*k < 1 || *k > options.max_k) {
    return bad_request(std::move(field), "k must be in [1, {}], not {}", options.max_k, *k);
  }
  k_ = *k;
  return {};
}

Answer<void> ListRequest::take_caps(const json::value& value, const std::string& place) {
  COSENO_ASSIGN(list, list_of(value, place));
  for (const json::value& element : *list) {
    COSENO_ASSIGN(fields, Fields::of(element, json_pointer(place, caps_.size())));
    COSENO_ASSIGN(property, fields.required("property", fields.text("property")));
    COSENO_ASSIGN(at_most, fields.required("at_most", fields.whole_number("at_most")));
    if (at_most < 1) return bad_request(fields.place_of("at_most"), "at_most must be 1 or more");
    COSENO_TRY(fields.end());
    caps_.push_back({std::string(property), at_most});
  }
  return {};
}

Answer<void> ListRequest::take_boosts(const json::value& value, const std::string& place) {
  COSENO_ASSIGN(list, list_of(value, place));
  for (const json::value& element : *list) {
    COSENO_ASSIGN(fields, Fields::of(element, json_pointer(place, boosts_.size())));
    const json::value* const filter = fields.any("filter");
    if (filter == nullptr) return bad_request(fields.place_of("filter"), "filter is missing");
    COSENO_ASSIGN(amount, fields.required("amount", fields.number("amount")));
    COSENO_TRY(fields.end());
    boosts_.push_back({text_of(*filter), amount});
  }
  return {};
}

Answer<void> ListRequest::take_history(const json::value& value, const std::string& place) {
  COSENO_ASSIGN(list, list_of(value, place));
  std::vector<OwnAct>& acts = history_.emplace();
  acts.reserve(list->size());
  for (const json::value& element : *list) {
    COSENO_ASSIGN(fields, Fields::of(element, json_pointer(place, acts.size())));
    COSENO_ASSIGN(item, fields.required("item", fields.text("item")));
    COSENO_TRY(check_id(item, "item", fields.place_of("item")));
    COSENO_ASSIGN(type, fields.text("type"));
    COSENO_ASSIGN(act_value, float_of(fields, "value"));
    COSENO_ASSIGN(time_ms, fields.time_ms("time"));
    COSENO_TRY(fields.end());
    acts.push_back({std::string(item), std::string(type.value_or("view")), act_value, time_ms});
  }
  return {};
}

template <class Source>
Answer<void> ListRequest::take_scalars(Source& source) {
  COSENO_ASSIGN(diversity, source.number("diversity"));
  take(diversity, diversity_);
  COSENO_ASSIGN(exploration, source.number("exploration"));
  take(exploration, exploration_);
  COSENO_ASSIGN(seed, source.whole_number("seed"));
  take(seed, seed_);
  COSENO_ASSIGN(include_seen, source.truth("include_seen"));
  take(include_seen, include_seen_);
  COSENO_ASSIGN(explain, source.truth("explain"));
  take(explain, explain_);
  COSENO_ASSIGN(titles, source.truth("titles"));
  take(titles, has_titles_);
  COSENO_ASSIGN(min_position, source.whole_number("min_position"));
  take(min_position, min_position_);
  return {};
}

Answer<ListRequest> ListRequest::of_query(Query& query, const ListDefaults& defaults,
                                          const ApiOptions& options, bool has_pages) {
  ListRequest request(defaults);
  COSENO_ASSIGN(k, query.whole_number("k"));
  COSENO_TRY(request.set_k(k, options, "k"));
  COSENO_ASSIGN(filter, query.text("filter"));
  if (filter) request.filter_ = as_in_a_body(std::move(*filter), options.max_json_depth);
  request.exclude_ = query.texts("exclude");
  request.pinned_ = query.texts("pinned");
  COSENO_ASSIGN(caps, json_of(query, "caps", options.max_json_depth));
  if (caps) COSENO_TRY(request.take_caps(*caps, "caps"));
  COSENO_ASSIGN(boosts, json_of(query, "boosts", options.max_json_depth));
  if (boosts) COSENO_TRY(request.take_boosts(*boosts, "boosts"));
  COSENO_ASSIGN(calibrate, query.text("calibrate"));
  take(std::move(calibrate), request.calibrate_);
  COSENO_TRY(request.take_scalars(query));
  if (has_pages) {
    COSENO_ASSIGN(cursor, query.text("cursor"));
    take(std::move(cursor), request.cursor_);
  }
  COSENO_TRY(query.end());
  return request;
}

Answer<ListRequest> ListRequest::of_body(const json::value& body, const ListDefaults& defaults,
                                         const ApiOptions& options, bool has_history) {
  ListRequest request(defaults);
  COSENO_ASSIGN(fields, Fields::of(body, ""));
  if (has_history) {
    const json::value* const history = fields.any("history");
    if (history == nullptr) return bad_request("/history", "history is missing");
    COSENO_TRY(request.take_history(*history, "/history"));
  }
  COSENO_ASSIGN(k, fields.whole_number("k"));
  COSENO_TRY(request.set_k(k, options, "/k"));
  if (const json::value* const filter = fields.any("filter")) request.filter_ = text_of(*filter);
  COSENO_ASSIGN(exclude, fields.texts("exclude"));
  request.exclude_ = owned(exclude);
  COSENO_ASSIGN(pinned, fields.texts("pinned"));
  request.pinned_ = owned(pinned);
  if (const json::value* const caps = fields.any("caps")) {
    COSENO_TRY(request.take_caps(*caps, "/caps"));
  }
  if (const json::value* const boosts = fields.any("boosts")) {
    COSENO_TRY(request.take_boosts(*boosts, "/boosts"));
  }
  COSENO_ASSIGN(calibrate, fields.text("calibrate"));
  if (calibrate) request.calibrate_ = *calibrate;
  COSENO_TRY(request.take_scalars(fields));
  COSENO_ASSIGN(cursor, fields.text("cursor"));
  if (cursor) request.cursor_ = *cursor;
  COSENO_TRY(fields.end());
  return request;
}

RecommendRequest ListRequest::for_user(std::string_view user, std::size_t n_more) {
  exclude_views_.assign(exclude_.begin(), exclude_.end());
  pinned_views_.assign(pinned_.begin(), pinned_.end());
  boost_views_.clear();
  for (const OwnBoost& boost : boosts_) boost_views_.push_back({boost.filter, boost.amount});
  cap_views_.clear();
  for (const OwnCap& cap : caps_) cap_views_.push_back({cap.property, cap.at_most});
  RecommendRequest request{.user = user,
                           .k = k_ + n_more,
                           .filter = filter_,
                           .exclude = exclude_views_,
                           .pinned = pinned_views_,
                           .boosts = boost_views_,
                           .caps = cap_views_,
                           .diversity = diversity_,
                           .calibrate = calibrate_,
                           .exploration = exploration_,
                           .seed = seed_,
                           .include_seen = include_seen_,
                           .explain = explain_,
                           .min_position = min_position_};
  if (history_) {
    history_views_.clear();
    for (const OwnAct& act : *history_) {
      history_views_.push_back({act.item, act.type, act.value, act.time_ms});
    }
    request.history = history_views_;
  }
  return request;
}

std::uint64_t ListRequest::fingerprint(std::string_view user) const {
  std::string all;
  const auto add = [&all](std::string_view text) {
    append_number(text.size(), 4, all);
    all += text;
  };
  add(user);
  add(filter_);
  append_number(exclude_.size(), 4, all);
  for (const std::string& item : exclude_) add(item);
  append_number(pinned_.size(), 4, all);
  for (const std::string& item : pinned_) add(item);
  for (const OwnBoost& boost : boosts_) {
    add(boost.filter);
    add(fmt::format("{}", boost.amount));
  }
  for (const OwnCap& cap : caps_) {
    add(cap.property);
    add(fmt::format("{}", cap.at_most));
  }
  if (diversity_ != 0 || exploration_ != 0) {
    add(fmt::format("{} {} {}", diversity_, exploration_, seed_));
  }
  add(calibrate_);
  all += include_seen_ ? '1' : '0';
  return hash_of(all);
}

}  // namespace coseno::server
