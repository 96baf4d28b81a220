// What an engine can be asked for by name, as JSON in and JSON out: all but lists and single
// events, which have a quicker way (engine_object.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/engine.h"

namespace coseno::node {

// Which threads a call runs on.
enum class Lane : std::uint8_t {
  read,   // several at once
  write,  // one after another, in the order of calls
  job,    // long: it tells how far it is, and can be cancelled
};

struct EngineCall {
  std::string_view name;  // as in JavaScript
  Lane lane;
  // The request is the JSON of an object; an empty answer is `undefined`.
  Result<std::string> (*run)(Engine& engine, std::string_view request,
                             const ProgressOptions& watch);
};

// Arrays of floats that come beside the JSON of "publishVectors".
struct VectorArrays {
  std::vector<float> items, item_biases, users;
};
Result<std::string> publish_vectors(Engine& engine, std::string_view request,
                                    const VectorArrays& arrays, const ProgressOptions& watch);

// nullptr where there is none.
const EngineCall* find_engine_call(std::string_view name);

// Jobs on a folder with no engine: "restore" and "verify".
struct FolderCall {
  std::string_view name;
  Result<std::string> (*run)(std::string_view request, const ProgressOptions& watch);
};
const FolderCall* find_folder_call(std::string_view name);

// Options of Engine::open(), and whether to open it beside a writer.
struct OpenRequest {
  std::string folder;
  bool is_beside = false;
  EngineOptions options;
};
Result<OpenRequest> open_request(std::string_view json);

}  // namespace coseno::node
