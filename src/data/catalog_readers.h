// The readers behind read_catalog, one a family of formats.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/catalog.h"
#include "data/text_reader.h"

namespace coseno {

// Each reads all of `text`, from its start, into `out`, which is empty.
// Errors: invalid_argument with the place; those of the text.

// u.item and u.user ("|"), movies.dat and users.dat ("::").
Result<void> read_movielens_catalog(TextReader& text, std::string_view delimiter, Catalog& out);

// CSV or TSV with a header: movies.csv, RecBole's .item and .user, and any other.
Result<void> read_table_catalog(TextReader& text, std::string_view delimiter, Catalog& out);

// An object a line.
Result<void> read_json_catalog(TextReader& text, Catalog& out);

// Adds the record, or says what is wrong with its id.
std::optional<std::string> add_record(Catalog& out, Record record);

// Appends a category, where `value` is not empty.
void add_category(Record& record, std::string_view name, std::string_view value);

// The pieces of `text` between separators, empty ones left out.
std::vector<std::string> split_list(std::string_view text, char separator);

// A film as movies.csv and movies.dat have it: the genres a list, split at "|", and the year at the
// end of the title, "Toy Story (1995)", a category: films of 1994 and 1995 are no nearer to each
// other in taste than a category tells, and it needs no bins. The title stays as it is.
Record film_record(std::string_view id, std::string_view title, std::string_view genres);

}  // namespace coseno
