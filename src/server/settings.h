// What may change while the server runs: meanings of event types, and what a request that does not
// say gets.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"
#include "server/list_request.h"

namespace coseno::server {

// Event types are kept in the store; the defaults in the file `defaults.json` of the data folder.
// Thread-safe.
class ServerSettings {
 public:
  // Reads the file. Where it is damaged the defaults are those of a new folder, until they are set
  // again.
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
  std::string path() const;
  Answer<void> save(const ListDefaults& defaults) const;
  Reply reply() const;

  Engine& engine_;
  const ApiOptions& options_;
  std::mutex mutex_;  // held by who changes something
  std::atomic<std::size_t> k_;
  std::atomic<double> diversity_;
};

}  // namespace coseno::server
