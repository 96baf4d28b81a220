// An event of the log, when the scan has gone on.
#pragma once

#include <cstdint>
#include <string>

namespace coseno::python {

struct KeptEvent {
  std::uint64_t position;
  std::string user;
  std::string item;
  std::string type;
  float value;
  std::int64_t time_ms;
};

}  // namespace coseno::python
