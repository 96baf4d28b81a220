// Interactions from JSON Lines.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/column_names.h"
#include "data/interaction_readers.h"
#include "data/json_record.h"
#include "data/text_values.h"

namespace coseno {
namespace {

using JsonFields = std::span<const JsonField>;

// Where to find what in an object whose fields have these names in this order.
struct Layout {
  std::vector<std::string> names;
  std::size_t user = 0;
  std::size_t item = 0;
  std::optional<std::size_t> value;
  std::optional<std::size_t> time;
};

std::unexpected<Error> missing_field(const TextReader& text, std::string_view what,
                                     ColumnRole role) {
  return text.error_in_line(1, "the object has no {}: it would be named {}", what,
                            known_names(role));
}

Result<Layout> find_layout(const TextReader& text, JsonFields fields) {
  Layout layout;
  std::vector<std::string> names;
  for (const JsonField& field : fields) {
    layout.names.push_back(field.name);
    names.push_back(normal_name(field.name));
  }
  const auto user = find_column(names, ColumnRole::user);
  const auto item = find_column(names, ColumnRole::item);
  if (!user) return missing_field(text, "user", ColumnRole::user);
  if (!item) return missing_field(text, "item", ColumnRole::item);
  layout.user = *user;
  layout.item = *item;
  layout.value = find_column(names, ColumnRole::value);
  layout.time = find_column(names, ColumnRole::time);
  return layout;
}

class JsonLinesReader {
 public:
  JsonLinesReader(TextReader& text, InteractionBuilder& out) : text_(&text), out_(&out) {}

  Result<void> read() {
    for (;;) {
      COSENO_ASSIGN(has_line, text_->next_line());
      if (!has_line) return {};
      if (text_->line().empty()) continue;
      COSENO_ASSIGN(fields, parser_.parse(*text_));
      COSENO_TRY(update_layout(fields));
      COSENO_TRY(add(fields));
    }
  }

 private:
  // Lines mostly have the same names in the same order: then the last layout stands.
  Result<void> update_layout(JsonFields fields) {
    if (layout_ && std::ranges::equal(layout_->names, fields, {}, {}, &JsonField::name)) return {};
    COSENO_ASSIGN(layout, find_layout(*text_, fields));
    if (!layout_) {
      out_->set_has_values(layout.value.has_value());
      out_->set_has_times(layout.time.has_value());
    } else {
      COSENO_TRY(expect_same("value", layout_->value.has_value(), layout.value.has_value()));
      COSENO_TRY(expect_same("time", layout_->time.has_value(), layout.time.has_value()));
    }
    layout_ = std::move(layout);
    return {};
  }

  // A missing rating is not 1, and a rating is not to be lost because the first line had none.
  Result<void> expect_same(std::string_view what, bool others_have, bool this_has) const {
    if (others_have == this_has) return {};
    return text_->error_in_line(1, "the object has {} {}, and those before have {}",
                                this_has ? "a" : "no", what, others_have ? "one" : "none");
  }

  Result<void> add(JsonFields fields) {
    COSENO_ASSIGN(user_id, id_of(*text_, fields[layout_->user], "user id"));
    COSENO_ASSIGN(item_id, id_of(*text_, fields[layout_->item], "item id"));
    Interaction interaction{.item = {}, .value = 1, .time = 0};
    if (layout_->value) {
      COSENO_ASSIGN(value, rating_of(fields[*layout_->value]));
      interaction.value = value;
    }
    if (layout_->time) {
      COSENO_ASSIGN(time, time_of(fields[*layout_->time]));
      interaction.time = time;
    }
    const UserIndex user = out_->user(user_id);
    interaction.item = out_->item(item_id);
    out_->add(user, interaction);
    return {};
  }

  Result<float> rating_of(const JsonField& field) const {
    if (field.kind != JsonField::Kind::number) return wrong_kind(*text_, field, "a number");
    const auto rating = parse_rating(field.text);
    if (!rating) return text_->error_in_line(field.column, "{}", rating_trouble(field.text));
    return *rating;
  }

  Result<std::int64_t> time_of(const JsonField& field) const {
    if (field.kind != JsonField::Kind::number && field.kind != JsonField::Kind::string) {
      return wrong_kind(*text_, field, "a number or a string");
    }
    const auto time = parse_time(field.text);
    if (!time) return text_->error_in_line(field.column, "{}", time_trouble(field.text));
    return *time;
  }

  TextReader* text_;
  InteractionBuilder* out_;
  JsonRecordParser parser_;
  std::optional<Layout> layout_;
};

}  // namespace

Result<void> read_json_lines(TextReader& text, InteractionBuilder& out) {
  return JsonLinesReader(text, out).read();
}

}  // namespace coseno
