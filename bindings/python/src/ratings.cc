#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "arrays.h"
#include "coseno/offline.h"
#include "errors.h"
#include "module.h"
#include "watch.h"

namespace coseno::python {
namespace {

using nb::literals::operator""_a;

ReadRatingsOptions read_options(std::string format, std::string repeats, std::string items,
                                std::string users) {
  return {.format = std::move(format),
          .repeats = std::move(repeats),
          .items = std::move(items),
          .users = std::move(users),
          .watch = {}};
}

Ratings read(const std::string& path, std::string format, std::string repeats, std::string items,
             std::string users, nb::object progress) {
  Watch watch(std::move(progress));
  ReadRatingsOptions options =
      read_options(std::move(format), std::move(repeats), std::move(items), std::move(users));
  watch.watch(options.watch);
  return watch.run([&] { return Ratings::read(path, options); });
}

Ratings parse(std::string_view text, std::string format, std::string repeats, std::string items,
              std::string users) {
  Watch watch{nb::none()};
  ReadRatingsOptions options =
      read_options(std::move(format), std::move(repeats), std::move(items), std::move(users));
  watch.watch(options.watch);
  return watch.run([&] { return Ratings::parse(text, options); });
}

// Rating r is of user_ids[users[r]] and item_ids[items[r]].
Ratings from_columns(const std::vector<std::string>& user_ids, const Array<std::int64_t>& users,
                     const std::vector<std::string>& item_ids, const Array<std::int64_t>& items,
                     const std::optional<Array<float>>& values,
                     const std::optional<Array<std::int64_t>>& times, const std::string& repeats) {
  const std::size_t n = users.size();
  if (items.size() != n || (values && values->size() != n) || (times && times->size() != n)) {
    raise({ErrorCode::invalid_argument, "the columns must be of one length"});
  }
  std::vector<Rating> ratings(n);
  for (std::size_t r = 0; r < n; ++r) {
    const auto user = static_cast<std::size_t>(users.data()[r]);
    const auto item = static_cast<std::size_t>(items.data()[r]);
    if (user >= user_ids.size() || item >= item_ids.size()) {
      raise({ErrorCode::invalid_argument, "a code is past the end of the ids"});
    }
    ratings[r] = {.user = user_ids[user], .item = item_ids[item]};
    if (values) ratings[r].value = values->data()[r];
    if (times) ratings[r].time_s = times->data()[r];
  }
  return Watch(nb::none()).run([&] { return Ratings::from(ratings, repeats); });
}

Ratings from_rows(std::size_t n_rows, std::size_t n_columns, const Array<std::int64_t>& row_begin,
                  const Array<std::int32_t>& columns, const Array<float>& values) {
  const SparseRows rows{n_rows, n_columns, span_of(row_begin), span_of(columns), span_of(values)};
  return Watch(nb::none()).run([&] { return Ratings::from(rows); });
}

std::vector<std::string> user_ids(const Ratings& ratings) {
  std::vector<std::string> ids;
  for (std::uint32_t u = 0; u < ratings.n_users(); ++u) ids.emplace_back(ratings.user(u));
  return ids;
}

std::vector<std::string> item_ids(const Ratings& ratings) {
  std::vector<std::string> ids;
  for (std::uint32_t i = 0; i < ratings.n_items(); ++i) ids.emplace_back(ratings.item(i));
  return ids;
}

}  // namespace

void add_ratings(nb::module_& module) {
  nb::class_<Ratings>(module, "Ratings", "Who gave what which value.")
      .def_static("read", &read, "path"_a, "format"_a, "repeats"_a, "items"_a, "users"_a,
                  "progress"_a.none())
      .def_static("parse", &parse, "text"_a, "format"_a, "repeats"_a, "items"_a, "users"_a)
      .def_static("from_columns", &from_columns, "user_ids"_a, "users"_a.noconvert(), "item_ids"_a,
                  "items"_a.noconvert(), "values"_a.noconvert().none(),
                  "times"_a.noconvert().none(), "repeats"_a)
      .def_static("from_rows", &from_rows, "n_rows"_a, "n_columns"_a, "row_begin"_a.noconvert(),
                  "columns"_a.noconvert(), "values"_a.noconvert())
      .def_prop_ro("n_users", &Ratings::n_users)
      .def_prop_ro("n_items", &Ratings::n_items)
      .def_prop_ro("has_values", &Ratings::has_values)
      .def("__len__", &Ratings::size)
      .def("user", &Ratings::user, "number"_a)
      .def("item", &Ratings::item, "number"_a)
      .def("find_user", &Ratings::find_user, "id"_a)
      .def("find_item", &Ratings::find_item, "id"_a)
      .def("user_ids", &user_ids)
      .def("item_ids", &item_ids);
}

}  // namespace coseno::python
