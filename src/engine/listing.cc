#include "engine/listing.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <variant>

#include "math/top_k.h"
#include "ranking/item_filter.h"

namespace coseno {
namespace {

constexpr std::size_t kMaxLimit = 1000;
constexpr std::size_t kMaxSimilar = 1000;
// Items looked at under one lock, so that nobody waits long who puts one.
constexpr std::size_t kItemsALock = 10'000;

Result<void> check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kMaxLimit) return {};
  return invalid_argument("limit must be in [1, {}], not {}", kMaxLimit, limit);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Bytes of other letters than those of ASCII are parts of words.
bool is_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : text) {
    if (is_of_word(c)) {
      if (!in_word) words.emplace_back();
      words.back() += lower(c);
    }
    in_word = is_of_word(c);
  }
  return words;
}

// Finds out whether all words begin a word of some texts.
class WordSearch {
 public:
  explicit WordSearch(std::string_view text)
      : words_(words_of(text)), is_nothing_(words_.empty() && !text.empty()) {}

  bool is_for_all() const { return words_.empty() && !is_nothing_; }

  bool matches(std::string_view id, const Properties& properties) {
    if (is_nothing_) return false;
    found_.assign(words_.size(), 0);
    look_at(id);
    for (const NamedValue& property : properties.values()) {
      if (const auto* const scalar = std::get_if<Scalar>(&property.value)) {
        look_at_scalar(*scalar);
      } else if (const auto* const list = std::get_if<std::vector<Scalar>>(&property.value)) {
        for (const Scalar& one : *list) look_at_scalar(one);
      }
    }
    return std::ranges::all_of(found_, [](char found) { return found != 0; });
  }

 private:
  void look_at_scalar(const Scalar& scalar) {
    if (const auto* const text = std::get_if<std::string>(&scalar))
      look_at(std::string_view(*text));
  }
  void look_at(std::string_view text) {
    for (const std::string& word : words_of(text)) {
      for (std::size_t w = 0; w < words_.size(); ++w) {
        if (word.starts_with(words_[w])) found_[w] = 1;
      }
    }
  }

  std::vector<std::string> words_;
  bool is_nothing_;  // a text without a letter
  std::vector<char> found_;
};

}  // namespace

Result<ListedPage> list_items(const EngineState& state, std::int64_t now_ms,
                              const ItemsRequest& request) {
  COSENO_TRY(check_limit(request.limit));
  const Result<ItemFilter> filter =
      request.filter.empty() ? ItemFilter() : ItemFilter::parse(request.filter);
  if (!filter) return invalid_argument("filter: {}", filter.error().message);
  const std::size_t n_items = state.items.size();
  ItemFilter::Scratch scratch;
  std::vector<std::uint64_t> matching;
  {
    const std::shared_lock lock(state.shelf.mutex);
    if (const Result<void> known = filter->check(state.shelf.properties); !known) {
      return invalid_argument("filter: {}", known.error().message);
    }
    filter->evaluate(state.shelf.properties, n_items, now_ms, scratch, matching);
  }
  WordSearch search(request.text);
  ListedPage page;
  for (std::size_t i = request.after; i < n_items;) {
    const std::shared_lock lock(state.shelf.mutex);
    for (const std::size_t end = std::min(n_items, i + kItemsALock); i < end; ++i) {
      const auto item = static_cast<ItemIndex>(i);
      if ((matching[i / 64] >> (i % 64) & 1) == 0 || state.shelf.deleted(item)) continue;
      std::string id = state.items.id(item);
      const Properties properties = state.shelf.properties.get(item);
      if (!search.is_for_all() && !search.matches(id, properties)) continue;
      if (page.records.size() == request.limit) return page;
      page.records.push_back({std::move(id), properties.json()});
      page.next = i + 1;
    }
  }
  page.next = 0;
  return page;
}

Result<ListedPage> list_users(const EngineState& state, std::uint64_t after, std::size_t limit) {
  COSENO_TRY(check_limit(limit));
  const std::size_t n_users = state.users.size();
  ListedPage page;
  for (std::size_t u = after; u < n_users; ++u) {
    std::string id = state.users.id(static_cast<UserIndex>(u));
    if (id.empty()) continue;  // erased
    if (page.records.size() == limit) return page;
    page.records.push_back({std::move(id), ""});
    page.next = u + 1;
  }
  page.next = 0;
  return page;
}

Result<std::vector<SimilarUser>> similar_users(const EngineState& state, std::int64_t now_ms,
                                               std::string_view user, std::size_t k) {
  if (k < 1 || k > kMaxSimilar) {
    return invalid_argument("k must be in [1, {}], not {}", kMaxSimilar, k);
  }
  const std::optional<UserIndex> own = state.users.find(user);
  if (!own) return make_error(ErrorCode::not_found, "there is no user '{}'", user);
  const std::shared_ptr<const LiveState> live = state.live.get();
  const std::size_t n_users = state.users.size();
  const std::size_t n_items = live->n_items();
  std::vector<KeptEvent> history;
  live->users().history(*own, history);
  const std::shared_ptr<const TypeMeanings> types = state.types.get();

  // The number of the user, plus 1, in whose set an item was counted last.
  std::vector<std::uint32_t> counted(n_items);
  const auto for_each_item = [&](std::size_t u, const auto& visit) {
    for (const KeptEvent& event : history) {
      const std::size_t item = offset(event.item());
      // Of later events than the types and the counts that were taken nothing is known.
      if (item >= n_items || offset(event.type()) >= types->meanings.size()) continue;
      if (weight_now(types->of(event.type()), now_ms - event.time_ms()) <= 0) continue;
      if (counted[item] == u + 1) continue;
      counted[item] = static_cast<std::uint32_t>(u + 1);
      const double idf = std::log(
          1 + static_cast<double>(n_users) /
                  (1 + std::max(0.0F, live->covisitation().n_acts(static_cast<ItemIndex>(item)))));
      visit(item, idf * idf);
    }
  };
  std::vector<char> is_own(n_items);
  double own_square = 0;
  for_each_item(offset(*own), [&](std::size_t item, double square) {
    is_own[item] = 1;
    own_square += square;
  });
  std::vector<Scored> scored;
  for (std::size_t u = 0; u < n_users && own_square > 0; ++u) {
    if (u == offset(*own)) continue;
    live->users().history(static_cast<UserIndex>(u), history);
    double both = 0;
    double square_sum = 0;
    for_each_item(u, [&](std::size_t item, double square) {
      square_sum += square;
      if (is_own[item] != 0) both += square;
    });
    if (both > 0) {
      const double like = both / std::sqrt(own_square * square_sum);
      scored.push_back({static_cast<std::uint32_t>(u), static_cast<float>(std::min(1.0, like))});
    }
  }
  std::ranges::sort(scored, is_better);
  std::vector<SimilarUser> similar;
  for (const Scored& one : scored) {
    if (similar.size() == k) break;
    std::string id = state.users.id(static_cast<UserIndex>(one.index));
    if (!id.empty()) similar.push_back({std::move(id), one.score});
  }
  return similar;
}

}  // namespace coseno
