#include "server/admission.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace coseno::server {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool equal_words(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// Without the port.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
  return host.substr(0, std::min(host.find(':'), host.size()));
}

bool is_local_or_address(std::string_view host) {
  const std::string name(name_of(host));
  if (equal_words(name, "localhost")) return true;
  in_addr v4;
  in6_addr v6;
  if (name.starts_with('[') && name.ends_with(']')) {
    return inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), &v6) == 1;
  }
  return inet_pton(AF_INET, name.c_str(), &v4) == 1;
}

// Of "Bearer KEY", or else X-API-Key.
std::string_view secret_of(const RequestHead& head) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view authorization = head[RequestHead::authorization];
  if (equal_words(authorization.substr(0, kBearer.size()), kBearer)) {
    std::string_view secret = authorization.substr(kBearer.size());
    while (secret.starts_with(' ')) secret.remove_prefix(1);
    return secret;
  }
  return head[RequestHead::api_key];
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::read:
      return "read";
    case Scope::write_events:
      return "events";
    default:
      return "admin";
  }
}

}  // namespace

Admission::Admission(AdmissionRules rules) : rules_(std::move(rules)) {
  allows_any_origin_ = std::find(rules_.cors_origins.begin(), rules_.cors_origins.end(), "*") !=
                       rules_.cors_origins.end();
  if (rules_.rate > 0) {
    interval_ns_ =
        std::max<std::int64_t>(1, std::llround(static_cast<double>(kSecondNs) / rules_.rate));
    const double burst = rules_.burst > 0 ? rules_.burst : rules_.rate;
    burst_ = std::max<std::int64_t>(1, std::llround(burst));
  }
}

std::optional<Refusal> Admission::check(const RequestHead& head, Scope scope, const KeySet& keys,
                                        bool is_open, std::int64_t now_ns,
                                        const Key** caller) const {
  *caller = nullptr;
  if (is_open) return check_page(head);
  if (scope == Scope::none) return std::nullopt;
  const std::string_view secret = secret_of(head);
  if (secret.empty()) {
    return Refusal{RefusalKind::key, 401, "key_required",
                   "an API key is needed, as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"};
  }
  const Key* const key = keys.find(secret);
  if (key == nullptr) {
    return Refusal{RefusalKind::key, 401, "key_unknown", "the API key is unknown or was revoked"};
  }
  *caller = key;
  if (!key->scopes.allow(scope)) {
    return Refusal{RefusalKind::scope, 403, "scope_missing",
                   fmt::format("the API key must have the scope {}", name_of(scope))};
  }
  return check_rate(*key, now_ns);
}

std::optional<Refusal> Admission::check_page(const RequestHead& head) const {
  const std::string_view host = head[RequestHead::host];
  if (head.has(RequestHead::host) && !is_local_or_address(host)) {
    return Refusal{RefusalKind::origin, 403, "host_refused",
                   "without an API key the Host must be an address or localhost"};
  }
  const std::string_view origin = head[RequestHead::origin];
  if (origin.empty() || !allowed_origin(origin).empty()) return std::nullopt;
  const std::size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos && equal_words(origin.substr(scheme + 3), host)) {
    return std::nullopt;
  }
  return Refusal{RefusalKind::origin, 403, "origin_refused",
                 "without an API key no page of another site may ask"};
}

std::optional<Refusal> Admission::check_rate(const Key& key, std::int64_t now_ns) const {
  if (interval_ns_ == 0 || key.bucket == nullptr) return std::nullopt;
  const std::int64_t wait_ns = key.bucket->take(now_ns, interval_ns_, burst_);
  if (wait_ns == 0) return std::nullopt;
  return Refusal{RefusalKind::rate, 429, "rate_exceeded",
                 fmt::format("the key may ask {} times a second", rules_.rate),
                 (wait_ns + kSecondNs - 1) / kSecondNs};
}

std::string_view Admission::allowed_origin(std::string_view origin) const {
  if (origin.empty() || rules_.cors_origins.empty()) return {};
  if (allows_any_origin_) return "*";
  const auto found = std::find(rules_.cors_origins.begin(), rules_.cors_origins.end(), origin);
  return found == rules_.cors_origins.end() ? std::string_view() : std::string_view(*found);
}

}  // namespace coseno::server
