#include "list_request.h"

#include "fields.h"

namespace coseno::node {

Result<void> ListRequest::parse(std::string_view json) {
  COSENO_ASSIGN(object, parse_object(json));
  json_ = std::move(object);
  Fields fields(json_);
  fields.take_json("filter", filter_);
  fields.take("exclude", exclude_);
  fields.take("pinned", pinned_);
  fields.take_list("boosts", [this](Fields& boost) {
    OwnBoost& own = own_boosts_.emplace_back();
    boost.take_json("filter", own.filter);
    boost.take("amount", own.amount);
  });
  fields.take_list("caps", [this](Fields& cap) {
    GroupCap& own = caps_.emplace_back();
    cap.require("property");
    cap.take("property", own.property);
    cap.take("atMost", own.at_most);
  });
  std::vector<Act> history;
  const bool has_history = fields.take_list("history", [&history](Fields& act) {
    Act& own = history.emplace_back();
    act.require("item");
    act.take("item", own.item);
    act.take("type", own.type);
    act.take("value", own.value);
    act.take("timeMs", own.time_ms);
  });
  if (has_history) history_ = std::move(history);
  fields.take("diversity", request_.diversity);
  fields.take("calibrate", request_.calibrate);
  fields.take("exploration", request_.exploration);
  fields.take("seed", request_.seed);
  fields.take("logShown", request_.log_shown);
  fields.take("includeSeen", request_.include_seen);
  fields.take("explain", request_.explain);
  fields.take("minPosition", request_.min_position);
  for (const OwnBoost& own : own_boosts_) {
    boosts_.push_back({.filter = own.filter, .amount = own.amount});
  }
  return fields.done();
}

RecommendRequest ListRequest::request(std::string_view user, std::size_t k) const {
  RecommendRequest request = request_;
  request.user = user;
  request.k = k;
  request.filter = filter_;
  request.exclude = exclude_;
  request.pinned = pinned_;
  request.boosts = boosts_;
  request.caps = caps_;
  if (history_) request.history = *history_;
  return request;
}

}  // namespace coseno::node
