#include "ranking/item_set.h"

#include <algorithm>
#include <bit>

#include "ranking/heap_size.h"

namespace coseno {
namespace {

constexpr std::size_t word_of(std::uint32_t item) { return item / 64; }
constexpr std::uint64_t bit_of(std::uint32_t item) { return std::uint64_t{1} << (item % 64); }

// Sizes of a list from which a bitmap of so many words is smaller, and below which it is four times
// as large.
constexpr std::size_t most_in_list(std::size_t n_words) { return 2 * n_words; }
constexpr std::size_t fewest_in_bitmap(std::size_t n_words) { return n_words / 2; }

// Below this a list is as good as a bitmap, whatever the size of either.
constexpr std::size_t kFewestInBitmap = 32;

void narrow_by_list(std::span<const std::uint32_t> list, std::span<std::uint64_t> bits) {
  auto next = list.begin();
  for (std::size_t word = 0; word < bits.size(); ++word) {
    std::uint64_t kept = 0;
    for (; next != list.end() && word_of(*next) == word; ++next) kept |= bit_of(*next);
    bits[word] &= kept;
  }
}

}  // namespace

std::size_t ItemSet::size() const {
  if (std::holds_alternative<One>(form_)) return 1;
  if (const auto* const list = std::get_if<List>(&form_)) return list->size();
  if (const auto* const bitmap = std::get_if<std::unique_ptr<Bitmap>>(&form_)) {
    return (*bitmap)->n_items;
  }
  return 0;
}

bool ItemSet::contains(std::uint32_t item) const {
  if (const auto* const one = std::get_if<One>(&form_)) return *one == item;
  if (const auto* const list = std::get_if<List>(&form_)) {
    return std::ranges::binary_search(*list, item);
  }
  if (const auto* const bitmap = std::get_if<std::unique_ptr<Bitmap>>(&form_)) {
    const std::vector<std::uint64_t>& words = (*bitmap)->words;
    return word_of(item) < words.size() && (words[word_of(item)] & bit_of(item)) != 0;
  }
  return false;
}

bool ItemSet::insert(std::uint32_t item) {
  if (contains(item)) return false;
  if (std::holds_alternative<Nothing>(form_)) {
    form_ = item;
    return true;
  }
  if (const auto* const one = std::get_if<One>(&form_)) {
    form_ = List{std::min(*one, item), std::max(*one, item)};
    return true;
  }
  if (const auto* const bitmap = std::get_if<std::unique_ptr<Bitmap>>(&form_)) {
    const std::size_t n_words = word_of(item) + 1;
    if (n_words > (*bitmap)->words.size() && (*bitmap)->n_items < fewest_in_bitmap(n_words)) {
      make_list();
    } else {
      if (n_words > (*bitmap)->words.size()) (*bitmap)->words.resize(n_words);
      (*bitmap)->words[word_of(item)] |= bit_of(item);
      ++(*bitmap)->n_items;
      return true;
    }
  }
  List& list = std::get<List>(form_);
  list.insert(std::ranges::lower_bound(list, item), item);
  if (list.size() >= kFewestInBitmap && list.size() > most_in_list(word_of(list.back()) + 1)) {
    make_bitmap();
  }
  return true;
}

bool ItemSet::erase(std::uint32_t item) {
  if (!contains(item)) return false;
  if (std::holds_alternative<One>(form_)) {
    form_ = Nothing();
    return true;
  }
  if (auto* const list = std::get_if<List>(&form_)) {
    list->erase(std::ranges::lower_bound(*list, item));
    if (list->size() == 1) {
      const One last = list->front();
      form_ = last;
    }
    return true;
  }
  Bitmap& bitmap = *std::get<std::unique_ptr<Bitmap>>(form_);
  bitmap.words[word_of(item)] &= ~bit_of(item);
  --bitmap.n_items;
  if (bitmap.n_items < std::max(kFewestInBitmap / 2, fewest_in_bitmap(bitmap.words.size()))) {
    make_list();
  }
  return true;
}

void ItemSet::narrow(std::span<std::uint64_t> bits) const {
  if (const auto* const bitmap = std::get_if<std::unique_ptr<Bitmap>>(&form_)) {
    const std::vector<std::uint64_t>& words = (*bitmap)->words;
    const std::size_t n = std::min(words.size(), bits.size());
    for (std::size_t i = 0; i < n; ++i) bits[i] &= words[i];
    std::ranges::fill(bits.subspan(n), 0);
  } else if (const auto* const list = std::get_if<List>(&form_)) {
    narrow_by_list(*list, bits);
  } else if (const auto* const one = std::get_if<One>(&form_)) {
    narrow_by_list({one, 1}, bits);
  } else {
    std::ranges::fill(bits, 0);
  }
}

void ItemSet::add_to(std::span<std::uint64_t> bits) const {
  const auto add = [&](std::uint32_t item) {
    if (word_of(item) < bits.size()) bits[word_of(item)] |= bit_of(item);
  };
  if (const auto* const bitmap = std::get_if<std::unique_ptr<Bitmap>>(&form_)) {
    const std::vector<std::uint64_t>& words = (*bitmap)->words;
    const std::size_t n = std::min(words.size(), bits.size());
    for (std::size_t i = 0; i < n; ++i) bits[i] |= words[i];
  } else if (const auto* const list = std::get_if<List>(&form_)) {
    std::ranges::for_each(*list, add);
  } else if (const auto* const one = std::get_if<One>(&form_)) {
    add(*one);
  }
}

std::size_t ItemSet::heap_bytes() const {
  if (const auto* const list = std::get_if<List>(&form_)) return vector_bytes(*list);
  if (const auto* const bitmap = std::get_if<std::unique_ptr<Bitmap>>(&form_)) {
    return block_bytes(sizeof(Bitmap)) + vector_bytes((*bitmap)->words);
  }
  return 0;
}

void ItemSet::make_bitmap() {
  const List list = std::get<List>(std::move(form_));
  auto bitmap = std::make_unique<Bitmap>();
  bitmap->words.resize(word_of(list.back()) + 1);
  for (const std::uint32_t item : list) bitmap->words[word_of(item)] |= bit_of(item);
  bitmap->n_items = list.size();
  form_ = std::move(bitmap);
}

void ItemSet::make_list() {
  const auto bitmap = std::get<std::unique_ptr<Bitmap>>(std::move(form_));
  List list;
  list.reserve(bitmap->n_items + 1);
  for (std::size_t word = 0; word < bitmap->words.size(); ++word) {
    for (std::uint64_t rest = bitmap->words[word]; rest != 0; rest &= rest - 1) {
      list.push_back(static_cast<std::uint32_t>(64 * word) +
                     static_cast<std::uint32_t>(std::countr_zero(rest)));
    }
  }
  form_ = std::move(list);
}

}  // namespace coseno
