#include "server/lists.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/answer_json.h"
#include "server/cursor.h"
#include "server/json_body.h"

namespace coseno::server {
namespace {

constexpr std::size_t kFingerprintBytes = 8;
// Of an item: that two of 1000 shown and 1000 new ones are taken for one has a chance of 4e-9.
constexpr std::size_t kShownBytes = 6;

std::string shown_hash(std::string_view item) {
  std::string bytes;
  append_number(hash_of(item), kShownBytes, bytes);
  return bytes;
}

// Items of the pages before, from a cursor.
class Shown {
 public:
  static Answer<Shown> of(const ListRequest& request, std::uint64_t fingerprint) {
    Shown shown;
    append_number(fingerprint, kFingerprintBytes, shown.bytes_);
    if (request.cursor().empty()) return shown;
    COSENO_ASSIGN(bytes, read_cursor(CursorKind::list, request.cursor()));
    if (bytes.size() < kFingerprintBytes ||
        bytes.size() % kShownBytes != kFingerprintBytes % kShownBytes) {
      return invalid_cursor("is none of this server's");
    }
    if (!bytes.starts_with(shown.bytes_)) return invalid_cursor("is of a request for another list");
    shown.bytes_ = std::move(bytes);
    return shown;
  }

  std::size_t size() const { return (bytes_.size() - kFingerprintBytes) / kShownBytes; }

  bool contains(std::string_view item) const {
    const std::string hash = shown_hash(item);
    for (std::size_t at = kFingerprintBytes; at < bytes_.size(); at += kShownBytes) {
      if (bytes_.compare(at, kShownBytes, hash) == 0) return true;
    }
    return false;
  }

  void add(std::string_view item) { append_number(hash_of(item), kShownBytes, bytes_); }

  std::string cursor() const { return make_cursor(CursorKind::list, bytes_); }

 private:
  std::string bytes_;
};

// Leaves of `list` the first k that were not shown.
void keep_page(const Shown& shown, std::size_t k, Recommendations& list) {
  if (shown.size() > 0) {
    std::erase_if(list.items,
                  [&](const RecommendedItem& item) { return shown.contains(item.item); });
  }
  if (list.items.size() > k)
    list.items.erase(list.items.begin() + static_cast<std::ptrdiff_t>(k), list.items.end());
}

// The field that the engine's error is about.
std::string list_field(std::string_view message, std::string_view prefix) {
  // As the engine's errors begin, and the member that each speaks of.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kWords = {
      {{"k must", "k"},
       {"filter", "filter"},
       {"boost", "boosts"},
       {"cap", "caps"},
       {"pinned", "pinned"},
       {"pin", "pinned"},
       {"diversity", "diversity"},
       {"calibrat", "calibrate"},
       {"exploration", "exploration"},
       {"history", "history"},
       {"min_position", "min_position"},
       {"there is no item", "item"}}};
  for (const auto& [word, field] : kWords) {
    if (!message.starts_with(word)) continue;
    return field == "item" ? "item" : std::string(prefix) + std::string(field);
  }
  return "";
}

Reply list_reply(const Engine& engine, const Recommendations& list, bool has_titles,
                 const std::optional<std::string>& next) {
  std::string body;
  body.reserve(64 + 64 * list.items.size());
  body += '{';
  const std::vector<std::string> titles =
      has_titles ? titles_of(engine, list.items) : std::vector<std::string>();
  append_list(list, titles, body);
  if (next) {
    body += ", \"next\": ";
    append_json(*next, body);
  }
  body += '}';
  return json_reply(std::move(body));
}

Answer<Reply> answer(const ListContext& context, ListRequest& request, std::string_view user,
                     std::string_view prefix) {
  COSENO_ASSIGN(shown, Shown::of(request, request.fingerprint(user)));
  if (shown.size() >= context.options.max_k)
    return invalid_cursor("is of more pages than there are");
  const std::size_t k = std::min(request.k(), context.options.max_k - shown.size());
  RecommendRequest wanted = request.for_user(user, shown.size());
  wanted.k = k + shown.size();
  Result<Recommendations> list = context.engine.recommend(wanted);
  if (!list) return std::unexpected(list_problem(std::move(list).error(), prefix));
  keep_page(shown, k, *list);
  for (const RecommendedItem& item : list->items) shown.add(item.item);
  std::optional<std::string> next;
  if (list->items.size() == k && shown.size() < context.options.max_k) next = shown.cursor();
  return list_reply(context.engine, *list, request.has_titles(), next);
}

// k, filter and titles of a list that is nobody's.
struct PlainList {
  std::size_t k = 10;
  std::string filter;
  bool has_titles = false;
};

Answer<PlainList> plain_list(const ListContext& context, const Call& call) {
  COSENO_ASSIGN(query, call.query());
  PlainList plain;
  COSENO_ASSIGN(k, query.whole_number("k"));
  plain.k = k.value_or(std::min(context.defaults.k, context.options.max_k));
  if (plain.k < 1 || plain.k > context.options.max_k) {
    return bad_request("k", "k must be in [1, {}], not {}", context.options.max_k, plain.k);
  }
  COSENO_ASSIGN(filter, query.text("filter"));
  plain.filter = std::move(filter).value_or("");
  COSENO_ASSIGN(titles, query.truth("titles"));
  plain.has_titles = titles.value_or(false);
  COSENO_TRY(query.end());
  return plain;
}

Answer<Reply> plain_reply(const Engine& engine, Result<Recommendations> list, bool has_titles) {
  if (!list) return std::unexpected(list_problem(std::move(list).error(), ""));
  return list_reply(engine, *list, has_titles, std::nullopt);
}

}  // namespace

