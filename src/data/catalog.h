// What is known about items, or about users, beside their interactions: titles and properties.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coseno {

// A number, a text (words, or one category), or a list of categories. What a text is for is told
// by Property::kind.
using PropertyValue = std::variant<double, std::string, std::vector<std::string>>;

enum class PropertyKind {
  number,    // PropertyValue holds a double
  category,  // a std::string: equal or not
  list,      // a std::vector<std::string>: genres, tags
  text,      // a std::string of words: titles, descriptions
};

struct Property {
  std::string name;
  PropertyKind kind;
  PropertyValue value;
};

// One item or user. Absent values are left out of `properties`.
struct Record {
  std::string id;
  std::string title;  // empty where there is none; a title is not repeated in `properties`
  std::vector<Property> properties;
};

// Records by id, in order of arrival. Reading is thread-safe while nobody adds.
class Catalog {
 public:
  std::size_t size() const { return records_.size(); }
  const std::vector<Record>& records() const { return records_; }

  // False, and nothing changes, where the id is there already.
  bool add(Record record);

  // The record, or nullptr. Valid until the next add.
  const Record* find(std::string_view id) const;

  // The title, or an empty view where the id or its title is unknown. Valid until the next add.
  std::string_view title(std::string_view id) const;

 private:
  std::vector<Record> records_;
  boost::unordered_flat_map<std::string, std::size_t> places_;
};

}  // namespace coseno
