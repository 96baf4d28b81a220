#include "ranking/item_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/nearest_word.h"
#include "data/text_reader.h"
#include "ranking/filter_parser.h"

namespace coseno {
namespace {

using Kind = FilterNode::Kind;
using Bits = std::span<std::uint64_t>;
using Buffer = std::vector<std::uint64_t>;
using Ordered = PropertyIndex::Ordered;

// Mean radius of the earth (IUGG), taken for a sphere: distances are right within 0.6%.
constexpr double kEarthRadiusKm = 6371.0088;
constexpr double kRadians = std::numbers::pi / 180;

// Whether points are within a circle, by the haversine formula:
//
//   sin^2(angle / 2) = sin^2(dlat / 2) + cos lat1 cos lat2 sin^2(dlon / 2)
//
// which, other than the cosine of the angle, is precise for small angles. Three sines take 40 ns,
// so all points but those next to the edge are told by bounds first, without any:
//
//   y^2 - y^4 / 3 <= sin^2 y <= y^2,   chord(lat) <= cos lat <= tangent(lat)
//
// where the chord is that of the cosine over the latitudes of the circle, and the tangent the one
// in their middle: the cosine is concave there.
class Circle {
 public:
  Circle(const GeoPoint& center, double radius_km)
      : center_(center),
        cos_latitude_(std::cos(center.latitude * kRadians)),
        angle_(std::min(radius_km / kEarthRadiusKm, std::numbers::pi)),
        most_(square(std::sin(angle_ / 2))),
        south_(std::max(latitudes().from, -90.0)),
        north_(std::min(latitudes().to, 90.0)),
        middle_((south_ + north_) / 2),
        cos_south_(std::cos(south_ * kRadians)),
        cos_middle_(std::cos(middle_ * kRadians)),
        chord_slope_((std::cos(north_ * kRadians) - cos_south_) / (north_ - south_)),
        tangent_slope_(-std::sin(middle_ * kRadians) * kRadians) {}

  struct Band {
    double from;
    double to;
  };

  // No point of the circle has a latitude out of these; a little more, for rounding.
  Band latitudes() const {
    const double reach = angle_ / kRadians + kMargin;
    return {center_.latitude - reach, center_.latitude + reach};
  }
  // The same for longitudes. Nothing where the circle holds a pole, or lies across 180 degrees.
  std::optional<Band> longitudes() const {
    if (std::abs(center_.latitude) + angle_ / kRadians >= 90) return std::nullopt;
    const double reach = std::asin(std::sin(angle_) / cos_latitude_) / kRadians + kMargin;
    // Not-a-number, which rounding makes next to a pole, fails this comparison.
    if (!(std::abs(center_.longitude) + reach < 180)) return std::nullopt;
    return Band{center_.longitude - reach, center_.longitude + reach};
  }

  // Of points within latitudes().
  bool contains(const GeoPoint& point) const {
    const double degrees = std::abs(point.longitude - center_.longitude);
    const double y = (point.latitude - center_.latitude) * kRadians / 2;
    const double x = std::min(degrees, 360 - degrees) * kRadians / 2;
    const double yy = y * y;
    const double xx = x * x;
    const double tangent = cos_middle_ + tangent_slope_ * (point.latitude - middle_);
    if (yy + cos_latitude_ * tangent * xx < most_ * (1 - kRounding)) return true;
    const double chord = cos_south_ + chord_slope_ * (point.latitude - south_);
    const double least = yy - yy * yy / 3 + cos_latitude_ * chord * (xx - xx * xx / 3);
    if (least > most_ * (1 + kRounding)) return false;
    return square(std::sin(y)) +
               cos_latitude_ * std::cos(point.latitude * kRadians) * square(std::sin(x)) <=
           most_;
  }

 private:
  static constexpr double kMargin = 1e-6;    // degrees: 0.1 m
  static constexpr double kRounding = 1e-9;  // far above that of the bounds

  static double square(double x) { return x * x; }

