// Films and users as GroupLens published them with MovieLens 100K ("|") and 1M ("::").

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/catalog_readers.h"
#include "data/delimited_rows.h"
#include "data/text_values.h"

namespace coseno {
namespace {

// The flags of u.item, in the order of u.genre.
constexpr std::array<std::string_view, 19> kGenres = {
    "unknown",     "Action", "Adventure", "Animation", "Children's", "Comedy",  "Crime",
    "Documentary", "Drama",  "Fantasy",   "Film-Noir", "Horror",     "Musical", "Mystery",
    "Romance",     "Sci-Fi", "Thriller",  "War",       "Western"};

bool is_year(std::string_view text) {
  return text.size() == 4 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void add_values(Record& record, std::string_view name, std::vector<std::string> values) {
  if (values.empty()) return;
  record.properties.push_back({std::string(name), PropertyKind::list, std::move(values)});
}

// Where a user lives, by the first character of the zip code (a tenth of the United States, or a
// province of Canada): whole codes are nearly as many as users, and tell nothing about another.
void add_zip_region(Record& user, std::string_view zip) {
  const bool is_ascii = !zip.empty() && static_cast<signed char>(zip.front()) > 0;
  if (is_ascii) add_category(user, "zip_region", zip.substr(0, 1));
}

// id | title | release date | video release date | address | 19 flags
Result<Record> film_of_bars(const DelimitedRows& rows) {
  constexpr std::size_t kFirstFlag = 5;
  const auto fields = rows.fields();
  Record film{.id = std::string(fields[0]), .title = std::string(fields[1]), .properties = {}};
  std::vector<std::string> genres;
  for (std::size_t i = 0; i < kGenres.size(); ++i) {
    const std::string_view flag = fields[kFirstFlag + i];
    if (flag != "0" && flag != "1") {
      return rows.error_in_field(
          kFirstFlag + i,
          fmt::format("the flag of genre {} is {}, not 0 or 1", kGenres[i], quote(flag)));
    }
    if (flag == "1") genres.emplace_back(kGenres[i]);
  }
  add_values(film, "genres", std::move(genres));
  const std::string_view date = fields[2];  // "01-Jan-1995", or empty
  if (date.size() > 4 && is_year(date.substr(date.size() - 4))) {
    add_category(film, "year", date.substr(date.size() - 4));
  }
  return film;
}

// id | age | gender | occupation | zip code
Result<Record> user_of_bars(const DelimitedRows& rows) {
  const auto fields = rows.fields();
  Record user{.id = std::string(fields[0]), .title = {}, .properties = {}};
  const auto age = parse_rating(fields[1]);
  if (!age) {
    return rows.error_in_field(1, fmt::format("the age {} is not a number", quote(fields[1])));
  }
  user.properties.push_back({"age", PropertyKind::number, double{*age}});
  add_category(user, "gender", fields[2]);
  add_category(user, "occupation", fields[3]);
  add_zip_region(user, fields[4]);
  return user;
}

// id :: title :: genres
Result<Record> film_of_colons(const DelimitedRows& rows) {
  const auto fields = rows.fields();
  return film_record(fields[0], fields[1], fields[2]);
}

// id :: gender :: age :: occupation :: zip code; age and occupation are codes of groups
Result<Record> user_of_colons(const DelimitedRows& rows) {
  const auto fields = rows.fields();
  Record user{.id = std::string(fields[0]), .title = {}, .properties = {}};
  add_category(user, "gender", fields[1]);
  add_category(user, "age", fields[2]);
  add_category(user, "occupation", fields[3]);
  add_zip_region(user, fields[4]);
  return user;
}

struct FieldLayout {
  std::string_view delimiter;
  std::size_t n_fields;
  Result<Record> (*record_of)(const DelimitedRows& rows);
};

constexpr std::array kLayouts = {
    FieldLayout{"|", 5 + kGenres.size(), film_of_bars},
    FieldLayout{"|", 5, user_of_bars},
    FieldLayout{"::", 3, film_of_colons},
    FieldLayout{"::", 5, user_of_colons},
};

}  // namespace

Record film_record(std::string_view id, std::string_view title, std::string_view genres) {
  Record film{.id = std::string(id), .title = std::string(title), .properties = {}};
  if (genres != "(no genres listed)") add_values(film, "genres", split_list(genres, '|'));
  while (title.ends_with(' ')) title.remove_suffix(1);
  if (title.size() > 6 && title.ends_with(')') && title[title.size() - 6] == '(') {
    const std::string_view year = title.substr(title.size() - 5, 4);
    if (is_year(year)) add_category(film, "year", year);
  }
  return film;
}

Result<void> read_movielens_catalog(TextReader& text, std::string_view delimiter, Catalog& out) {
  DelimitedRows rows(text, delimiter);
  const FieldLayout* layout = nullptr;
  for (;;) {
    COSENO_ASSIGN(has_row, rows.next());
    if (!has_row) return {};
    if (layout == nullptr) {
      const auto found = std::ranges::find_if(kLayouts, [&](const FieldLayout& known) {
        return known.delimiter == delimiter && known.n_fields == rows.fields().size();
      });
      if (found == kLayouts.end()) {
        return rows.error_in_field(
            0, fmt::format("{} columns between '{}', where movies.dat has 3 and users.dat 5",
                           rows.fields().size(), delimiter));
      }
      layout = &*found;
    }
    COSENO_TRY(rows.expect_fields(layout->n_fields, "the first line"));
    COSENO_ASSIGN(record, layout->record_of(rows));
    if (const auto trouble = add_record(out, std::move(record))) {
      return rows.error_in_field(0, *trouble);
    }
  }
}

}  // namespace coseno
