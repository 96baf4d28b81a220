// The readers behind read_interactions, one a family of formats, and the same from any source.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/progress.h"
#include "data/interaction_builder.h"
#include "data/readers.h"
#include "data/text_reader.h"
#include "data/text_source.h"

namespace coseno {

// read_interactions and read_catalog of readers.h, from any source.
Result<Interactions> read_interactions(TextSource source, const ReadOptions& options,
                                       Progress& progress, UserIds users = {}, ItemIds items = {});
Result<Catalog> read_catalog(TextSource source, Progress& progress);

// Each reads all of `text`, from its start, into `out`.
// Errors: invalid_argument with the place; those of the text.

Result<void> read_json_matrix(TextReader& text, InteractionBuilder& out);

// An object a line. Users, items, values and times under known names (data/column_names.h); other
// fields are skipped. All lines have values, or none; the same with times.
Result<void> read_json_lines(TextReader& text, InteractionBuilder& out);

// CSV, TSV and "::", with a header that names the columns, or without: user, item, rating, time.
Result<void> read_delimited(TextReader& text, std::string_view delimiter, InteractionBuilder& out);

// Where the format was found by looking (`is_detected`), a comma or "::" is an error: the first
// line had none. Where it was asked for, they belong to ids.
Result<void> read_user_lines(TextReader& text, bool is_detected, InteractionBuilder& out);

}  // namespace coseno