Problem list_problem(Error error, std::string_view prefix) {
  Problem problem(std::move(error));
  if (problem.status != 500) problem.field = list_field(problem.detail, prefix);
  return problem;
}

Answer<Reply> recommend(const ListContext& context, const Call& call) {
  COSENO_ASSIGN(user, call.id("user"));
  if (call.request.method == "GET") {
    COSENO_ASSIGN(query, call.query());
    COSENO_ASSIGN(request, ListRequest::of_query(query, context.defaults, context.options, true));
    return answer(context, request, user, "");
  }
  COSENO_TRY(call.no_query());
  JsonBody body;
  COSENO_ASSIGN(value, body.parse(call.request, context.options.max_json_depth));
  COSENO_ASSIGN(request, ListRequest::of_body(*value, context.defaults, context.options, false));
  return answer(context, request, user, "/");
}

Answer<Reply> recommend_session(const ListContext& context, const Call& call) {
  COSENO_TRY(call.no_query());
  JsonBody body;
  COSENO_ASSIGN(value, body.parse(call.request, context.options.max_json_depth));
  COSENO_ASSIGN(request, ListRequest::of_body(*value, context.defaults, context.options, true));
  return answer(context, request, "", "/");
}

Answer<Reply> similar_items(const ListContext& context, const Call& call) {
  COSENO_ASSIGN(item, call.id("item"));
  COSENO_ASSIGN(plain, plain_list(context, call));
  // What was deleted has its past still, and is not told of any more.
  COSENO_ASSIGN(known, context.engine.item(item));
  if (!known) {
    return std::unexpected(
        Problem(404, "not_found", fmt::format("there is no item '{}'", item), "item"));
  }
  return plain_reply(context.engine, context.engine.similar(item, plain.k, plain.filter),
                     plain.has_titles);
}

Answer<Reply> trending(const ListContext& context, const Call& call) {
  COSENO_ASSIGN(plain, plain_list(context, call));
  return plain_reply(context.engine, context.engine.trending(plain.k, plain.filter),
                     plain.has_titles);
}

}  // namespace coseno::server
