#include "server/api.h"

#include <utility>

#include "base/check.h"
#include "server/call.h"
#include "server/events.h"
#include "server/health.h"
#include "server/lists.h"
#include "server/problem.h"
#include "server/routes.h"

namespace coseno::server {
namespace {

Problem no_such_path(const Call& call) {
  if (call.matched.operation == Operation::unknown) {
    return {404, "not_found", "there is no such path"};
  }
  const std::string methods = allowed_methods(call.request.target);
  Problem problem(405, "method_not_allowed", fmt::format("this path knows {}", methods));
  problem.headers.emplace_back("Allow", methods);
  return problem;
}

class Api final : public Handler {
 public:
  Api(Engine& engine, const ApiOptions& options) : engine_(engine), options_(options) {
    COSENO_CHECK(options.max_k >= 1 && options.max_k <= 1000);
  }

  Route route(std::string_view method, std::string_view target) const override {
    const Matched matched = match(method, target);
    Route route = matched.route;
    if (matched.operation == Operation::observe) route.slow = options_.are_writes_slow;
    return route;
  }

  Reply handle(const Request& request) override {
    const Matched matched = match(request.method, request.target);
    Answer<Reply> reply = answer({request, matched});
    if (reply) return std::move(*reply);
    return problem_reply(reply.error(), request.request_id);
  }

  std::unique_ptr<Upload> begin_upload(const Request& /*head*/) override { return nullptr; }

  Reply problem(unsigned status, std::string_view code, std::string_view detail,
                std::string_view request_id) const override {
    return problem_reply({status, code, std::string(detail)}, request_id);
  }

 private:
  Answer<Reply> answer(const Call& call) {
    switch (call.matched.operation) {
      case Operation::observe:
        return observe(engine_, options_, call);
      case Operation::retract:
        return retract(engine_, call);
      case Operation::recommend:
        return recommend(lists(), call);
      case Operation::recommend_session:
        return recommend_session(lists(), call);
      case Operation::similar_items:
        return similar_items(lists(), call);
      case Operation::trending:
        return trending(lists(), call);
      case Operation::live:
        return live(call);
      case Operation::ready:
        return ready(engine_, call);
      default:
        return std::unexpected(no_such_path(call));
    }
  }

  ListContext lists() { return {engine_, options_, {}}; }

  Engine& engine_;
  const ApiOptions options_;
};

}  // namespace

std::unique_ptr<Handler> make_api(Engine& engine, const ApiOptions& options) {
  return std::make_unique<Api>(engine, options);
}

}  // namespace coseno::server