  GeoPoint center_;
  double cos_latitude_;
  double angle_;
  double most_;
  // Degrees, and the cosine with its slope a degree.
  double south_;
  double north_;
  double middle_;
  double cos_south_;
  double cos_middle_;
  double chord_slope_;
  double tangent_slope_;
};

// A scan of a dense column for one number takes 0.1 ms for a million items, a search of each among
// all numbers 10 ms.
constexpr std::size_t kFewNumbers = 64;

void keep(Bits bits, const Buffer& others) {
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] &= others[i];
}

// Calls body(node) for the condition nodes of the tree, in order, while it returns true.
bool for_each_condition(const FilterNode& node,
                        const std::function<bool(const FilterNode&)>& body) {
  if (node.kind != Kind::all && node.kind != Kind::any && node.kind != Kind::negation) {
    return body(node);
  }
  return std::ranges::all_of(
      node.children, [&](const FilterNode& child) { return for_each_condition(child, body); });
}

}  // namespace

// One run over the tree. Each step narrows a bitmap to the items of it that match a node, so that a
// condition of an `all` looks only where the conditions before it have left something.
class ItemFilter::Evaluation {
 public:
  Evaluation(const ItemProperties& table, std::int64_t now_ms, std::deque<Buffer>& buffers)
      : table_(&table), now_(std::floor(static_cast<double>(now_ms) / 1000)), buffers_(&buffers) {}

  void narrow(const FilterNode& node, Bits bits) {
    switch (node.kind) {
      case Kind::all:
        for (const FilterNode& child : node.children) narrow(child, bits);
        return;
      case Kind::any:
        return narrow_to_any(node, bits);
      case Kind::negation: {
        Buffer& matching = take_copy(bits);
        narrow(node.children.front(), matching);
        for (std::size_t i = 0; i < bits.size(); ++i) bits[i] &= ~matching[i];
        give_back();
        return;
      }
      case Kind::exists:
      case Kind::equal:
      case Kind::number_range:
      case Kind::time_range:
      case Kind::near:
        break;
    }
    const PropertyIndex* const index = table_->find(node.name);
    if (index == nullptr) {
      std::ranges::fill(bits, 0);
    } else {
      narrow_by_property(node, *index, bits);
    }
  }

 private:
  // Buffers are taken and given back like a stack.
  Buffer& take() {
    if (n_taken_ == buffers_->size()) buffers_->emplace_back();
    return (*buffers_)[n_taken_++];
  }
  Buffer& take_copy(Bits bits) {
    Buffer& buffer = take();
    buffer.assign(bits.begin(), bits.end());
    return buffer;
  }
  Buffer& take_empty(std::size_t n_words) {
    Buffer& buffer = take();
    buffer.assign(n_words, 0);
    return buffer;
  }
  void give_back() { --n_taken_; }

