#include "server/routes.h"

#include <array>

namespace coseno::server {
namespace {

struct Row {
  std::string_view method;
  std::string_view path;  // {} stands for an id
  Operation operation;
  Route route;
};

// Those that are asked for most come first.
constexpr std::array kRows = std::to_array<Row>({
    {"GET", "/v1/users/{}/recommendations", Operation::recommend, {"recommend"}},
    {"POST", "/v1/events", Operation::observe, {"observe", Scope::write_events}},
    {"POST", "/v1/users/{}/recommendations", Operation::recommend, {"recommend"}},
    {"POST", "/v1/sessions/recommendations", Operation::recommend_session, {"recommend_session"}},
    {"GET", "/v1/items/{}/similar", Operation::similar_items, {"similar_items"}},
    {"GET", "/v1/trending", Operation::trending, {"trending"}},
    {"GET", "/v1/items/{}", Operation::get_item, {"get_item"}},
    {"PUT", "/v1/items/{}", Operation::put_item, {"put_item", Scope::admin}},
    {"PATCH", "/v1/items/{}", Operation::patch_item, {"patch_item", Scope::admin}},
    {"DELETE", "/v1/items/{}", Operation::delete_item, {"delete_item", Scope::admin}},
    {"GET", "/v1/items", Operation::list_items, {"list_items", Scope::read, true}},
    {"POST", "/v1/items", Operation::put_items, {"put_items", Scope::admin, true}},
    {"GET", "/v1/users/{}", Operation::get_user, {"get_user"}},
    {"PUT", "/v1/users/{}", Operation::put_user, {"put_user", Scope::admin}},
    {"PATCH", "/v1/users/{}", Operation::patch_user, {"patch_user", Scope::admin}},
    {"DELETE", "/v1/users/{}", Operation::erase_user, {"erase_user", Scope::admin}},
    {"GET", "/v1/users", Operation::list_users, {"list_users", Scope::read, true}},
    {"POST", "/v1/users", Operation::put_users, {"put_users", Scope::admin, true}},
    {"GET", "/v1/users/{}/events", Operation::list_user_events, {"list_user_events"}},
    {"GET",
     "/v1/users/{}/recommendations/stream",
     Operation::recommend_stream,
     {"recommend_stream"}},
    {"GET", "/v1/users/{}/similar", Operation::similar_users, {"similar_users", Scope::read, true}},
    {"DELETE", "/v1/events/{}", Operation::retract, {"retract", Scope::write_events}},
    {"GET", "/v1/health/live", Operation::live, {"live", Scope::none}},
    {"GET", "/v1/health/ready", Operation::ready, {"ready", Scope::none}},
    {"POST", "/v1/imports", Operation::start_import, {"start_import", Scope::admin, true, true}},
    {"GET", "/v1/imports/{}", Operation::get_import, {"get_import", Scope::admin}},
    {"GET", "/v1/exports/{}", Operation::export_all, {"export", Scope::admin, true}},
    {"POST", "/v1/trainings", Operation::start_training, {"start_training", Scope::admin}},
    {"GET", "/v1/trainings", Operation::list_trainings, {"list_trainings", Scope::admin}},
    {"GET", "/v1/trainings/{}", Operation::get_training, {"get_training", Scope::admin}},
    {"DELETE", "/v1/trainings/{}", Operation::cancel_training, {"cancel_training", Scope::admin}},
    {"GET", "/v1/models", Operation::list_models, {"list_models", Scope::read, true}},
    {"GET", "/v1/settings", Operation::get_settings, {"get_settings"}},
    {"PATCH", "/v1/settings", Operation::patch_settings, {"patch_settings", Scope::admin, true}},
    {"GET", "/metrics", Operation::metrics, {"metrics"}},
    {"GET", "/openapi.json", Operation::openapi, {"openapi", Scope::none}},
    {"GET", "/docs", Operation::docs, {"docs", Scope::none}},
});

// Whether `path` is of the form of `pattern`; then `id` is what stands for {}. A slash within an id
// is %2F.
bool fits(std::string_view pattern, std::string_view path, std::string_view& id) {
  const std::size_t begin = pattern.find("{}");
  if (begin == std::string_view::npos) return path == pattern;
  if (!path.starts_with(pattern.substr(0, begin))) return false;
  path.remove_prefix(begin);
  const std::size_t end = path.find('/');
  if ((end == std::string_view::npos ? "" : path.substr(end)) != pattern.substr(begin + 2)) {
    return false;
  }
  id = path.substr(0, end);
  return true;
}

}  // namespace

Matched match(std::string_view method, std::string_view target) {
  const std::size_t end = target.find('?');
  const std::string_view path = target.substr(0, end);
  Matched matched;
  if (end != std::string_view::npos) matched.query = target.substr(end + 1);
  for (const Row& row : kRows) {
    if (!fits(row.path, path, matched.id)) continue;
    if (row.method != method) {
      matched.operation = Operation::wrong_method;
      continue;
    }
    matched.operation = row.operation;
    matched.route = row.route;
    return matched;
  }
  return matched;
}

std::string allowed_methods(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  std::string methods;
  for (const Row& row : kRows) {
    std::string_view id;
    if (!fits(row.path, path, id)) continue;
    if (!methods.empty()) methods += ", ";
    methods += row.method;
  }
  return methods;
}

}  // namespace coseno::server
