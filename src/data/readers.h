// Files of ratings, events, items and users, in the formats that people have (docs/formats.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "data/catalog.h"
#include "data/interactions.h"

namespace coseno {

// The kinds of file with interactions.
enum class InteractionFormat {
  json_matrix,   // {"user": {"item": 4, ...}, ...}
  json_lines,    // {"user": "u", "item": "i", "value"?: 4, "time"?: 0} a line
  csv,           // comma, with or without a header
  tsv,           // tab, with or without a header; RecBole's .inter among them
  double_colon,  // user::item::rating::time
  user_lines,    // user item item ..., oldest first, separated by blanks
};

// The format of that name ("json-matrix", "json-lines", "csv", "tsv", "double-colon",
// "user-lines"), or nothing.
std::optional<InteractionFormat> interaction_format(std::string_view name);

struct ReadOptions {
  // Absent: found by looking at the content.
  std::optional<InteractionFormat> format;
};

// Reads `path` ("-" is standard input; gzip and zstd are seen by their first bytes) as a stream.
// Ids get the numbers of `users` and `items` where they are there already, new ones otherwise; so a
// test file is read with the ids of its training file.
// Errors: not_found; io; invalid_argument with file, line and column (which counts bytes); corrupt
// with the byte offset, for damaged gzip or zstd; cancelled. A file without any interaction is an
// error. Memory: 20 bytes an interaction and the ids; while it reads, 1 MB more, and 32 MiB more at
// most for ids that are whole numbers. Time: about 0.13 microseconds a line, 0.4 for JSON Lines.
Result<Interactions> read_interactions(const std::string& path, const ReadOptions& options,
                                       Progress& progress, UserIds users = {}, ItemIds items = {});

// Reads a file of items or users with titles and properties: MovieLens u.item (Latin-1),
// movies.csv, movies.dat, u.user, users.dat, RecBole .item and .user, CSV and TSV with a header,
// JSON Lines with "id" (or "item", "user"). Found by looking. Errors as above; an id twice is one.
// Memory: the text and the records.
Result<Catalog> read_catalog(const std::string& path, Progress& progress);

// One id a line; empty lines are skipped. Errors as above.
Result<std::vector<std::string>> read_ids(const std::string& path);

}  // namespace coseno
