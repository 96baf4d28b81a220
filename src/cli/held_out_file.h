// A file of held-out interactions: how commands that take one are told to judge by it.
#pragma once

#include <string>
#include <string_view>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/source.h"
#include "evaluation/split.h"

namespace coseno::cli {

// The protocol that judges every act of the file in turn (evaluation/split.h, next_item_split).
constexpr const char* kNextItem = "next-item";

struct HeldOutArguments {
  std::string file;         // a path; empty where a part of the data is held out
  std::string protocol;     // empty where not given
  bool hides_seen = false;  // by next-item; the others always do

  bool is_next_item() const { return protocol == kNextItem; }
  // The protocol that divides the data where there is no file.
  std::string dividing_protocol() const { return protocol.empty() ? "random" : protocol; }
  // "protocol next-item, held out: FILE, seen items hidden", of a file.
  std::string text() const;
  // What is judged: "acts" or "users".
  std::string_view judged() const { return is_next_item() ? "acts" : "users"; }
};

void add_hide_seen_option(CommandLine& app, HeldOutArguments& arguments);

// Wrong use where protocol, file and --hide-seen do not go together. `option` is that of the file,
// "--test"; `other`: a protocol, beside next-item, that goes with a file, or none.
Outcome<void> check_held_out(const HeldOutArguments& arguments, std::string_view option,
                             std::string_view other = {});

// Errors: as next_item_split() or given_split().
Result<Split> split_by_file(Interactions train, const Interactions& held_out, RepeatRule repeats,
                            const HeldOutArguments& arguments, const Catalogs& catalogs);

}  // namespace coseno::cli
