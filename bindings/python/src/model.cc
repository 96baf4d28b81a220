#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "arrays.h"
#include "coseno/offline.h"
#include "errors.h"
#include "module.h"
#include "watch.h"

namespace coseno::python {
namespace {

using nb::literals::operator""_a;

using Numbers = std::optional<Array<std::uint32_t>>;
using Settings = std::map<std::string, std::string>;
using Ids = nb::ndarray<nb::numpy, std::int32_t, nb::ndim<1>>;
using Scores = nb::ndarray<nb::numpy, float, nb::ndim<1>>;
using Vectors = nb::ndarray<nb::numpy, const float, nb::ndim<2>>;

Settings plain(const std::map<std::string, std::string, std::less<>>& settings) {
  return {settings.begin(), settings.end()};
}

OfflineModel fit(std::string_view model, const Ratings& ratings, const Settings& settings,
                 std::uint64_t seed, int n_threads, nb::object progress) {
  Watch watch(std::move(progress));
  FitOptions options{.settings = {settings.begin(), settings.end()},
                     .seed = seed,
                     .n_threads = n_threads,
                     .watch = {}};
  watch.watch(options.watch);
  return watch.run([&] { return OfflineModel::fit(model, ratings, options); });
}

OfflineModel load(const std::string& path) {
  return Watch(nb::none()).run([&] { return OfflineModel::load(path); });
}

OfflineModel from_bytes(const nb::bytes& bytes) {
  return Watch(nb::none()).run([&] {
    return OfflineModel::from_bytes({bytes.c_str(), bytes.size()});
  });
}

void save(const OfflineModel& model, const std::string& path) {
  Watch(nb::none()).run([&] { return model.save(path); });
}

nb::bytes to_bytes(const OfflineModel& model) {
  const std::string bytes = Watch(nb::none()).run([&] { return model.to_bytes(); });
  return nb::bytes(bytes.data(), bytes.size());
}

// --- lists

ListOptions list_options(std::size_t k, bool by_cosine, bool include_seen, const Numbers& excluded,
                         const Numbers& allowed) {
  ListOptions options{.k = k, .by_cosine = by_cosine, .include_seen = include_seen};
  if (excluded) options.excluded = span_of(*excluded);
  if (allowed) options.allowed = span_of(*allowed);
  return options;
}

// Numbers and scores, apart.
std::pair<Ids, Scores> arrays_of(const std::vector<ListedItem>& list) {
  std::vector<std::int32_t> numbers;
  std::vector<float> scores;
  numbers.reserve(list.size());
  scores.reserve(list.size());
  for (const ListedItem& one : list) {
    numbers.push_back(static_cast<std::int32_t>(one.number));
    scores.push_back(one.score);
  }
  return {to_array(std::move(numbers)), to_array(std::move(scores))};
}

std::pair<Ids, Scores> recommend(const OfflineModel& model, std::uint32_t user, std::size_t k,
                                 bool by_cosine, bool include_seen, const Numbers& excluded,
                                 const Numbers& allowed) {
  const ListOptions options = list_options(k, by_cosine, include_seen, excluded, allowed);
  return arrays_of(Watch(nb::none()).run([&] { return model.recommend(user, options); }));
}

std::pair<Ids, Scores> recommend_by_id(const OfflineModel& model, std::string_view user,
                                       std::size_t k, bool by_cosine, bool include_seen,
                                       const Numbers& excluded, const Numbers& allowed) {
  const ListOptions options = list_options(k, by_cosine, include_seen, excluded, allowed);
  return arrays_of(Watch(nb::none()).run([&] { return model.recommend(user, options); }));
}

void recommend_many(const OfflineModel& model, const Array<std::uint32_t>& users, std::size_t k,
                    bool by_cosine, bool include_seen, const Numbers& excluded,
                    const Numbers& allowed, const Output<std::int32_t>& items,
                    const Output<float>& scores, int n_threads, nb::object progress) {
  Watch watch(std::move(progress));
  OfflineProgress told;
  watch.watch(told);
  const ListOptions options = list_options(k, by_cosine, include_seen, excluded, allowed);
  const ManyLists out{span_of(items), span_of(scores)};
  watch.run([&] { return model.recommend_many(span_of(users), options, out, n_threads, told); });
}

void recommend_rows(const OfflineModel& model, std::size_t n_rows, std::size_t n_columns,
                    const Array<std::int64_t>& row_begin, const Array<std::int32_t>& columns,
                    const Array<float>& values, std::size_t k, bool by_cosine, bool include_seen,
                    const Numbers& excluded, const Numbers& allowed,
                    const Output<std::int32_t>& items, const Output<float>& scores, int n_threads,
                    nb::object progress) {
  Watch watch(std::move(progress));
  OfflineProgress told;
  watch.watch(told);
  const ListOptions options = list_options(k, by_cosine, include_seen, excluded, allowed);
  const ManyLists out{span_of(items), span_of(scores)};
  const SparseRows rows{n_rows, n_columns, span_of(row_begin), span_of(columns), span_of(values)};
  watch.run([&] { return model.recommend_many(rows, options, out, n_threads, told); });
}

std::pair<Ids, Scores> similar_items(const OfflineModel& model, std::uint32_t item, std::size_t k) {
  return arrays_of(Watch(nb::none()).run([&] { return model.similar_items(item, k); }));
}

std::pair<Ids, Scores> similar_users(const OfflineModel& model, std::uint32_t user, std::size_t k,
                                     nb::object progress) {
  Watch watch(std::move(progress));
  OfflineProgress told;
  watch.watch(told);
  return arrays_of(watch.run([&]() -> Result<std::vector<ListedItem>> {
    if (auto made = model.make_user_vectors(0, told); !made) {
      return std::unexpected(std::move(made).error());
    }
    return model.similar_users(user, k);
  }));
}

Scores predict(const OfflineModel& model, std::uint32_t user, const Array<std::uint32_t>& items) {
  std::vector<float> out(items.size());
  Watch(nb::none()).run([&] { return model.predict(user, span_of(items), out); });
  return to_array(std::move(out));
}

// --- vectors

// Shows the model's own; the array keeps a copy of the model, which shares what it holds.
Vectors array_of(const OfflineModel& model, const VectorsView& view) {
  const nb::capsule owner = owner_of(std::make_unique<OfflineModel>(model));
  return {view.data, {view.n_rows, view.dim}, owner, {static_cast<std::int64_t>(view.stride), 1}};
}

Vectors item_vectors(const OfflineModel& model) { return array_of(model, model.item_vectors()); }

Vectors user_vectors(const OfflineModel& model, int n_threads, nb::object progress) {
  Watch watch(std::move(progress));
  OfflineProgress told;
  watch.watch(told);
  watch.run([&] { return model.make_user_vectors(n_threads, told); });
  return array_of(model, model.user_vectors());
}

// --- evaluation

using Quality =
    std::tuple<std::string, std::vector<std::pair<std::string, double>>, double, double>;

std::vector<Quality> evaluate_models(const Ratings& ratings, std::vector<std::string> models,
                                     const std::map<std::string, Settings>& settings, std::size_t k,
                                     std::string protocol, double fraction, int folds,
                                     std::optional<float> relevant_from, bool by_cosine,
                                     std::uint64_t seed, int n_threads, nb::object progress) {
  Watch watch(std::move(progress));
  EvaluateRequest request;
  request.models = std::move(models);
  for (const auto& [model, of_model] : settings) {
    request.settings.emplace(model,
                             decltype(FitOptions::settings)(of_model.begin(), of_model.end()));
  }
  request.k = k;
  request.protocol = std::move(protocol);
  request.fraction = fraction;
  request.folds = folds;
  if (relevant_from) request.relevant_from = *relevant_from;
  request.by_cosine = by_cosine;
  request.seed = seed;
  request.n_threads = n_threads;
  watch.watch(request.watch);
  std::vector<Quality> rows;
  for (ModelQuality& one : watch.run([&] { return evaluate(ratings, request); })) {
    rows.emplace_back(std::move(one.model), std::move(one.metrics), one.fit_s, one.latency_p50_s);
  }
  return rows;
}

}  // namespace

void add_model(nb::module_& module) {
  nb::class_<ModelOption>(module, "ModelOption", "What may be set of a model.")
      .def_ro("name", &ModelOption::name)
      .def_ro("default_value", &ModelOption::default_value)
      .def_ro("range", &ModelOption::range)
      .def_ro("help", &ModelOption::help)
      .def_ro("is_whole", &ModelOption::is_whole);
  nb::class_<ModelDescription>(module, "ModelDescription", "A model that there is.")
      .def_ro("name", &ModelDescription::name)
      .def_ro("summary", &ModelDescription::summary)
      .def_ro("predicts_ratings", &ModelDescription::predicts_ratings)
      .def_ro("has_vectors", &ModelDescription::has_vectors)
      .def_ro("options", &ModelDescription::options);
  module.def("models", &models, "All models, in the order of the docs, auto last.");

  nb::class_<OfflineModel>(module, "Model", "A fitted model: immutable.")
      .def_static("fit", &fit, "model"_a, "ratings"_a, "settings"_a, "seed"_a, "n_threads"_a,
                  "progress"_a.none())
      .def_static("load", &load, "path"_a)
      .def_static("from_bytes", &from_bytes, "bytes"_a)
      .def("save", &save, "path"_a)
      .def("to_bytes", &to_bytes)
      .def_prop_ro("name", &OfflineModel::name)
      .def_prop_ro("settings", [](const OfflineModel& model) { return plain(model.settings()); })
      .def_prop_ro("seed", &OfflineModel::seed)
      .def_prop_ro("ratings", [](const OfflineModel& model) { return model.ratings(); })
      .def_prop_ro("predicts_ratings", &OfflineModel::predicts_ratings)
      .def("recommend", &recommend, "user"_a, "k"_a, "by_cosine"_a, "include_seen"_a,
           "excluded"_a.noconvert().none(), "allowed"_a.noconvert().none())
      .def("recommend_by_id", &recommend_by_id, "user"_a, "k"_a, "by_cosine"_a, "include_seen"_a,
           "excluded"_a.noconvert().none(), "allowed"_a.noconvert().none())
      .def("recommend_many", &recommend_many, "users"_a.noconvert(), "k"_a, "by_cosine"_a,
           "include_seen"_a, "excluded"_a.noconvert().none(), "allowed"_a.noconvert().none(),
           "items"_a.noconvert(), "scores"_a.noconvert(), "n_threads"_a, "progress"_a.none())
      .def("recommend_rows", &recommend_rows, "n_rows"_a, "n_columns"_a, "row_begin"_a.noconvert(),
           "columns"_a.noconvert(), "values"_a.noconvert(), "k"_a, "by_cosine"_a, "include_seen"_a,
           "excluded"_a.noconvert().none(), "allowed"_a.noconvert().none(), "items"_a.noconvert(),
           "scores"_a.noconvert(), "n_threads"_a, "progress"_a.none())
      .def("similar_items", &similar_items, "item"_a, "k"_a)
      .def("similar_users", &similar_users, "user"_a, "k"_a, "progress"_a.none())
      .def("predict", &predict, "user"_a, "items"_a.noconvert())
      .def("item_vectors", &item_vectors)
      .def("user_vectors", &user_vectors, "n_threads"_a, "progress"_a.none());

  module.def("evaluate", &evaluate_models, "ratings"_a, "models"_a, "settings"_a, "k"_a,
             "protocol"_a, "fraction"_a, "folds"_a, "relevant_from"_a.none(), "by_cosine"_a,
             "seed"_a, "n_threads"_a, "progress"_a.none());
}

}  // namespace coseno::python
