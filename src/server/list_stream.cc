#include "server/list_stream.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/answer_json.h"

namespace coseno::server {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kHeartbeat{15};
constexpr std::chrono::seconds kLook{5};

class ListStream final : public ReplyStream {
 public:
  ListStream(const Engine& engine, std::string user, ListRequest request, std::string request_id)
      : engine_(engine),
        user_(std::move(user)),
        request_(std::move(request)),
        request_id_(std::move(request_id)) {}

  State next(std::string& piece) override {
    const SteadyClock::time_point now = SteadyClock::now();
    if (is_first_ || engine_.position() != position_ || now - looked_at_ >= kLook) {
      looked_at_ = now;
      if (!look(piece)) return State::end;
    }
    if (piece.empty() && now - sent_at_ >= kHeartbeat) piece = ": alive\n\n";
    if (!piece.empty()) sent_at_ = now;
    return State::idle;
  }

 private:
  // False where there are no lists any more, and the client has been told.
  bool look(std::string& piece) {
    const Result<Recommendations> list = engine_.recommend(request_.for_user(user_, 0));
    if (!list) {
      std::string problem = problem_reply(list.error(), request_id_).body;
      piece = "event: problem\ndata: " + std::move(problem) + "\n";
      return false;
    }
    position_ = list->position;
    std::vector<std::string> items;
    items.reserve(list->items.size());
    for (const RecommendedItem& item : list->items) items.push_back(item.item);
    if (!is_first_ && items == items_) return true;
    is_first_ = false;
    items_ = std::move(items);
    piece = "id: ";
    append_json(list->position, piece);
    piece += "\nevent: list\ndata: {";
    append_list(
        *list, request_.has_titles() ? titles_of(engine_, list->items) : std::vector<std::string>(),
        piece);
    piece += "}\n\n";
    return true;
  }

  const Engine& engine_;
  std::string user_;
  ListRequest request_;
  std::string request_id_;
  bool is_first_ = true;
  std::uint64_t position_ = 0;
  std::vector<std::string> items_;
  SteadyClock::time_point looked_at_;
  SteadyClock::time_point sent_at_ = SteadyClock::now();
};

}  // namespace

Answer<Reply> recommend_stream(const ListContext& context, const Call& call) {
  COSENO_ASSIGN(user, call.id("user"));
  COSENO_ASSIGN(query, call.query());
  COSENO_ASSIGN(request, ListRequest::of_query(query, context.defaults, context.options, false));
  // What is wrong with the request is told before a stream begins.
  Result<Recommendations> list = context.engine.recommend(request.for_user(user, 0));
  if (!list) return std::unexpected(list_problem(std::move(list).error(), ""));
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.stream = std::make_unique<ListStream>(context.engine, std::move(user), std::move(request),
                                              std::string(call.request.request_id));
  return reply;
}

}  // namespace coseno::server
