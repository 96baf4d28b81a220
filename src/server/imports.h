// Files in.
#pragma once

#include <memory>
#include <string>

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"
#include "server/jobs.h"

namespace coseno::server {

// A file comes as a body, is put in the folder `imports` of the data folder, and read when all of
// it is there; progress is told by GET. One after another; what a server that was ended left in the
// folder is removed. Thread-safe.
class Imports {
 public:
  explicit Imports(Engine& engine);

  // POST /v1/imports?what=events|items|users&type=...&format=...
  std::unique_ptr<Upload> begin(const Call& call);
  // GET /v1/imports/{id}
  Answer<Reply> get(const Call& call) const;

 private:
  class FileUpload;
  struct Wanted;

  std::string folder() const;

  Engine& engine_;
  std::atomic<std::uint64_t> n_files_ = 0;
  Jobs jobs_;  // the last member: its thread uses the others
};

}  // namespace coseno::server
