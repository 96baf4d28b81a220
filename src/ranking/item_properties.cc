#include "ranking/item_properties.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <limits>
#include <utility>

#include "base/check.h"
#include "ranking/heap_size.h"

namespace coseno {

Result<void> ItemProperties::check_room(std::span<const Properties> batch) const {
  boost::unordered_flat_set<std::string_view> added;
  for (const Properties& properties : batch) {
    for (const NamedValue& named : properties.values()) {
      if (!places_.contains(named.name)) added.insert(named.name);
      if (places_.size() + added.size() > kMaxNames) {
        return invalid_argument("/{}: items have properties of more than {} names", named.name,
                                kMaxNames);
      }
    }
  }
  return {};
}

// What goes is taken away before what comes is added, so that places which it frees are used again.
void ItemProperties::put(ItemIndex item, const Properties& properties) {
  const auto number = std::to_underlying(item);
  const std::span<const NamedValue> wanted = properties.values();
  std::vector<Cells> kept(wanted.size());  // cells of the values that stay as they are
  for (Cells rest = cells_of(item); !rest.empty();) {
    const Cells value = first_value(rest);
    rest = rest.subspan(value.size());
    const PropertyIndex& index = *indexes_[value.front().property];
    const NamedValue* const same_name = properties.find(index.name());
    if (same_name != nullptr && same_name->value == index.value(number, value)) {
      kept[static_cast<std::size_t>(same_name - wanted.data())] = value;
    } else {
      take_away(item, value);
    }
  }
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!kept[i].empty()) {
      cells.insert(cells.end(), kept[i].begin(), kept[i].end());
    } else {
      const std::uint16_t place = place_of(wanted[i].name);
      indexes_[place]->add(number, wanted[i].value, place, cells);
    }
  }
  set_cells(item, cells);
  ++version_;
}

Properties ItemProperties::get(ItemIndex item) const {
  Properties properties;
  for (Cells rest = cells_of(item); !rest.empty();) {
    const Cells value = first_value(rest);
    rest = rest.subspan(value.size());
    const PropertyIndex& index = *indexes_[value.front().property];
    properties.values_.push_back({index.name(), index.value(std::to_underlying(item), value)});
  }
  return properties;
}

void ItemProperties::append_keys(ItemIndex item, std::string_view name,
                                 std::vector<std::uint64_t>& keys) const {
  const auto place = places_.find(name);
  if (place == places_.end()) return;
  const PropertyIndex& index = *indexes_[place->second];
  for (const Cell& cell : cells_of(item)) {
    if (cell.property != place->second) continue;
    if (cell.kind == Cell::Kind::point || cell.kind == Cell::Kind::empty_list) continue;
    keys.push_back(index.key(std::to_underlying(item), cell));
  }
}

void ItemProperties::append_shared(ItemIndex item, std::vector<SharedValue>& values) const {
  for (const Cell& cell : cells_of(item)) {
    const ItemSet* const items = indexes_[cell.property]->items_with(cell);
    if (items == nullptr || items->size() < 2) continue;
    values.push_back({static_cast<std::uint64_t>(cell.property) << 32 | cell.value,
                      static_cast<std::uint32_t>(items->size())});
  }
}

void ItemProperties::add_items_with(std::uint64_t key, std::span<std::uint64_t> bits) const {
  const Cell cell = {static_cast<std::uint16_t>(key >> 32), Cell::Kind::scalar,
                     static_cast<std::uint32_t>(key)};
  indexes_[cell.property]->items_with(cell)->add_to(bits);
}

const PropertyIndex* ItemProperties::find(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : indexes_[place->second].get();
}

std::vector<std::string_view> ItemProperties::names() const {
  std::vector<std::string_view> names;
  names.reserve(places_.size());
  for (const auto& [name, place] : places_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

std::size_t ItemProperties::memory_bytes() const {
  std::size_t bytes =
      vector_bytes(rows_) + vector_bytes(indexes_) + vector_bytes(free_) + table_bytes(places_);
  for (const Row& row : rows_) {
    if (row.n_cells > 0) bytes += block_bytes(row.n_cells * sizeof(Cell));
  }
  for (const auto& index : indexes_) {
    if (index != nullptr) bytes += index->memory_bytes();
  }
  return bytes;
}

ItemProperties::Cells ItemProperties::cells_of(ItemIndex item) const {
  if (offset(item) >= rows_.size()) return {};
  const Row& row = rows_[offset(item)];
  return {row.cells.get(), row.n_cells};
}

ItemProperties::Cells ItemProperties::first_value(Cells cells) {
  const auto end = std::ranges::find_if(
      cells, [&](const Cell& cell) { return cell.property != cells.front().property; });
  return cells.first(static_cast<std::size_t>(end - cells.begin()));
}

std::uint16_t ItemProperties::place_of(const std::string& name) {
  if (const auto found = places_.find(name); found != places_.end()) return found->second;
  auto place = static_cast<std::uint16_t>(indexes_.size());
  if (free_.empty()) {
    COSENO_CHECK(indexes_.size() <= std::numeric_limits<std::uint16_t>::max());
    indexes_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  indexes_[place] = std::make_unique<PropertyIndex>(name);
  places_.emplace(indexes_[place]->name(), place);
  return place;
}

void ItemProperties::take_away(ItemIndex item, Cells value) {
  const std::uint16_t place = value.front().property;
  PropertyIndex& index = *indexes_[place];
  index.remove(std::to_underlying(item), value);
  if (index.items().size() > 0) return;
  places_.erase(index.name());
  indexes_[place] = nullptr;
  free_.push_back(place);
}

void ItemProperties::set_cells(ItemIndex item, Cells cells) {
  if (offset(item) >= rows_.size()) {
    if (cells.empty()) return;
    rows_.resize(offset(item) + 1);
  }
  Row& row = rows_[offset(item)];
  if (row.n_cells > 0) --n_items_;
  if (!cells.empty()) ++n_items_;
  auto copy = cells.empty() ? nullptr : std::make_unique<Cell[]>(cells.size());
  std::ranges::copy(cells, copy.get());
  row = {std::move(copy), static_cast<std::uint32_t>(cells.size())};
}

}  // namespace coseno
