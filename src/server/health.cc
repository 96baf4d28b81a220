#include "server/health.h"

#include <string>
#include <utility>

#include "engine/answer_json.h"

namespace coseno::server {

Answer<Reply> live(const Call& call) {
  COSENO_TRY(call.no_query());
  return json_reply(R"({"status": "live"})");
}

Answer<Reply> ready(const Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  std::string body = R"({"status": "ready", "position": )";
  append_json(engine.position(), body);
  return json_reply(std::move(body) + "}");
}

}  // namespace coseno::server
