#include "cli/held_out_file.h"

#include <fmt/format.h>

#include <utility>

namespace coseno::cli {

std::string HeldOutArguments::text() const {
  return fmt::format("{}{}{}held out: {}{}", protocol.empty() ? "" : "protocol ", protocol,
                     protocol.empty() ? "" : ", ", file, hides_seen ? ", seen items hidden" : "");
}

void add_hide_seen_option(CommandLine& app, HeldOutArguments& arguments) {
  app.add_flag("--hide-seen", arguments.hides_seen,
               "By next-item: lists leave out what the user has had, as by the other protocols");
}

Outcome<void> check_held_out(const HeldOutArguments& arguments, std::string_view option,
                             std::string_view other) {
  const std::string& protocol = arguments.protocol;
  const bool is_of_file = !protocol.empty() && (arguments.is_next_item() || protocol == other);
  if (!arguments.file.empty() && !protocol.empty() && !is_of_file) {
    return wrong_use("--protocol {} excludes {}: what is in {} is held out", protocol, option,
                     arguments.file);
  }
  if (is_of_file && arguments.file.empty()) {
    return wrong_use("--protocol {} needs {} FILE", protocol, option);
  }
  if (arguments.hides_seen && !arguments.is_next_item()) {
    return wrong_use("--hide-seen belongs to --protocol next-item: the others always do");
  }
  return {};
}

Result<Split> split_by_file(Interactions train, const Interactions& held_out, RepeatRule repeats,
                            const HeldOutArguments& arguments, const Catalogs& catalogs) {
  return arguments.is_next_item()
             ? next_item_split(std::move(train), held_out, repeats, arguments.hides_seen,
                               catalogs.items, catalogs.users)
             : given_split(std::move(train), held_out, repeats, catalogs.items, catalogs.users);
}

}  // namespace coseno::cli
