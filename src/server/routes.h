// Which operation a request line asks for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/message.h"

namespace coseno::server {

enum class Operation : std::uint8_t {
  unknown,       // no such path
  wrong_method,  // the path is there, for others
  observe,
  retract,
  put_item,
  patch_item,
  get_item,
  delete_item,
  put_items,
  list_items,
  put_user,
  patch_user,
  get_user,
  erase_user,
  put_users,
  list_users,
  list_user_events,
  recommend,
  recommend_stream,
  recommend_session,
  similar_items,
  similar_users,
  trending,
  start_import,
  get_import,
  export_all,
  start_training,
  get_training,
  list_trainings,
  cancel_training,
  list_models,
  get_settings,
  patch_settings,
  live,
  ready,
  metrics,  // answered by the transport
  openapi,
  docs,
};

struct Matched {
  Operation operation = Operation::unknown;
  Route route = {.name = "unknown", .scope = Scope::none};
  // Views of the target, percent-encoded as it came.
  std::string_view id;     // of the path, where it has one
  std::string_view query;  // behind the question mark
};

Matched match(std::string_view method, std::string_view target);

// "GET, PUT": the methods of the path of `target`.
std::string allowed_methods(std::string_view target);

}  // namespace coseno::server
