#include "ranking/property_index.h"

#include <bit>
#include <functional>
#include <utility>

#include "base/check.h"
#include "ranking/heap_size.h"

namespace coseno {
namespace {

// A node of std::multimap: three pointers and a colour before its pair.
constexpr std::size_t kOrderNodeBytes =
    block_bytes(4 * sizeof(void*) + sizeof(std::pair<const double, std::uint32_t>));

// No finite double has these bits set, so that keys of interned values and of numbers are apart.
constexpr std::uint64_t kNotANumber = std::uint64_t{0xFFF8} << 48;

}  // namespace

const ItemSet* PropertyIndex::find(const Scalar& value) const {
  const auto found = places_.find(value);
  return found == places_.end() ? nullptr : &values_[*found].items;
}

void PropertyIndex::add(std::uint32_t item, const Value& value, std::uint16_t property,
                        std::vector<Cell>& cells) {
  items_.insert(item);
  if (const auto* const point = std::get_if<GeoPoint>(&value)) {
    latitudes_.set(item, point->latitude);
    longitudes_.set(item, point->longitude);
    cells.push_back({property, Cell::Kind::point, 0});
    return;
  }
  if (const auto* const list = std::get_if<std::vector<Scalar>>(&value)) {
    if (list->empty()) cells.push_back({property, Cell::Kind::empty_list, 0});
    for (const Scalar& element : *list) {
      add_cell(item, element, Cell::Kind::element, property, cells);
    }
    return;
  }
  const Scalar& scalar = std::get<Scalar>(value);
  if (const auto* const number = std::get_if<double>(&scalar)) {
    numbers_.set(item, *number);
    cells.push_back({property, Cell::Kind::number, 0});
    return;
  }
  if (const auto* const text = std::get_if<std::string>(&scalar)) {
    if (const auto time = property_time(*text)) times_.set(item, static_cast<double>(*time));
  }
  add_cell(item, scalar, Cell::Kind::scalar, property, cells);
}

void PropertyIndex::remove(std::uint32_t item, std::span<const Cell> cells) {
  items_.erase(item);
  for (const Cell& cell : cells) {
    switch (cell.kind) {
      case Cell::Kind::number:
        numbers_.erase(item);
        break;
      case Cell::Kind::point:
        latitudes_.erase(item);
        longitudes_.erase(item);
        break;
      case Cell::Kind::scalar:
        times_.erase(item);
        release(item, cell);
        break;
      case Cell::Kind::element:
        release(item, cell);
        break;
      case Cell::Kind::empty_list:
        break;
    }
  }
}

PropertyIndex::Value PropertyIndex::value(std::uint32_t item, std::span<const Cell> cells) const {
  switch (cells.front().kind) {
    case Cell::Kind::number:
      return Scalar(numbers_.at(item));
    case Cell::Kind::point:
      return GeoPoint{latitudes_.at(item), longitudes_.at(item)};
    case Cell::Kind::scalar:
      return values_[cells.front().value].value;
    case Cell::Kind::empty_list:
      return std::vector<Scalar>();
    case Cell::Kind::element:
      break;
  }
  std::vector<Scalar> list;
  list.reserve(cells.size());
  for (const Cell& cell : cells) list.push_back(values_[cell.value].value);
  return list;
}

const ItemSet* PropertyIndex::items_with(const Cell& cell) const {
  if (cell.kind != Cell::Kind::scalar && cell.kind != Cell::Kind::element) return nullptr;
  return &values_[cell.value].items;
}

std::uint64_t PropertyIndex::key(std::uint32_t item, const Cell& cell) const {
  if (cell.kind == Cell::Kind::number) return std::bit_cast<std::uint64_t>(numbers_.at(item));
  const Scalar& value = values_[cell.value].value;
  if (const auto* const number = std::get_if<double>(&value)) {
    return std::bit_cast<std::uint64_t>(*number);
  }
  return kNotANumber | cell.value;
}

std::size_t PropertyIndex::memory_bytes() const {
  std::size_t bytes = block_bytes(sizeof(*this)) + string_bytes(name_) + items_.heap_bytes() +
                      vector_bytes(free_) + table_bytes(places_);
  // A deque has blocks of 512 bytes, or of one element where that is larger, and a pointer to each.
  constexpr std::size_t kPerBlock = std::max<std::size_t>(1, 512 / sizeof(Interned));
  bytes += (values_.size() / kPerBlock + 1) *
           (block_bytes(kPerBlock * sizeof(Interned)) + 2 * sizeof(void*));
  for (const Interned& interned : values_) {
    bytes += interned.items.heap_bytes();
    if (const auto* const text = std::get_if<std::string>(&interned.value)) {
      bytes += string_bytes(*text);
    }
  }
  bytes += (listed_numbers_.size() + listed_times_.size()) * kOrderNodeBytes;
  for (const NumberColumn* const column : {&numbers_, &times_, &latitudes_, &longitudes_}) {
    bytes += column->heap_bytes();
  }
  return bytes;
}

std::uint32_t PropertyIndex::intern(const Scalar& value) {
  if (const auto found = places_.find(value); found != places_.end()) return *found;
  std::uint32_t number = 0;
  if (free_.empty()) {
    number = static_cast<std::uint32_t>(values_.size());
    values_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  values_[number].value = value;
  places_.insert(number);
  return number;
}

void PropertyIndex::add_cell(std::uint32_t item, const Scalar& value, Cell::Kind kind,
                             std::uint16_t property, std::vector<Cell>& cells) {
  const std::uint32_t number = intern(value);
  Interned& interned = values_[number];
  interned.items.insert(item);
  ++interned.n_cells;
  if (kind == Cell::Kind::element && interned.n_elements++ == 0) {
    if (const auto [order, place] = order_of(value); order != nullptr) {
      order->emplace(place, number);
    }
  }
  cells.push_back({property, kind, number});
}

void PropertyIndex::release(std::uint32_t item, const Cell& cell) {
  Interned& interned = values_[cell.value];
  // Not there any more where the list has the value twice.
  interned.items.erase(item);
  if (cell.kind == Cell::Kind::element && --interned.n_elements == 0) {
    if (const auto [order, place] = order_of(interned.value); order != nullptr) {
      auto [first, last] = order->equal_range(place);
      while (first != last && first->second != cell.value) ++first;
      COSENO_CHECK(first != last);
      order->erase(first);
    }
  }
  if (--interned.n_cells > 0) return;
  places_.erase(places_.find(interned.value));
  interned = Interned();
  free_.push_back(cell.value);
}

std::pair<PropertyIndex::Order*, double> PropertyIndex::order_of(const Scalar& value) {
  if (const auto* const number = std::get_if<double>(&value)) return {&listed_numbers_, *number};
  if (const auto* const text = std::get_if<std::string>(&value)) {
    if (const auto time = property_time(*text)) {
      return {&listed_times_, static_cast<double>(*time)};
    }
  }
  return {nullptr, 0};
}

void PropertyIndex::add_listed(Ordered ordered, double from, double to,
                               std::span<std::uint64_t> bits) const {
  if (!(from <= to)) return;
  const Order& order = listed(ordered);
  const auto end = order.upper_bound(to);
  for (auto at = order.lower_bound(from); at != end; ++at) values_[at->second].items.add_to(bits);
}

}  // namespace coseno
