// A catalogue from CSV or TSV with a header.
//
// RecBole's headers say what a column holds ("class:token_seq"). Other columns are read whole, and
// what they hold is seen by their values.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "data/catalog_readers.h"
#include "data/column_names.h"
#include "data/delimited_rows.h"
#include "data/text_values.h"

namespace coseno {
namespace {

// What a column is for. The kinds of PropertyKind, and more.
enum class ColumnUse {
  id,
  title,
  unused,
  number,
  category,
  bar_list,    // "Drama|War"
  blank_list,  // "Drama War"
  text,
  number_or_category,  // by the values: a number where all are
  by_values,
};

struct Column {
  std::string name;
  ColumnUse use = ColumnUse::by_values;
  std::vector<std::string> values;  // one a row; empty: absent
};

bool is_number(std::string_view text) {
  const auto number = parse_number(text);
  return number && std::isfinite(*number);
}

// The type behind the colon of "age:token", or an empty view.
std::string_view type_of(std::string_view header_field) {
  const std::size_t colon = header_field.rfind(':');
  return colon == std::string_view::npos ? std::string_view() : header_field.substr(colon + 1);
}

bool is_typed(std::span<const std::string_view> header) {
  constexpr std::array<std::string_view, 4> kTypes = {"token", "token_seq", "float", "float_seq"};
  return std::ranges::all_of(header, [&](std::string_view field) {
    return std::ranges::find(kTypes, type_of(field)) != kTypes.end();
  });
}

ColumnUse use_by_type(std::string_view header_field) {
  const std::string name = normal_name(header_field);
  const std::string_view type = type_of(header_field);
  if (type == "float") return ColumnUse::number;
  if (type == "float_seq") return ColumnUse::unused;
  // RecBole's own data sets give the age, a number, as a token.
  if (type == "token") return name == "age" ? ColumnUse::number_or_category : ColumnUse::category;
  constexpr std::array<std::string_view, 4> kWordNames = {"title", "name", "text", "description"};
  const bool has_words =
      std::ranges::any_of(kWordNames, [&](std::string_view word) { return name.contains(word); });
  return has_words ? ColumnUse::text : ColumnUse::blank_list;
}

// "title", else "name", else the first that has one of them in it.
std::optional<std::size_t> find_title(std::span<const std::string> names) {
  constexpr std::array<std::string_view, 2> kTitleNames = {"title", "name"};
  for (const std::string_view word : kTitleNames) {
    if (const auto whole = find_name(names, word)) return whole;
  }
  for (const std::string_view word : kTitleNames) {
    const auto found =
        std::ranges::find_if(names, [&](const std::string& name) { return name.contains(word); });
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  return std::nullopt;
}

Result<std::vector<Column>> property_columns(const DelimitedRows& rows) {
  const auto header = rows.fields();
  const std::vector<std::string> names = normal_names(header);
  if (const auto i = find_repeated(names)) {
    return rows.error_in_field(*i,
                               fmt::format("the header has column {} twice", quote(header[*i])));
  }
  const auto id = find_id_column(names);
  if (!id) {
    return rows.error_in_field(
        0, fmt::format("the header {} has no id column: it would be named id, {}",
                       quote(fmt::format("{}", fmt::join(header, ", "))),
                       known_names(ColumnRole::item)));
  }
  const bool has_types = is_typed(header);
  std::vector<Column> columns(header.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].name = header[i].substr(0, has_types ? header[i].rfind(':') : header[i].size());
    if (has_types) columns[i].use = use_by_type(header[i]);
    // Such as the row numbers that pandas writes.
    if (names[i].empty()) columns[i].use = ColumnUse::unused;
  }
  if (const auto title = find_title(names)) columns[*title].use = ColumnUse::title;
  columns[*id].use = ColumnUse::id;
  return columns;
}

// A number where all values are; else a list where one has a bar; else categories where values
// repeat (fewer than half as many as rows are distinct); else text.
ColumnUse use_by_values(std::span<const std::string> values, bool has_lists) {
  std::size_t n_present = 0;
  bool is_numeric = true;
  bool has_bars = false;
  boost::unordered_flat_set<std::string_view> distinct;
  for (const std::string& value : values) {
    if (value.empty()) continue;
    ++n_present;
    is_numeric = is_numeric && is_number(value);
    has_bars = has_bars || value.contains('|');
    distinct.insert(value);
  }
  if (n_present == 0) return ColumnUse::unused;
  if (is_numeric) return ColumnUse::number;
  if (!has_lists) return ColumnUse::category;
  if (has_bars) return ColumnUse::bar_list;
  return 2 * distinct.size() < n_present ? ColumnUse::category : ColumnUse::text;
}

Result<void> read_values(DelimitedRows& rows, std::vector<Column>& columns) {
  ItemIds ids;  // only to find those that stand twice
  for (;;) {
    COSENO_ASSIGN(has_row, rows.next());
    if (!has_row) return {};
    COSENO_TRY(rows.expect_fields(columns.size(), "the header"));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string_view value = rows.fields()[i];
      if (columns[i].use == ColumnUse::unused) continue;
      if (columns[i].use == ColumnUse::number && !value.empty() && !is_number(value)) {
        return rows.error_in_field(
            i, fmt::format("{} is {}, not a finite number", columns[i].name, quote(value)));
      }
      if (columns[i].use == ColumnUse::id) {
        if (!is_valid_id(value)) return rows.error_in_field(i, id_trouble("id", value));
        if (ids.find(value)) {
          return rows.error_in_field(i, fmt::format("the id {} stands twice", quote(value)));
        }
        ids.add(value);
      }
      columns[i].values.emplace_back(value);
    }
  }
}

void set_value(Record& record, const Column& column, const std::string& value) {
  if (value.empty()) return;
  const auto add = [&](PropertyKind kind, PropertyValue property) {
    record.properties.push_back({column.name, kind, std::move(property)});
  };
  switch (column.use) {
    case ColumnUse::id:
      record.id = value;
      break;
    case ColumnUse::title:
      record.title = value;
      break;
    case ColumnUse::number:
      add(PropertyKind::number, *parse_number(value));
      break;
    case ColumnUse::category:
      add(PropertyKind::category, value);
      break;
    case ColumnUse::bar_list:
      add(PropertyKind::list, split_list(value, '|'));
      break;
    case ColumnUse::blank_list:
      add(PropertyKind::list, split_list(value, ' '));
      break;
    case ColumnUse::text:
      add(PropertyKind::text, value);
      break;
    case ColumnUse::unused:
    case ColumnUse::number_or_category:  // decided by now
    case ColumnUse::by_values:
      break;
  }
}

Result<void> read_films(DelimitedRows& rows, Catalog& out) {
  for (;;) {
    COSENO_ASSIGN(has_row, rows.next());
    if (!has_row) return {};
    COSENO_TRY(rows.expect_fields(3, "the header"));
    const auto fields = rows.fields();
    if (const auto trouble = add_record(out, film_record(fields[0], fields[1], fields[2]))) {
      return rows.error_in_field(0, *trouble);
    }
  }
}

}  // namespace

Result<void> read_table_catalog(TextReader& text, std::string_view delimiter, Catalog& out) {
  DelimitedRows rows(text, delimiter);
  COSENO_ASSIGN(has_header, rows.next());
  if (!has_header) return {};
  // movies.csv of MovieLens, whose titles hold the year.
  if (normal_names(rows.fields()) == std::vector<std::string>{"movieid", "title", "genres"}) {
    return read_films(rows, out);
  }
  COSENO_ASSIGN(columns, property_columns(rows));
  COSENO_TRY(read_values(rows, columns));
  std::size_t n_rows = 0;
  for (Column& column : columns) {
    if (column.use == ColumnUse::id) n_rows = column.values.size();
    const bool has_lists = column.use == ColumnUse::by_values;
    if (has_lists || column.use == ColumnUse::number_or_category) {
      column.use = use_by_values(column.values, has_lists);
    }
  }
  for (std::size_t i = 0; i < n_rows; ++i) {
    Record record;
    for (const Column& column : columns) {
      if (column.use != ColumnUse::unused) set_value(record, column, column.values[i]);
    }
    const bool is_new = out.add(std::move(record));
    COSENO_CHECK(is_new);
  }
  return {};
}

}  // namespace coseno
