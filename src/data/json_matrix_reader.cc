// Interactions from {"user": {"item": 4, ...}, ...}, one JSON object of any size.
//
// Boost.JSON's parser calls us at each key and number as the blocks of text go through it, so that
// nothing of the text is kept. A duplicate key is found by what a number was last used for: a bit a
// user, and a stamp an item.

#include <boost/json/basic_parser_impl.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/interaction_readers.h"
#include "data/json_trouble.h"
#include "data/text_values.h"

namespace coseno {
namespace {

namespace json = boost::json;

// Called by json::basic_parser. Returning false with `error` set ends the parsing.
class MatrixHandler {
 public:
  // No limit: what must be short, the ids, is checked here.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit MatrixHandler(InteractionBuilder& out) : out_(&out) {}

  // What is wrong, where it was this handler that ended the parsing; otherwise empty.
  const std::string& trouble() const { return trouble_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code& error) {
    if (depth_ == 2) return refuse("an object", error);
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    --depth_;
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code& error) {
    if (is_key_done_) key_.clear();
    is_key_done_ = false;
    key_ += part;
    // Not one that is endless.
    return key_.size() <= kMaxIdBytes || end_with(id_trouble(key_kind(), key_), error);
  }
  bool on_key(json::string_view part, std::size_t size, json::error_code& error) {
    if (!on_key_part(part, size, error)) return false;
    is_key_done_ = true;
    if (!is_valid_id(key_)) return end_with(id_trouble(key_kind(), key_), error);
    return depth_ == 1 ? begin_user(error) : begin_item(error);
  }

  bool on_number_part(json::string_view part, json::error_code&) {
    number_ += part;
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

  bool on_array_begin(json::error_code& error) { return refuse("an array", error); }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code& error) {
    return refuse("a string", error);
  }
  bool on_string(json::string_view, std::size_t, json::error_code& error) {
    return refuse("a string", error);
  }
  bool on_bool(bool, json::error_code& error) { return refuse("true or false", error); }
  bool on_null(json::error_code& error) { return refuse("null", error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  std::string_view key_kind() const { return depth_ == 1 ? "user id" : "item id"; }

  bool begin_user(json::error_code& error) {
    user_ = out_->user(key_);
    if (seen_users_.size() <= offset(user_)) seen_users_.resize(2 * offset(user_) + 1);
    if (seen_users_[offset(user_)]) {
      return end_with(fmt::format("duplicate key: user {} stands twice", quote(key_)), error);
    }
    seen_users_[offset(user_)] = true;
    ++n_users_;
    return true;
  }

  bool begin_item(json::error_code& error) {
    item_ = out_->item(key_);
    if (last_user_of_.size() <= offset(item_)) last_user_of_.resize(2 * offset(item_) + 1);
    if (last_user_of_[offset(item_)] == n_users_) {
      return end_with(fmt::format("duplicate key: item {} stands twice with its user", quote(key_)),
                      error);
    }
    last_user_of_[offset(item_)] = n_users_;
    return true;
  }

  bool on_number(json::string_view part, json::error_code& error) {
    // The text rather than Boost's value, which is not always the nearest double: the same digits
    // must give the same rating in every format.
    std::string_view text(part.data(), part.size());
    if (!number_.empty()) text = number_ += part;
    if (depth_ < 2) return refuse("a number", error);
    const auto rating = parse_rating(text);
    if (!rating) return end_with(rating_trouble(text), error);
    out_->add(user_, {.item = item_, .value = *rating, .time = 0});
    number_.clear();
    return true;
  }

  bool refuse(std::string_view what, json::error_code& error) {
    switch (depth_) {
      case 0:
        return end_with(fmt::format("expected an object of users, not {}", what), error);
      case 1:
        return end_with(fmt::format("user {} must have an object of ratings by item, not {}",
                                    quote(key_), what),
                        error);
      default:
        return end_with(
            fmt::format("the rating of item {} must be a number, not {}", quote(key_), what),
            error);
    }
  }

  bool end_with(std::string trouble, json::error_code& error) {
    trouble_ = std::move(trouble);
    error = json::make_error_code(json::error::syntax);  // any: `trouble_` goes before it
    return false;
  }

  InteractionBuilder* out_;
  int depth_ = 0;  // 1 among the users, 2 among a user's items
  std::string key_;
  bool is_key_done_ = false;
  std::string number_;  // what came of it in earlier blocks
  UserIndex user_{};
  ItemIndex item_{};
  std::uint32_t n_users_ = 0;
  std::vector<bool> seen_users_;
  std::vector<std::uint32_t> last_user_of_;  // by item: n_users_ when it was last met
  std::string trouble_;
};

}  // namespace

Result<void> read_json_matrix(TextReader& text, InteractionBuilder& out) {
  out.set_has_values(true);
  json::basic_parser<MatrixHandler> parser(json::parse_options(), out);
  for (;;) {
    COSENO_ASSIGN(block, text.next_block());
    const bool is_last = block.empty();
    std::size_t n_parsed = 0;
    if (!parser.done()) {
      json::error_code error;
      n_parsed = parser.write_some(!is_last, block.data(), block.size(), error);
      if (error) {
        const std::string& trouble = parser.handler().trouble();
        return text.error_in_block(n_parsed, "{}",
                                   trouble.empty() ? json_trouble(error, is_last) : trouble);
      }
    }
    const std::size_t extra = block.find_first_not_of(" \t\r\n", n_parsed);
    if (parser.done() && extra != std::string_view::npos) {
      return text.error_in_block(extra, "more text behind the end of the JSON object");
    }
    if (is_last) return {};
  }
}

}  // namespace coseno
