// A request: a line with method and target, and a body behind it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "coseno/engine.h"
#include "ranking/json_document.h"
#include "server/api.h"
#include "storage/store_folder.h"

namespace {

using coseno::Engine;
using coseno::server::Handler;
using coseno::server::Reply;
using coseno::server::ReplyStream;

// A data folder with a little in it; made anew after so many inputs, since they fill it.
class Fuzzed {
 public:
  Fuzzed()
      : folder_(coseno::TemporaryFolder::make().value()),
        engine_(Engine::open(folder_.path() + "/data",
                             {.durability = coseno::Durability::none, .n_threads = 1})
                    .value()),
        handler_(coseno::server::make_api(engine_, {})) {
    for (const char* const item : {"a", "b", "c"}) {
      static_cast<void>(engine_.put_item(item, R"({"title": "Tea", "n": 1, "tags": ["x"]})"));
      static_cast<void>(engine_.observe({.user = "u", .item = item, .id = item}));
    }
  }

  Handler& handler() { return *handler_; }

 private:
  coseno::TemporaryFolder folder_;
  Engine engine_;
  std::unique_ptr<Handler> handler_;
};

constexpr int kInputsAFolder = 20000;

// Made in here: what RocksDB makes on first use must be there longer.
Handler& handler() {
  static auto fuzzed = std::make_unique<Fuzzed>();
  static int n_inputs = 0;
  if (++n_inputs % kInputsAFolder == 0) {
    fuzzed.reset();
    fuzzed = std::make_unique<Fuzzed>();
  }
  return fuzzed->handler();
}

void check(const Reply& reply, std::string_view operation) {
  COSENO_CHECK(reply.status >= 200 && reply.status < 600 && reply.status != 500);
  const bool is_json = reply.content_type.ends_with("json") && !reply.stream;
  // The document of the interface tells of whole numbers that no double equals.
  if (is_json && operation != "openapi") {
    COSENO_CHECK(coseno::parse_json_document(reply.body, 1 << 24, 64).has_value());
  }
  if (!reply.stream) return;
  std::string piece;
  for (int n = 0; n < 4 && reply.stream->next(piece) == ReplyStream::State::more; ++n)
    piece.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view head = text.substr(0, line);
  const std::size_t blank = head.find(' ');
  if (blank == std::string_view::npos) return 0;
  const coseno::server::Request request{
      .method = head.substr(0, blank),
      .target = head.substr(blank + 1),
      .body = line == std::string_view::npos ? std::string_view() : text.substr(line + 1),
      .content_type = "application/json",
      .idempotency_key = {},
      .last_event_id = {},
      .request_id = "fuzz"};
  Handler& api = handler();
  const coseno::server::Route route = api.route(request.method, request.target);
  // A training takes seconds.
  if (route.name == "start_training") return 0;
  if (route.upload) {
    const auto upload = api.begin_upload(request);
    if (upload->write(request.body)) check(upload->finish(), route.name);
    return 0;
  }
  check(api.handle(request), route.name);
  return 0;
}
