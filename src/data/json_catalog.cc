// A catalogue from JSON Lines.

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/catalog_readers.h"
#include "data/column_names.h"
#include "data/json_record.h"
#include "data/text_values.h"

namespace coseno {
namespace {

using JsonFields = std::span<const JsonField>;
using Kind = JsonField::Kind;

// Names of words rather than of one category.
constexpr std::array<std::string_view, 7> kTextNames = {"description", "text", "summary", "plot",
                                                        "overview",    "name", "title"};

std::string_view kind_of_property(PropertyKind kind) {
  switch (kind) {
    case PropertyKind::number:
      return "a number";
    case PropertyKind::category:
      return "a category";
    case PropertyKind::list:
      return "a list";
    case PropertyKind::text:
      return "a text";
  }
  return {};
}

class JsonCatalogReader {
 public:
  JsonCatalogReader(TextReader& text, Catalog& out) : text_(&text), out_(&out) {}

  Result<void> read() {
    for (;;) {
      COSENO_ASSIGN(has_line, text_->next_line());
      if (!has_line) return {};
      if (text_->line().empty()) continue;
      COSENO_ASSIGN(fields, parser_.parse(*text_));
      COSENO_TRY(add(fields));
    }
  }

 private:
  Result<void> add(JsonFields fields) {
    std::vector<std::string> names;
    for (const JsonField& field : fields) names.push_back(normal_name(field.name));
    const auto id = find_id_column(names);
    if (!id) {
      return text_->error_in_line(1, "the object has no id: it would be named id, {}",
                                  known_names(ColumnRole::item));
    }
    auto title = find_name(names, "title");
    if (!title) title = find_name(names, "name");
    Record record;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i == *id) {
        COSENO_ASSIGN(value, id_of(*text_, fields[i], "id"));
        record.id = value;
      } else if (i == title) {
        COSENO_TRY(set_title(record, fields[i]));
      } else {
        COSENO_TRY(add_property(record, fields[i], names[i]));
      }
    }
    if (const auto trouble = add_record(*out_, std::move(record))) {
      return text_->error_in_line(fields[*id].column, "{}", *trouble);
    }
    return {};
  }

  Result<void> set_title(Record& record, const JsonField& field) const {
    if (field.kind == Kind::null) return {};
    if (field.kind != Kind::string) return wrong_kind(*text_, field, "a string");
    record.title = field.text;
    return {};
  }

  Result<void> add_property(Record& record, const JsonField& field,
                            const std::string& normal_name) {
    switch (field.kind) {
      case Kind::null:
        return {};
      case Kind::number: {
        const auto number = parse_number(field.text);
        if (!number || !std::isfinite(*number)) {
          return text_->error_in_line(field.column, "{} is {}, not a finite number",
                                      quote(field.name), quote(field.text));
        }
        return add_value(record, field, PropertyKind::number, *number);
      }
      case Kind::boolean:
        return add_value(record, field, PropertyKind::category, field.text);
      case Kind::string: {
        if (field.text.empty()) return {};
        const bool is_text = std::ranges::find(kTextNames, normal_name) != kTextNames.end();
        return add_value(record, field, is_text ? PropertyKind::text : PropertyKind::category,
                         field.text);
      }
      case Kind::list:
        if (field.strings.empty()) return {};
        return add_value(record, field, PropertyKind::list, field.strings);
      case Kind::other:
        return wrong_kind(*text_, field, "a string, a number, true, false, or a list of strings");
    }
    return {};
  }

  // A property is of one kind in all lines: a number in one and a word in another cannot be
  // compared.
  Result<void> add_value(Record& record, const JsonField& field, PropertyKind kind,
                         PropertyValue value) {
    const PropertyKind first = kinds_.emplace(field.name, kind).first->second;
    if (first != kind) {
      return text_->error_in_line(field.column, "{} is {} here, and {} in a line before",
                                  quote(field.name), kind_of_property(kind),
                                  kind_of_property(first));
    }
    record.properties.push_back({field.name, kind, std::move(value)});
    return {};
  }

  TextReader* text_;
  Catalog* out_;
  JsonRecordParser parser_;
  boost::unordered_flat_map<std::string, PropertyKind> kinds_;
};

}  // namespace

Result<void> read_json_catalog(TextReader& text, Catalog& out) {
  return JsonCatalogReader(text, out).read();
}

}  // namespace coseno
