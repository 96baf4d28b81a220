#include "data/readers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/format_detection.h"
#include "data/interaction_readers.h"
#include "data/text_values.h"

namespace coseno {
namespace {

struct NamedFormat {
  std::string_view name;
  InteractionFormat format;
};

constexpr std::array kFormats = {
    NamedFormat{"json-matrix", InteractionFormat::json_matrix},
    NamedFormat{"json-lines", InteractionFormat::json_lines},
    NamedFormat{"csv", InteractionFormat::csv},
    NamedFormat{"tsv", InteractionFormat::tsv},
    NamedFormat{"double-colon", InteractionFormat::double_colon},
    NamedFormat{"user-lines", InteractionFormat::user_lines},
};

Result<void> read_as(InteractionFormat format, bool is_detected, TextReader& text,
                     InteractionBuilder& out) {
  switch (format) {
    case InteractionFormat::json_matrix:
      return read_json_matrix(text, out);
    case InteractionFormat::json_lines:
      return read_json_lines(text, out);
    case InteractionFormat::csv:
      return read_delimited(text, ",", out);
    case InteractionFormat::tsv:
      return read_delimited(text, "\t", out);
    case InteractionFormat::double_colon:
      return read_delimited(text, "::", out);
    case InteractionFormat::user_lines:
      return read_user_lines(text, is_detected, out);
  }
  return {};
}

Result<InteractionFormat> find_format(TextReader& text) {
  COSENO_ASSIGN(head, text.head());
  if (first_line(head).starts_with('[')) {
    return invalid_argument(
        "{}: a JSON array is not read: write an object a line (JSON Lines), or one object "
        "{{user: {{item: rating}}}}",
        text.name());
  }
  const InteractionFormat format = detect_format(head);
  if (format == InteractionFormat::user_lines) {
    if (const auto trouble = user_lines_trouble(head)) return text.error_at({}, *trouble);
  }
  return format;
}

// Why a file with users has no interactions.
std::string_view emptiness_trouble(InteractionFormat format) {
  if (format == InteractionFormat::user_lines) {
    return "one column: no line has an item behind its user, and no separator is known (tab, "
           "comma, "
           "'::')";
  }
  return "no user has a rating";
}

}  // namespace

std::optional<InteractionFormat> interaction_format(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &NamedFormat::name);
  if (found == kFormats.end()) return std::nullopt;
  return found->format;
}

Result<Interactions> read_interactions(TextSource source, const ReadOptions& options,
                                       Progress& progress, UserIds users, ItemIds items) {
  TextReader text(std::move(source), progress);
  InteractionBuilder builder(std::move(users), std::move(items));
  InteractionFormat format = options.format.value_or(InteractionFormat::csv);
  if (!options.format) {
    COSENO_ASSIGN(found, find_format(text));
    format = found;
  }
  COSENO_TRY(read_as(format, !options.format, text, builder));
  if (!builder.has_users()) return invalid_argument("{}: no interactions in it", text.name());
  Interactions interactions = builder.take();
  if (interactions.size() == 0) return text.error_at({}, emptiness_trouble(format));
  return interactions;
}

Result<Interactions> read_interactions(const std::string& path, const ReadOptions& options,
                                       Progress& progress, UserIds users, ItemIds items) {
  COSENO_ASSIGN(source, TextSource::open(path));
  return read_interactions(std::move(source), options, progress, std::move(users),
                           std::move(items));
}

Result<Catalog> read_catalog(const std::string& path, Progress& progress) {
  COSENO_ASSIGN(source, TextSource::open(path));
  return read_catalog(std::move(source), progress);
}

Result<std::vector<std::string>> read_ids(const std::string& path) {
  COSENO_ASSIGN(source, TextSource::open(path));
  Progress silent;
  TextReader text(std::move(source), silent);
  std::vector<std::string> ids;
  for (;;) {
    COSENO_ASSIGN(has_line, text.next_line());
    if (!has_line) return ids;
    if (text.line().empty()) continue;
    if (!is_valid_id(text.line())) {
      return text.error_in_line(1, "{}", id_trouble("id", text.line()));
    }
    ids.emplace_back(text.line());
  }
}

}  // namespace coseno
