#include "data/catalog.h"

#include <utility>

namespace coseno {

bool Catalog::add(Record record) {
  if (!places_.emplace(record.id, records_.size()).second) return false;
  records_.push_back(std::move(record));
  return true;
}

const Record* Catalog::find(std::string_view id) const {
  const auto found = places_.find(std::string(id));
  return found == places_.end() ? nullptr : &records_[found->second];
}

std::string_view Catalog::title(std::string_view id) const {
  const Record* const record = find(id);
  return record == nullptr ? std::string_view() : std::string_view(record->title);
}

}  // namespace coseno
