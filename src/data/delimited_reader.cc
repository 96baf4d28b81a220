// Interactions from CSV, TSV and "::".

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "data/column_names.h"
#include "data/delimited_rows.h"
#include "data/interaction_readers.h"
#include "data/text_values.h"

namespace coseno {
namespace {

using Fields = std::span<const std::string_view>;

// Where to find what in a row of `n` fields.
struct Columns {
  std::size_t n = 0;
  std::size_t user = 0;
  std::size_t item = 1;
  std::optional<std::size_t> value;
  std::optional<std::size_t> time;
  bool has_header = false;
};

constexpr std::string_view kWithoutHeader =
    "without a header, rows are user, item, rating, time (the last two may be absent)";

// Without a header the third and fourth column, if any, are a rating and a time.
bool looks_like_data(Fields fields) {
  if (fields.size() > 2 && !parse_number(fields[2])) return false;
  if (fields.size() > 3 && !parse_time(fields[3])) return false;
  return true;
}

Result<Columns> columns_by_header(const DelimitedRows& rows,
                                  const std::vector<std::string>& names) {
  if (const auto i = find_repeated(names)) {
    return rows.error_in_field(
        *i, fmt::format("the header has column {} twice", quote(rows.fields()[*i])));
  }
  const auto user = find_column(names, ColumnRole::user);
  const auto item = find_column(names, ColumnRole::item);
  if (!user || !item) {
    const ColumnRole missing = user ? ColumnRole::item : ColumnRole::user;
    return rows.error_in_field(0,
                               fmt::format("the header {} has no {} column: it would be named {}",
                                           quote(fmt::format("{}", fmt::join(rows.fields(), ", "))),
                                           user ? "item" : "user", known_names(missing)));
  }
  return Columns{.n = names.size(),
                 .user = *user,
                 .item = *item,
                 .value = find_column(names, ColumnRole::value),
                 .time = find_column(names, ColumnRole::time),
                 .has_header = true};
}

Result<Columns> columns_by_place(const DelimitedRows& rows) {
  const Fields fields = rows.fields();
  if (fields.size() < 2 || fields.size() > 4) {
    return rows.error_in_field(
        0, fmt::format("{} column{}, and none is known by name: {}", fields.size(),
                       fields.size() == 1 ? "" : "s", kWithoutHeader));
  }
  Columns columns;
  columns.n = fields.size();
  if (fields.size() > 2) columns.value = 2;
  if (fields.size() > 3) columns.time = 3;
  return columns;
}

bool is_word(std::string_view text) {
  bool has_letter = false;
  for (const char c : text) {
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (!is_letter && c != '_' && c != '-' && c != ' ') return false;
    has_letter = has_letter || is_letter;
  }
  return has_letter;
}

// With two columns nothing tells a header of unknown names from a user and an item, but this: both
// are words that stand in no other row of the head, and one column has but numbers below them.
Result<bool> has_unknown_header(TextReader& text, std::string_view delimiter) {
  COSENO_ASSIGN(head, text.head());
  // A row that the end of the head cuts must not count.
  if (!text.head_is_all()) head = head.substr(0, head.rfind('\n') + 1);
  Progress silent;
  TextReader sample(TextSource::from_memory(text.name(), head), silent);
  DelimitedRows rows(sample, delimiter);
  const auto has_two = [&] {
    const auto has_row = rows.next();  // what is wrong with a row is told where it is read
    return has_row && *has_row && rows.fields().size() == 2;
  };
  if (!has_two()) return false;
  const std::array<std::string, 2> first = {std::string(rows.fields()[0]),
                                            std::string(rows.fields()[1])};
  if (!std::ranges::all_of(first, is_word)) return false;
  std::array<bool, 2> are_numbers = {true, true};
  bool has_others = false;
  while (has_two()) {
    has_others = true;
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string_view field = rows.fields()[i];
      if (field == first[0] || field == first[1]) return false;
      are_numbers[i] = are_numbers[i] && parse_rating(field);
    }
  }
  return has_others && (are_numbers[0] || are_numbers[1]);
}

// Looks at the first row: a header where it names users and items; data where nothing is named, or
// where the numbers are where they must be. Anything between is an error rather than a guess.
Result<Columns> find_columns(const DelimitedRows& rows, bool is_unknown_header) {
  const std::vector<std::string> names = normal_names(rows.fields());
  const auto is_known = [&](ColumnRole role) { return find_column(names, role).has_value(); };
  const bool has_user = is_known(ColumnRole::user);
  const bool has_item = is_known(ColumnRole::item);
  const bool is_any_known =
      has_user || has_item || is_known(ColumnRole::value) || is_known(ColumnRole::time);
  const bool could_be_data = rows.fields().size() > 2 && looks_like_data(rows.fields());
  if ((has_user && has_item) || (is_any_known && !could_be_data) || is_unknown_header) {
    return columns_by_header(rows, names);
  }
  COSENO_ASSIGN(columns, columns_by_place(rows));
  if (columns.value && !looks_like_data(rows.fields())) {
    const std::size_t wrong = parse_number(rows.fields()[2]) ? 3 : 2;
    return rows.error_in_field(wrong, fmt::format("{}: {}",
                                                  wrong == 2 ? rating_trouble(rows.fields()[2])
                                                             : time_trouble(rows.fields()[3]),
                                                  kWithoutHeader));
  }
  return columns;
}

Result<void> add_row(const DelimitedRows& rows, const Columns& columns, InteractionBuilder& out) {
  const Fields fields = rows.fields();
  if (!is_valid_id(fields[columns.user])) {
    return rows.error_in_field(columns.user, id_trouble("user id", fields[columns.user]));
  }
  if (!is_valid_id(fields[columns.item])) {
    return rows.error_in_field(columns.item, id_trouble("item id", fields[columns.item]));
  }
  Interaction interaction{.item = {}, .value = 1, .time = 0};
  if (columns.value) {
    const auto value = parse_rating(fields[*columns.value]);
    if (!value) {
      return rows.error_in_field(*columns.value, rating_trouble(fields[*columns.value]));
    }
    interaction.value = *value;
  }
  if (columns.time) {
    const auto time = parse_time(fields[*columns.time]);
    if (!time) return rows.error_in_field(*columns.time, time_trouble(fields[*columns.time]));
    interaction.time = *time;
  }
  const UserIndex user = out.user(fields[columns.user]);
  interaction.item = out.item(fields[columns.item]);
  out.add(user, interaction);
  return {};
}

}  // namespace

Result<void> read_delimited(TextReader& text, std::string_view delimiter, InteractionBuilder& out) {
  COSENO_ASSIGN(is_unknown_header, has_unknown_header(text, delimiter));
  DelimitedRows rows(text, delimiter);
  COSENO_ASSIGN(has_row, rows.next());
  if (!has_row) return {};
  COSENO_ASSIGN(columns, find_columns(rows, is_unknown_header));
  out.set_has_values(columns.value.has_value());
  out.set_has_times(columns.time.has_value());
  if (!columns.has_header) COSENO_TRY(add_row(rows, columns, out));
  const std::string_view where = columns.has_header ? "the header" : "the first line";
  for (;;) {
    COSENO_ASSIGN(has_more, rows.next());
    if (!has_more) return {};
    COSENO_TRY(rows.expect_fields(columns.n, where));
    COSENO_TRY(add_row(rows, columns, out));
  }
}

}  // namespace coseno
