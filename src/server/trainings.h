// Trainings, and what they have left.
#pragma once

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"
#include "server/jobs.h"

namespace coseno::server {

class Trainings {
 public:
  explicit Trainings(Engine& engine) : engine_(engine) {}

  // POST /v1/trainings: one at a time, else 409.
  Answer<Reply> start(const ApiOptions& options, const Call& call);
  // GET /v1/trainings, of this process, and GET and DELETE /v1/trainings/{id}, which
  // stops and forgets it
  Answer<Reply> list(const Call& call) const;
  Answer<Reply> get(const Call& call) const;
  Answer<Reply> cancel(const Call& call);

 private:
  Engine& engine_;
  Jobs jobs_{0};
};

// GET /v1/models: trained models of the folder with their quality, and the kinds that can be
// trained.
Answer<Reply> list_models(const Engine& engine, const Call& call);

}  // namespace coseno::server
