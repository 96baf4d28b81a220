// Whether a request may be answered: who asks, from what page, and how often. It knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/keys.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/request_head.h"

namespace coseno::server {

struct AdmissionRules {
  std::vector<std::string> cors_origins;  // "*": any
  double rate = 0;                        // requests a second and key; 0: no bound
  double burst = 0;                       // 0: what comes in a second
};

struct Refusal {
  RefusalKind kind;
  unsigned status;
  std::string_view code;  // for the problem
  std::string detail;     // one sentence
  std::int64_t retry_after_s = 0;
};

// Immutable; thread-safe.
class Admission {
 public:
  explicit Admission(AdmissionRules rules);

  // Nothing where it may go on. `now_ns` is of a clock that never goes back. `caller` becomes the
  // key that was shown, or nullptr.
  //
  // Where no key exists (`is_open`), everybody who can connect may do everything; that is the same
  // machine, but also each page in a browser there. So a page of another site is refused by its
  // Origin, and one whose name was made to point here (DNS rebinding) by its Host, which must be
  // an address or localhost.
  std::optional<Refusal> check(const RequestHead& head, Scope scope, const KeySet& keys,
                               bool is_open, std::int64_t now_ns, const Key** caller) const;

  // The value of Access-Control-Allow-Origin; empty: none is to be sent.
  std::string_view allowed_origin(std::string_view origin) const;
  bool has_cors() const { return !rules_.cors_origins.empty(); }

 private:
  std::optional<Refusal> check_page(const RequestHead& head) const;
  std::optional<Refusal> check_rate(const Key& key, std::int64_t now_ns) const;

  AdmissionRules rules_;
  bool allows_any_origin_ = false;
  std::int64_t interval_ns_ = 0;
  std::int64_t burst_ = 1;
};

}  // namespace coseno::server
