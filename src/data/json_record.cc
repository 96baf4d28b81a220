#include "data/json_record.h"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <functional>

#include "data/json_trouble.h"
#include "data/text_values.h"

namespace coseno {
namespace {

namespace json = boost::json;

// Called by json::basic_parser. Returning false with `error` set ends the parsing. A line is
// parsed in one piece, but text with escapes comes in parts all the same.
class RecordHandler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  void begin(std::string_view line) {
    line_ = line;
    fields_.clear();
    depth_ = 0;
    text_.clear();
    trouble_.clear();
  }

  std::span<const JsonField> fields() const { return fields_; }
  const std::string& trouble() const { return trouble_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) {
    if (depth_ > 0) fields_.back().kind = JsonField::Kind::other;
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    --depth_;
    return true;
  }

  bool on_array_begin(json::error_code& error) {
    if (depth_ == 0) return expected_object(error);
    fields_.back().kind = depth_ == 1 ? JsonField::Kind::list : JsonField::Kind::other;
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    --depth_;
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_ += part;
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    const bool is_in_one_piece = text_.empty();
    text_ += part;
    if (depth_ == 1 && !begin_field(is_in_one_piece ? column_of(part) : 1, error)) return false;
    text_.clear();
    return true;
  }

  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text_ += part;
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    text_ += part;
    if (depth_ == 2 && fields_.back().kind == JsonField::Kind::list) {
      fields_.back().strings.push_back(text_);
      text_.clear();
      return true;
    }
    return on_scalar(JsonField::Kind::string, error);
  }

  bool on_number_part(json::string_view part, json::error_code&) {
    text_ += part;
    return true;
  }
  bool on_int64(std::int64_t, json::string_view part, json::error_code& error) {
    text_ += part;
    return on_scalar(JsonField::Kind::number, error);
  }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code& error) {
    text_ += part;
    return on_scalar(JsonField::Kind::number, error);
  }
  bool on_double(double, json::string_view part, json::error_code& error) {
    text_ += part;
    return on_scalar(JsonField::Kind::number, error);
  }
  bool on_bool(bool value, json::error_code& error) {
    text_ = value ? "true" : "false";
    return on_scalar(JsonField::Kind::boolean, error);
  }
  bool on_null(json::error_code& error) { return on_scalar(JsonField::Kind::null, error); }

  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  // Where `part` stands in the line, or 1 where the parser has it elsewhere.
  std::size_t column_of(json::string_view part) const {
    const std::less_equal<> is_before;
    if (!is_before(line_.data(), part.data()) ||
        !is_before(part.data(), line_.data() + line_.size())) {
      return 1;
    }
    return static_cast<std::size_t>(part.data() - line_.data()) + 1;
  }

  bool begin_field(std::size_t column, json::error_code& error) {
    if (std::ranges::find(fields_, text_, &JsonField::name) != fields_.end()) {
      return end_with(fmt::format("duplicate key {}", quote(text_)), error);
    }
    if (fields_.size() == JsonRecordParser::kMaxFields) {
      return end_with(fmt::format("more than {} fields", JsonRecordParser::kMaxFields), error);
    }
    JsonField& field = fields_.emplace_back();
    field.name = text_;
    field.column = column;
    return true;
  }

  bool on_scalar(JsonField::Kind kind, json::error_code& error) {
    if (depth_ == 0) return expected_object(error);
    JsonField& field = fields_.back();
    field.kind = depth_ == 1 ? kind : JsonField::Kind::other;
    if (depth_ == 1) field.text = text_;
    text_.clear();
    return true;
  }

  bool expected_object(json::error_code& error) {
    return end_with("expected a JSON object, {...}", error);
  }

  bool end_with(std::string trouble, json::error_code& error) {
    trouble_ = std::move(trouble);
    error = json::make_error_code(json::error::syntax);  // any: `trouble_` goes before it
    return false;
  }

  std::string_view line_;
  std::vector<JsonField> fields_;
  int depth_ = 0;     // of objects and arrays
  std::string text_;  // of the key or value that is being read
  std::string trouble_;
};

std::string_view kind_name(JsonField::Kind kind) {
  switch (kind) {
    case JsonField::Kind::null:
      return "null";
    case JsonField::Kind::boolean:
      return "true or false";
    case JsonField::Kind::number:
      return "a number";
    case JsonField::Kind::string:
      return "a string";
    case JsonField::Kind::list:
      return "a list of strings";
    case JsonField::Kind::other:
      return "an object or a list of other things than strings";
  }
  return {};
}

}  // namespace

std::unexpected<Error> wrong_kind(const TextReader& text, const JsonField& field,
                                  std::string_view expected) {
  return text.error_in_line(field.column, "{} must be {}, not {}", quote(field.name), expected,
                            kind_name(field.kind));
}

Result<std::string_view> id_of(const TextReader& text, const JsonField& field,
                               std::string_view what) {
  const bool is_whole_number = field.kind == JsonField::Kind::number &&
                               field.text.find_first_not_of("-0123456789") == std::string::npos;
  if (field.kind != JsonField::Kind::string && !is_whole_number) {
    return wrong_kind(text, field, "a string or a whole number");
  }
  if (!is_valid_id(field.text)) {
    return text.error_in_line(field.column, "{}", id_trouble(what, field.text));
  }
  return field.text;
}

struct JsonRecordParser::Parser : json::basic_parser<RecordHandler> {
  Parser() : basic_parser(json::parse_options()) {}
};

JsonRecordParser::JsonRecordParser() : parser_(std::make_unique<Parser>()) {}
JsonRecordParser::~JsonRecordParser() = default;

Result<std::span<const JsonField>> JsonRecordParser::parse(const TextReader& text) {
  const std::string_view line = text.line();
  RecordHandler& handler = parser_->handler();
  parser_->reset();
  handler.begin(line);
  json::error_code error;
  const std::size_t n_parsed = parser_->write_some(false, line.data(), line.size(), error);
  if (error) {
    // A line that has its end is not cut short: the object goes on in the next.
    if (handler.trouble().empty() && n_parsed == line.size() && !text.line_is_open()) {
      return text.error_in_line(n_parsed + 1,
                                "the JSON ends in this line; JSON Lines needs one object a line");
    }
    return text.error_in_line(n_parsed + 1, "{}",
                              handler.trouble().empty()
                                  ? json_trouble(error, n_parsed == line.size())
                                  : handler.trouble());
  }
  const std::size_t extra = line.find_first_not_of(" \t", n_parsed);
  if (extra != std::string_view::npos) {
    return text.error_in_line(extra + 1, "more text behind the end of the JSON object");
  }
  return handler.fields();
}

}  // namespace coseno
