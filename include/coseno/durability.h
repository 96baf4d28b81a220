// What survives a power failure.
#pragma once

namespace coseno {

// What a power failure may take of what was acknowledged. The end of the process, kill -9 included,
// takes nothing in any case.
enum class Durability {
  none,      // what the system had not yet written by itself: seconds
  interval,  // what was written in about the last 100 ms
  always,    // nothing; an acknowledgement waits for the disk
};

}  // namespace coseno
