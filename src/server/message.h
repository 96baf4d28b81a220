// What passes between the transport, which speaks HTTP, and the interface, which speaks of users
// and items: neither knows the other's library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coseno::server {

// One request, whole. The views live until the handler returns.
struct Request {
  std::string_view method;  // upper case, as it came
  std::string_view target;  // path and query, percent-encoded, as it came
  std::string_view body;
  std::string_view content_type;
  std::string_view idempotency_key;
  std::string_view last_event_id;
  std::string_view request_id;  // made by the transport where the client sent none
};

// What follows a reply's head piece by piece: an export, server-sent events.
class ReplyStream {
 public:
  enum class State : std::uint8_t {
    more,  // `piece` is filled; ask again
    idle,  // nothing now; ask again when something has changed, or after a while
    end,
  };
  virtual ~ReplyStream() = default;
  // Fills `piece` (it is empty at the call). Called by one thread at a time; may read the disk.
  virtual State next(std::string& piece) = 0;
};

struct Reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beyond those that the transport sets
  std::unique_ptr<ReplyStream> stream;                       // null: the body is all
};

// A body that is not held in memory: an import.
class Upload {
 public:
  virtual ~Upload() = default;                     // without finish(): the client went away
  virtual bool write(std::string_view piece) = 0;  // false: stop reading, finish() tells why
  virtual Reply finish() = 0;
};

// What a request may do; the transport compares it with the scopes of the key.
enum class Scope : std::uint8_t { none, read, write_events, admin };

struct Route {
  std::string_view name;  // of the operation, for logs and metrics: "recommend", "observe"
  Scope scope = Scope::read;
  bool slow = false;    // off the threads that serve connections
  bool upload = false;  // take the body by begin_upload()
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Of the request line alone; thread-safe, as all here.
  virtual Route route(std::string_view method, std::string_view target) const = 0;
  virtual Reply handle(const Request& request) = 0;
  virtual std::unique_ptr<Upload> begin_upload(const Request& head) = 0;
  // A problem of the transport's own (too large, too slow, no key) in the interface's words.
  virtual Reply problem(unsigned status, std::string_view code, std::string_view detail,
                        std::string_view request_id) const = 0;
};

}  // namespace coseno::server
