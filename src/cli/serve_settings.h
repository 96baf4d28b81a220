// What `coseno serve` can be told.
#pragma once

#include <string>

#include "cli/layered_settings.h"
#include "coseno/engine.h"
#include "server/api.h"
#include "server/http_options.h"
#include "server/log.h"

namespace coseno::cli {

struct ServeSettings {
  server::HttpOptions http;
  server::LogFormat log_format = server::LogFormat::text;
  bool logs_access = true;
  double shutdown_seconds = 10;
  EngineOptions engine;
  server::ApiOptions api;
};

// Declares every setting. `values` must live as long as `settings`.
void declare(LayeredSettings& settings, ServeSettings& values);

}  // namespace coseno::cli
