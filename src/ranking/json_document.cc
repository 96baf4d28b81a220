#include "ranking/json_document.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "data/text_reader.h"
#include "data/text_values.h"

namespace coseno {
namespace {

namespace json = boost::json;

// Of one object. Most have few, and then looking at all is faster than a tree.
class NameSet {
 public:
  // False where it is there.
  bool insert(const std::string& name) {
    if (std::ranges::find(few_, name) != few_.end()) return false;
    if (few_.size() == kFew) return many_.insert(name).second;
    few_.push_back(name);
    return true;
  }

 private:
  static constexpr std::size_t kFew = 16;
  std::vector<std::string> few_;
  std::set<std::string> many_;
};

// Called by json::basic_parser. Returning false with `error` set ends the parsing; then trouble()
// says why. Text comes in parts where it has escapes.
class DocumentHandler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit DocumentHandler(json::storage_ptr storage) { stack_.reset(std::move(storage)); }

  json::value release() { return stack_.release(); }
  const std::string& trouble() const { return trouble_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) {
    begin_value();
    levels_.push_back({.is_array = false});
    return true;
  }
  bool on_object_end(std::size_t n, json::error_code&) {
    levels_.pop_back();
    stack_.push_object(n);
    return true;
  }

  bool on_array_begin(json::error_code&) {
    begin_value();
    levels_.push_back({.is_array = true});
    return true;
  }
  bool on_array_end(std::size_t n, json::error_code&) {
    levels_.pop_back();
    stack_.push_array(n);
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_ += part;
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    text_ += part;
    Level& level = levels_.back();
    if (!level.names.insert(text_)) {
      level.name.clear();
      return end_with(fmt::format("{} stands twice in one object", quote(text_)), error);
    }
    stack_.push_key(text_);
    level.name = std::move(text_);
    text_.clear();
    return true;
  }

  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text_ += part;
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    begin_value();
    text_ += part;
    stack_.push_string(text_);
    text_.clear();
    return true;
  }

  bool on_number_part(json::string_view part, json::error_code&) {
    text_ += part;
    return true;
  }
  bool on_int64(std::int64_t, json::string_view part, json::error_code& error) {
    return on_number(part, error);
  }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code& error) {
    return on_number(part, error);
  }
  bool on_double(double, json::string_view part, json::error_code& error) {
    return on_number(part, error);
  }

  bool on_bool(bool value, json::error_code&) {
    begin_value();
    stack_.push_bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    begin_value();
    stack_.push_null();
    return true;
  }

  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  struct Level {
    bool is_array;
    std::size_t n_elements = 0;  // of an array, begun so far
    std::string name = {};       // of an object: whose value is being read
    NameSet names = {};
  };

  void begin_value() {
    if (!levels_.empty() && levels_.back().is_array) ++levels_.back().n_elements;
  }

  // By the text and not by what the parser made of it, which can be off by the last bit.
  bool on_number(json::string_view part, json::error_code& error) {
    begin_value();
    text_ += part;
    const double number = parse_number(text_).value_or(NAN);
    if (!std::isfinite(number)) {
      return end_with(fmt::format("{} is out of a double's range", quote(text_)), error);
    }
    // Below 2^53 every whole number is a double; above, its digits tell whether this one is.
    if (std::abs(number) >= 0x1p53 && text_.find_first_of(".eE") == std::string::npos &&
        fmt::format("{:.0f}", number) != text_) {
      return end_with(
          fmt::format("{} has more digits than a double keeps: write it as a string", quote(text_)),
          error);
    }
    text_.clear();
    stack_.push_double(number + 0.0);  // 0 for -0
    return true;
  }

  bool end_with(std::string_view trouble, json::error_code& error) {
    std::string place;
    for (const Level& level : levels_) {
      if (level.is_array) {
        place = json_pointer(place, level.n_elements - 1);
      } else if (!level.name.empty()) {
        place = json_pointer(place, level.name);
      }
    }
    trouble_ = place.empty() ? std::string(trouble) : fmt::format("{}: {}", place, trouble);
    error = json::make_error_code(json::error::syntax);  // any: trouble() goes before it
    return false;
  }

  json::value_stack stack_;
  std::vector<Level> levels_;
  std::string text_;  // of the name, string or number that is being read
  std::string trouble_;
};

}  // namespace

Result<json::value> parse_json_document(std::string_view text, std::size_t max_bytes,
                                        std::size_t max_depth, json::storage_ptr storage) {
  if (text.size() > max_bytes) {
    return invalid_argument("the JSON is {} bytes long: at most {}", text.size(), max_bytes);
  }
  json::parse_options options;
  options.max_depth = max_depth;
  json::basic_parser<DocumentHandler> parser(options, std::move(storage));
  json::error_code error;
  const std::size_t n_parsed = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    if (!parser.handler().trouble().empty()) {
      return invalid_argument("{}", parser.handler().trouble());
    }
    if (error == json::error::too_deep) {
      return invalid_argument("the JSON is nested deeper than {} levels", max_depth);
    }
    if (n_parsed == text.size()) return invalid_argument("the JSON ends too early");
    return invalid_argument("not valid JSON at byte {} ({})", n_parsed + 1, error.message());
  }
  if (const std::size_t extra = text.find_first_not_of(" \t\r\n", n_parsed);
      extra != std::string_view::npos) {
    return invalid_argument("more text behind the end of the JSON, at byte {}", extra + 1);
  }
  return parser.handler().release();
}

std::string json_pointer(std::string_view parent, std::string_view name) {
  const std::string quoted = quote(name);
  std::string pointer(parent);
  pointer += '/';
  for (const char c : std::string_view(quoted).substr(1, quoted.size() - 2)) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

std::string json_pointer(std::string_view parent, std::size_t place) {
  return fmt::format("{}/{}", parent, place);
}

std::string_view json_kind(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return {};
}

}  // namespace coseno
