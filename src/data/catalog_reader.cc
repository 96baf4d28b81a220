// read_catalog: which reader it is for, and in which encoding.
//
// A catalogue is read into memory before it is parsed: what kind of property a column holds, and
// whether a file of MovieLens is in Latin-1, is known only at the end.

#include <algorithm>
#include <utility>

#include "data/catalog_readers.h"
#include "data/format_detection.h"
#include "data/interaction_readers.h"
#include "data/text_values.h"
#include "data/utf8.h"

namespace coseno {
namespace {

// Bars in a line of u.item and of u.user. Other files have bars, too: between genres.
constexpr std::ptrdiff_t kBarsOfItem = 23;
constexpr std::ptrdiff_t kBarsOfUser = 4;

// The delimiter of the file; "{" for JSON Lines; empty where it is none that we know.
std::string_view detect_catalog(std::string_view text) {
  const std::string_view line = first_line(text);
  if (line.starts_with('{')) return "{";
  const std::ptrdiff_t n_bars = std::ranges::count(line, '|');
  if (n_bars == kBarsOfItem || n_bars == kBarsOfUser) return "|";
  // Rows vary in their commas (quotes, titles); the header, which has no odd text, decides.
  return detect_delimiter(line);
}

Result<void> read_kind(std::string_view kind, TextReader& text, Catalog& out) {
  if (kind == "{") return read_json_catalog(text, out);
  if (kind == "|" || kind == "::") return read_movielens_catalog(text, kind, out);
  if (kind == "," || kind == "\t") return read_table_catalog(text, kind, out);
  return invalid_argument(
      "{}: not a kind of catalogue that is known: CSV or TSV with a header, JSON Lines, u.item, "
      "u.user, movies.dat, users.dat",
      text.name());
}

}  // namespace

Result<Catalog> read_catalog(TextSource source, Progress& progress) {
  TextReader packed(std::move(source), progress);
  COSENO_ASSIGN(text, packed.rest());
  const std::string_view kind = detect_catalog(text);
  if (const auto place = find_invalid_utf8(text)) {
    // GroupLens published its older files in Latin-1.
    if (kind != "|" && kind != "::") {
      TextPosition position;
      position.advance(std::string_view(text).substr(0, *place));
      return packed.error_at(position, "not valid UTF-8");
    }
    text = latin1_to_utf8(text);
  }
  TextReader reader(TextSource::from_memory(packed.name(), text), progress);
  Catalog catalog;
  COSENO_TRY(read_kind(kind, reader, catalog));
  if (catalog.size() == 0) return invalid_argument("{}: no records in it", packed.name());
  return catalog;
}

std::optional<std::string> add_record(Catalog& out, Record record) {
  if (!is_valid_id(record.id)) return id_trouble("id", record.id);
  const std::string id = record.id;
  if (!out.add(std::move(record))) return fmt::format("the id {} stands twice", quote(id));
  return std::nullopt;
}

void add_category(Record& record, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  record.properties.push_back({std::string(name), PropertyKind::category, std::string(value)});
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(separator));
    if (!piece.empty()) pieces.emplace_back(piece);
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
  }
  return pieces;
}

}  // namespace coseno