  // What one child has let pass is no work for the next.
  void narrow_to_any(const FilterNode& node, Bits bits) {
    Buffer& rest = take_copy(bits);
    for (const FilterNode& child : node.children) {
      Buffer& matching = take_copy(rest);
      narrow(child, matching);
      for (std::size_t i = 0; i < bits.size(); ++i) rest[i] &= ~matching[i];
      give_back();
    }
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] &= ~rest[i];
    give_back();
  }

  void narrow_by_property(const FilterNode& node, const PropertyIndex& index, Bits bits) {
    switch (node.kind) {
      case Kind::exists:
        return index.items().narrow(bits);
      case Kind::equal:
        return narrow_to_equal(node, index, bits);
      case Kind::number_range:
        return narrow_to_range(node, index, Ordered::numbers, bits);
      case Kind::time_range:
        return narrow_to_range(node, index, Ordered::times, bits);
      case Kind::near:
        return narrow_to_near(node, index, bits);
      case Kind::all:
      case Kind::any:
      case Kind::negation:
        break;
    }
    COSENO_CHECK(false);
  }

  static void narrow_to_set(const ItemSet* items, Bits bits) {
    if (items == nullptr) {
      std::ranges::fill(bits, 0);
    } else {
      items->narrow(bits);
    }
  }

  void narrow_to_equal(const FilterNode& node, const PropertyIndex& index, Bits bits) {
    const NumberColumn& column = index.column(Ordered::numbers);
    if (node.values.size() == 1 && node.numbers.empty()) {
      return narrow_to_set(index.find(node.values.front()), bits);
    }
    if (node.values.empty() && node.numbers.size() == 1) {
      const double number = node.numbers.front();
      const ItemSet* const listed = index.find(number);
      if (column.empty()) return narrow_to_set(listed, bits);
      if (listed == nullptr && column.is_dense()) return column.narrow(number, number, bits);
    }
    Buffer& matching = take_empty(bits.size());
    const auto add = [&](const Scalar& value) {
      if (const ItemSet* const items = index.find(value)) items->add_to(matching);
    };
    for (const Scalar& value : node.values) add(value);
    for (const double number : node.numbers) add(number);
    if (column.is_dense() && node.numbers.size() <= kFewNumbers) {
      for (const double number : node.numbers) {
        Buffer& equal = take_copy(bits);
        column.narrow(number, number, equal);
        for (std::size_t i = 0; i < bits.size(); ++i) matching[i] |= equal[i];
        give_back();
      }
    } else {
      column.add_any(node.numbers, matching);
    }
    keep(bits, matching);
    give_back();
  }

  void narrow_to_range(const FilterNode& node, const PropertyIndex& index, Ordered ordered,
                       Bits bits) {
    const double from = node.from.value + (node.from.is_relative ? now_ : 0);
    const double to = node.to.value + (node.to.is_relative ? now_ : 0);
    if (!index.has_listed(ordered)) return narrow_to_range(index.column(ordered), from, to, bits);
    Buffer& matching = take_empty(bits.size());
    index.column(ordered).add_range(from, to, matching);
    index.add_listed(ordered, from, to, matching);
    keep(bits, matching);
    give_back();
  }

  void narrow_to_range(const NumberColumn& column, double from, double to, Bits bits) {
    if (column.is_dense()) return column.narrow(from, to, bits);
    Buffer& matching = take_empty(bits.size());
    column.add_range(from, to, matching);
    keep(bits, matching);
    give_back();
  }

  void narrow_to_near(const FilterNode& node, const PropertyIndex& index, Bits bits) {
    const Circle circle(node.center, node.radius_km);
    const auto [south, north] = circle.latitudes();
    narrow_to_range(index.latitudes(), south, north, bits);
    if (const auto longitudes = circle.longitudes()) {
      narrow_to_range(index.longitudes(), longitudes->from, longitudes->to, bits);
    }
    for (std::size_t word = 0; word < bits.size(); ++word) {
      for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1) {
        const auto item = static_cast<std::uint32_t>(64 * word) +
                          static_cast<std::uint32_t>(std::countr_zero(rest));
        if (!circle.contains({index.latitudes().at(item), index.longitudes().at(item)})) {
          bits[word] &= ~(rest & -rest);
        }
      }
    }
  }

  const ItemProperties* table_;
  double now_;  // Unix seconds
  std::deque<Buffer>* buffers_;
  std::size_t n_taken_ = 0;
};

Result<ItemFilter> ItemFilter::parse(std::string_view json) {
  COSENO_ASSIGN(root, parse_filter(json));
  return ItemFilter(std::move(root));
}

Result<void> ItemFilter::check(const ItemProperties& table) const {
  const FilterNode* unknown = nullptr;
  for_each_condition(root_, [&](const FilterNode& node) {
    if (table.find(node.name) == nullptr) unknown = &node;
    return unknown == nullptr;
  });
  if (unknown == nullptr) return {};
  const std::string_view nearest = nearest_word(unknown->name, table.names());
  return invalid_argument("{}: no item has a property {}{}", unknown->place, quote(unknown->name),
                          nearest.empty() ? "" : fmt::format(", did you mean {}?", quote(nearest)));
}

void ItemFilter::evaluate(const ItemProperties& table, std::size_t n_items, std::int64_t now_ms,
                          Scratch& scratch, std::vector<std::uint64_t>& out) const {
  out.assign((n_items + 63) / 64, ~std::uint64_t{0});
  if (n_items % 64 != 0) out.back() = (std::uint64_t{1} << (n_items % 64)) - 1;
  Evaluation(table, now_ms, scratch.buffers_).narrow(root_, out);
}

bool ItemFilter::depends_on_now() const {
  return !for_each_condition(
      root_, [](const FilterNode& node) { return !node.from.is_relative && !node.to.is_relative; });
}

}  // namespace coseno
