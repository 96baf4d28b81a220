// Ctrl-C, and what asks a process to end.
#pragma once

namespace coseno {

// From now on the first SIGINT or SIGTERM makes interrupted() true, and the second ends the process
// at once. A closed pipe ends it at once and silently, as is usual for a filter, even where the
// parent ignores SIGPIPE.
void handle_signals();

// Thread-safe, and cheap enough for an inner loop.
bool interrupted();

}  // namespace coseno
