// What may change while the server runs: meanings of event types, and what a request that does not
// say gets.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"
#include "server/list_request.h"

namespace coseno::server {

// Both are kept in the store, and so in backups; the defaults as a note of the engine.
// Thread-safe.
class ServerSettings {
 public:
  // Where the note is none of this server's the defaults are those of a new folder, until they are
  // set again.
  ServerSettings(Engine& engine, const ApiOptions& options);

  // Of the moment; without a lock.
  ListDefaults defaults() const {
    return {k_.load(std::memory_order_relaxed), diversity_.load(std::memory_order_relaxed)};
  }

  // GET and PATCH /v1/settings. PATCH is JSON merge patch: what is not named stays, an event type
  // that is null is taken away.
  Answer<Reply> get(const Call& call) const;
  Answer<Reply> patch(const Call& call);

 private:
  Reply reply() const;

  Engine& engine_;
  const ApiOptions& options_;
  std::mutex mutex_;  // held by who changes something
  std::atomic<std::size_t> k_;
  std::atomic<double> diversity_;
};

}  // namespace coseno::server
