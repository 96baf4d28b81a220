#include "server/api.h"

#include <utility>

#include "base/check.h"
#include "server/call.h"
#include "server/documents.h"
#include "server/events.h"
#include "server/exports.h"
#include "server/health.h"
#include "server/imports.h"
#include "server/list_stream.h"
#include "server/lists.h"
#include "server/problem.h"
#include "server/records.h"
#include "server/routes.h"
#include "server/settings.h"
#include "server/trainings.h"
#include "server/user_events.h"

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
  Api(Engine& engine, const ApiOptions& options)
      : engine_(engine),
        options_(options),
        settings_(engine, options_),
        trainings_(engine),
        imports_(engine) {
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

  std::unique_ptr<Upload> begin_upload(const Request& head) override {
    const Matched matched = match(head.method, head.target);
    return imports_.begin({head, matched});
  }

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
      case Operation::put_item:
        return put_item(engine_, options_, call);
      case Operation::patch_item:
        return patch_item(engine_, options_, call);
      case Operation::get_item:
        return get_item(engine_, call);
      case Operation::delete_item:
        return delete_item(engine_, call);
      case Operation::put_items:
        return put_items(engine_, options_, call);
      case Operation::list_items:
        return list_items(engine_, options_, call);
      case Operation::put_user:
        return put_user(engine_, options_, call);
      case Operation::patch_user:
        return patch_user(engine_, options_, call);
      case Operation::get_user:
        return get_user(engine_, call);
      case Operation::erase_user:
        return erase_user(engine_, call);
      case Operation::put_users:
        return put_users(engine_, options_, call);
      case Operation::list_users:
        return list_users(engine_, options_, call);
      case Operation::list_user_events:
        return list_user_events(engine_, options_, call);
      case Operation::similar_users:
        return similar_users(engine_, options_, call);
      case Operation::recommend_stream:
        return recommend_stream(lists(), call);
      case Operation::get_import:
        return imports_.get(call);
      case Operation::export_all:
        return export_all(engine_, call);
      case Operation::start_training:
        return trainings_.start(options_, call);
      case Operation::list_trainings:
        return trainings_.list(call);
      case Operation::get_training:
        return trainings_.get(call);
      case Operation::cancel_training:
        return trainings_.cancel(call);
      case Operation::list_models:
        return list_models(engine_, call);
      case Operation::get_settings:
        return settings_.get(call);
      case Operation::patch_settings:
        return settings_.patch(call);
      case Operation::live:
        return live(call);
      case Operation::ready:
        return ready(engine_, call);
      case Operation::openapi:
        return openapi_document(call);
      case Operation::docs:
        return docs_page(call);
      case Operation::start_import:  // by begin_upload()
      case Operation::metrics:       // by the transport
      case Operation::unknown:
      case Operation::wrong_method:
        break;
    }
    return std::unexpected(no_such_path(call));
  }
  ListContext lists() { return {engine_, options_, settings_.defaults()}; }

  Engine& engine_;
  const ApiOptions options_;
  ServerSettings settings_;
  Trainings trainings_;
  Imports imports_;
};

}  // namespace

std::unique_ptr<Handler> make_api(Engine& engine, const ApiOptions& options) {
  return std::make_unique<Api>(engine, options);
}

}  // namespace coseno::server
