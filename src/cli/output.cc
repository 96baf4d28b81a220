#include "cli/output.h"

#include <cstdio>

#include "base/atomic_file.h"
#include "cli/table.h"

namespace coseno::cli {

Outcome<void> write_text(const std::string& path, std::string_view text) {
  COSENO_ASSIGN(file, AtomicFile::create(path));
  COSENO_TRY(file.write(text));
  COSENO_TRY(file.commit());
  return {};
}

void print_note(std::string_view sentence) {
  std::fputs(fmt::format("coseno: {}\n", sentence).c_str(), stderr);
}

std::string user_line(std::string_view user, std::span<const ItemIndex> items,
                      const ItemIds& item_ids) {
  std::string line(user);
  for (const ItemIndex item : items) {
    line += ' ';
    line += item_ids.id(item);
  }
  line += '\n';
  return line;
}

Outcome<void> check_one_word(std::string_view kind, std::string_view id) {
  if (id.find_first_of(" \t\n\v\f\r") == std::string_view::npos) return {};
  return failed("{} \"{}\" has a blank in its id, so a line of ids could not be read back", kind,
                printable(id));
}

Outcome<void> check_one_word(const ItemIds& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    COSENO_TRY(check_one_word("item", items.id(static_cast<ItemIndex>(i))));
  }
  return {};
}

}  // namespace coseno::cli
