#include "offline_objects.h"

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fields.h"
#include "texts.h"

namespace coseno::node {
namespace {

namespace json = boost::json;

CallNumber number(const Napi::Value& value) { return value.As<Napi::Number>().Int64Value(); }

std::uint32_t dense(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

Napi::Value text_or_nothing(Napi::Env env, std::string_view text) {
  if (text.empty()) return env.Undefined();
  return {env, text_value(env, text)};
}

Napi::Value number_or_nothing(Napi::Env env, std::optional<std::uint32_t> number) {
  if (!number) return env.Undefined();
  return Napi::Number::New(env, *number);
}

OfflineProgress offline(const ProgressOptions& watch) { return {watch.progress, watch.cancelled}; }

// Does work() on another thread, and tells what it made.
template <class Work>
void push(Addon& addon, CallNumber call, Work work) {
  addon.begin();
  addon.workers().push(
      [&addon, call, work = std::move(work)]() mutable { addon.settle(call, work()); });
}

// The same for long work: work(watch).
template <class Work>
void push_job(Addon& addon, CallNumber call, Work work) {
  const ProgressOptions watch = addon.watch(call, addon.begin_job(call));
  addon.workers().push(
      [&addon, call, work = std::move(work), watch]() mutable { addon.settle(call, work(watch)); });
}

// --- lists

using Listed = std::vector<ListedItem>;
// The id of a number: of an item, or of a user.
using IdOf = std::string_view (Ratings::*)(std::uint32_t) const;

Napi::Value listed_value(Napi::Env env, const Ratings& ratings, IdOf id_of, const Listed& list) {
  Napi::Array ids = Napi::Array::New(env, list.size());
  Napi::Float32Array scores = Napi::Float32Array::New(env, list.size());
  for (std::size_t place = 0; place < list.size(); ++place) {
    napi_set_element(env, ids, static_cast<std::uint32_t>(place),
                     text_value(env, (ratings.*id_of)(list[place].number)));
    scores[place] = list[place].score;
  }
  Napi::Object made = Napi::Object::New(env);
  made.Set("ids", ids);
  made.Set("scores", scores);
  return made;
}

Result<MakeValue> listed_maker(const OfflineModel& model, IdOf id_of, Result<Listed> list) {
  if (!list) return std::unexpected(std::move(list).error());
  return [model, id_of, list = std::move(*list)](Napi::Env env) -> Napi::Value {
    return listed_value(env, model.ratings(), id_of, list);
  };
}

std::vector<std::uint32_t> known(const Ratings& ratings, const std::vector<std::string_view>& ids) {
  std::vector<std::uint32_t> numbers;
  for (const std::string_view id : ids) {
    if (const auto found = ratings.find_item(id)) numbers.push_back(*found);
  }
  return numbers;
}

// The list that the JSON asks for.
Result<Listed> recommend_list(const OfflineModel& model, std::string_view text) {
  COSENO_ASSIGN(object, parse_object(text));
  std::string_view user;
  std::string_view by = "score";
  std::uint64_t k = 10;
  ListOptions options;
  std::vector<std::string_view> exclude;
  std::optional<std::vector<std::string_view>> allow;
  std::vector<std::uint32_t> history;
  std::vector<float> values;
  bool has_values = false;
  Fields fields(object);
  fields.take("user", user);
  fields.take("k", k);
  fields.take("by", by);
  fields.take("includeSeen", options.include_seen);
  fields.take("exclude", exclude);
  fields.take("allow", allow);
  const bool has_history = fields.take_list("history", [&](Fields& act) {
    std::string_view item;
    std::optional<float> value;
    act.require("item");
    act.take("item", item);
    act.take("value", value);
    has_values = has_values || value;
    if (const auto found = model.ratings().find_item(item)) {
      history.push_back(*found);
      values.push_back(value.value_or(1));
    }
  });
  if (by != "score" && by != "cosine") fields.refuse("by", "must be score or cosine");
  COSENO_TRY(fields.done());
  options.k = k;
  options.by_cosine = by == "cosine";
  const std::vector<std::uint32_t> excluded = known(model.ratings(), exclude);
  const std::vector<std::uint32_t> allowed =
      allow ? known(model.ratings(), *allow) : std::vector<std::uint32_t>();
  if (allow && allowed.empty()) return Listed();
  options.excluded = excluded;
  options.allowed = allowed;
  if (!has_history) return model.recommend(user, options);
  if (!has_values) values.clear();
  return model.recommend(history, values, options);
}

// --- ratings of pairs

Result<std::vector<float>> predict_ratings(const OfflineModel& model, std::string_view user,
                                           const std::vector<std::string>& items) {
  const auto user_number = model.ratings().find_user(user);
  if (!user_number) return make_error(ErrorCode::not_found, "there is no user '{}'", user);
  std::vector<std::uint32_t> numbers;
  for (const std::string& item : items) {
    const auto found = model.ratings().find_item(item);
    if (!found) return make_error(ErrorCode::not_found, "there is no item '{}'", item);
    numbers.push_back(*found);
  }
  std::vector<float> ratings(items.size());
  COSENO_TRY(model.predict(*user_number, numbers, ratings));
  return ratings;
}

std::vector<std::string> texts(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> all;
  for (std::uint32_t n = 0; n < array.Length(); ++n) all.push_back(text(array.Get(n)));
  return all;
}

Napi::Value floats_value(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array made = Napi::Float32Array::New(env, values.size());
  std::ranges::copy(values, made.Data());
  return {env, made};
}

// --- vectors

// An array over memory of the model, which stays while the array does.
Napi::Value vectors_value(Napi::Env env, const OfflineModel& model, const VectorsView& vectors) {
  Napi::Object made = Napi::Object::New(env);
  const std::size_t n = vectors.n_rows * vectors.stride;
  Napi::Float32Array data = Napi::Float32Array::New(env, 0);
  if (n > 0) {
    // JavaScript has no arrays that cannot be written to; index.d.ts says that it must not be.
    const Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(
        env, const_cast<float*>(vectors.data), n * sizeof(float),
        [kept = model](Napi::Env /*env*/, void* /*data*/) { static_cast<void>(kept); });
    data = Napi::Float32Array::New(env, n, memory, 0);
  }
  made.Set("data", data);
  made.Set("nRows", static_cast<double>(vectors.n_rows));
  made.Set("dim", static_cast<double>(vectors.dim));
  made.Set("stride", static_cast<double>(vectors.stride));
  return made;
}

// --- functions of the addon

void read_ratings(const Napi::CallbackInfo& info) {
  push_job(Addon::of(info.Env()), number(info[0]),
           [source = text(info[1]), is_path = info[2].ToBoolean().Value(),
            request = text(info[3])](const ProgressOptions& watch) -> Result<MakeValue> {
             COSENO_ASSIGN(object, parse_object(request));
             ReadRatingsOptions options{.watch = offline(watch)};
             Fields fields(object);
             fields.take("format", options.format);
             fields.take("repeats", options.repeats);
             fields.take("items", options.items);
             fields.take("users", options.users);
             COSENO_TRY(fields.done());
             COSENO_ASSIGN(ratings, is_path ? Ratings::read(source, options)
                                            : Ratings::parse(source, options));
             return [ratings](Napi::Env env) { return RatingsObject::make(env, ratings); };
           });
}

void fit(const Napi::CallbackInfo& info) {
  const Ratings& ratings =
      Napi::ObjectWrap<RatingsObject>::Unwrap(info[2].As<Napi::Object>())->ratings();
  push_job(Addon::of(info.Env()), number(info[0]),
           [name = text(info[1]), ratings,
            request = text(info[3])](const ProgressOptions& watch) -> Result<MakeValue> {
             COSENO_ASSIGN(object, parse_object(request));
             FitOptions options{.watch = offline(watch)};
             Fields fields(object);
             fields.take("settings", options.settings);
             fields.take("seed", options.seed);
             fields.take("nThreads", options.n_threads);
             COSENO_TRY(fields.done());
             COSENO_ASSIGN(model, OfflineModel::fit(name, ratings, options));
             return [model](Napi::Env env) { return ModelObject::make(env, model); };
           });
}

void load_model(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]), [path = text(info[1])]() -> Result<MakeValue> {
    COSENO_ASSIGN(model, OfflineModel::load(path));
    return [model](Napi::Env env) { return ModelObject::make(env, model); };
  });
}

Result<std::string> evaluate_json(const Ratings& ratings, std::string_view text,
                                  const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(text));
  EvaluateRequest request{.watch = offline(watch)};
  std::vector<std::string_view> models;
  std::string_view by = "score";
  std::uint64_t k = request.k;
  Fields fields(object);
  fields.take("models", models);
  fields.take_objects("settings", [&request](std::string_view name, Fields& settings) {
    settings.take_all(request.settings[std::string(name)]);
  });
  fields.take("k", k);
  fields.take("protocol", request.protocol);
  fields.take("fraction", request.fraction);
  fields.take("folds", request.folds);
  fields.take("relevantFrom", request.relevant_from);
  fields.take("by", by);
  fields.take("seed", request.seed);
  fields.take("nThreads", request.n_threads);
  if (by != "score" && by != "cosine") fields.refuse("by", "must be score or cosine");
  COSENO_TRY(fields.done());
  request.k = k;
  request.by_cosine = by == "cosine";
  request.models.assign(models.begin(), models.end());
  COSENO_ASSIGN(qualities, evaluate(ratings, request));
  json::array all;
  for (const ModelQuality& quality : qualities) {
    json::object metrics;
    for (const auto& [name, value] : quality.metrics) metrics[name] = value;
    all.push_back({{"model", quality.model},
                   {"metrics", std::move(metrics)},
                   {"fitS", quality.fit_s},
                   {"latencyP50S", quality.latency_p50_s}});
  }
  return json::serialize(all);
}

void evaluate_models(const Napi::CallbackInfo& info) {
  const Ratings& ratings =
      Napi::ObjectWrap<RatingsObject>::Unwrap(info[1].As<Napi::Object>())->ratings();
  push_job(Addon::of(info.Env()), number(info[0]),
           [ratings, request = text(info[2])](const ProgressOptions& watch) {
             return json_value(evaluate_json(ratings, request, watch));
           });
}

Napi::Value list_models(const Napi::CallbackInfo& info) {
  json::array all;
  for (const ModelDescription& model : models()) {
    json::array options;
    for (const ModelOption& option : model.options) {
      options.push_back({{"name", option.name},
                         {"defaultValue", option.default_value},
                         {"range", option.range},
                         {"help", option.help}});
    }
    all.push_back({{"name", model.name},
                   {"summary", model.summary},
                   {"predictsRatings", model.predicts_ratings},
                   {"hasVectors", model.has_vectors},
                   {"options", std::move(options)}});
  }
  return {info.Env(), text_value(info.Env(), json::serialize(all))};
}

}  // namespace

// --- ratings

Napi::Function RatingsObject::define(Napi::Env env) {
  return DefineClass(
      env, "Ratings",
      {InstanceMethod<&RatingsObject::describe>("describe"),
       InstanceMethod<&RatingsObject::user>("user"), InstanceMethod<&RatingsObject::item>("item"),
       InstanceMethod<&RatingsObject::find_user>("findUser"),
       InstanceMethod<&RatingsObject::find_item>("findItem")});
}

RatingsObject::RatingsObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  // Of make(); JavaScript has none to give.
  if (info[0].IsExternal()) ratings_ = *info[0].As<Napi::External<Ratings>>().Data();
}

Napi::Value RatingsObject::make(Napi::Env env, Ratings ratings) {
  return Addon::of(env).ratings_class().New({Napi::External<Ratings>::New(env, &ratings)});
}

Napi::Value RatingsObject::describe(const Napi::CallbackInfo& info) {
  const json::object described{{"nUsers", ratings_->n_users()},
                               {"nItems", ratings_->n_items()},
                               {"size", ratings_->size()},
                               {"hasValues", ratings_->has_values()}};
  return {info.Env(), text_value(info.Env(), json::serialize(described))};
}

Napi::Value RatingsObject::user(const Napi::CallbackInfo& info) {
  return text_or_nothing(info.Env(), ratings_->user(dense(info[0])));
}

Napi::Value RatingsObject::item(const Napi::CallbackInfo& info) {
  return text_or_nothing(info.Env(), ratings_->item(dense(info[0])));
}

Napi::Value RatingsObject::find_user(const Napi::CallbackInfo& info) {
  return number_or_nothing(info.Env(), ratings_->find_user(Text(info.Env(), info[0]).view()));
}

Napi::Value RatingsObject::find_item(const Napi::CallbackInfo& info) {
  return number_or_nothing(info.Env(), ratings_->find_item(Text(info.Env(), info[0]).view()));
}

// --- models

Napi::Function ModelObject::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceMethod<&ModelObject::describe>("describe"),
                      InstanceMethod<&ModelObject::ratings>("ratings"),
                      InstanceMethod<&ModelObject::recommend>("recommend"),
                      InstanceMethod<&ModelObject::recommend_sync>("recommendSync"),
                      InstanceMethod<&ModelObject::similar_items>("similarItems"),
                      InstanceMethod<&ModelObject::similar_users>("similarUsers"),
                      InstanceMethod<&ModelObject::predict>("predict"),
                      InstanceMethod<&ModelObject::predict_sync>("predictSync"),
                      InstanceMethod<&ModelObject::item_vectors>("itemVectors"),
                      InstanceMethod<&ModelObject::user_vectors>("userVectors"),
                      InstanceMethod<&ModelObject::save>("save")});
}

ModelObject::ModelObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info[0].IsExternal()) model_ = *info[0].As<Napi::External<OfflineModel>>().Data();
}

Napi::Value ModelObject::make(Napi::Env env, OfflineModel model) {
  return Addon::of(env).model_class().New({Napi::External<OfflineModel>::New(env, &model)});
}

Napi::Value ModelObject::describe(const Napi::CallbackInfo& info) {
  json::object settings;
  for (const auto& [name, value] : model_->settings()) settings[name] = value;
  const json::object described{{"name", model_->name()},
                               {"settings", std::move(settings)},
                               {"seed", model_->seed()},
                               {"predictsRatings", model_->predicts_ratings()}};
  return {info.Env(), text_value(info.Env(), json::serialize(described))};
}

Napi::Value ModelObject::ratings(const Napi::CallbackInfo& info) {
  return RatingsObject::make(info.Env(), model_->ratings());
}

void ModelObject::recommend(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]), [model = *model_, request = text(info[1])] {
    return listed_maker(model, &Ratings::item, recommend_list(model, request));
  });
}

Napi::Value ModelObject::recommend_sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<Listed> list = recommend_list(*model_, Text(env, info[0]).view());
  if (list) return listed_value(env, model_->ratings(), &Ratings::item, *list);
  Addon::of(env).throw_error(env, list.error());
  return env.Undefined();
}

void ModelObject::similar_items(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]),
       [model = *model_, item = text(info[1]), k = dense(info[2])]() -> Result<MakeValue> {
         const auto found = model.ratings().find_item(item);
         if (!found) return make_error(ErrorCode::not_found, "there is no item '{}'", item);
         return listed_maker(model, &Ratings::item, model.similar_items(*found, k));
       });
}

void ModelObject::similar_users(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]),
       [model = *model_, user = text(info[1]), k = dense(info[2])]() -> Result<MakeValue> {
         const auto found = model.ratings().find_user(user);
         if (!found) return make_error(ErrorCode::not_found, "there is no user '{}'", user);
         return listed_maker(model, &Ratings::user, model.similar_users(*found, k));
       });
}

void ModelObject::predict(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]),
       [model = *model_, user = text(info[1]), items = texts(info[2])]() -> Result<MakeValue> {
         COSENO_ASSIGN(ratings, predict_ratings(model, user, items));
         return
             [ratings = std::move(ratings)](Napi::Env env) { return floats_value(env, ratings); };
       });
}

Napi::Value ModelObject::predict_sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<std::vector<float>> ratings =
      predict_ratings(*model_, Text(env, info[0]).view(), texts(info[1]));
  if (ratings) return floats_value(env, *ratings);
  Addon::of(env).throw_error(env, ratings.error());
  return env.Undefined();
}

void ModelObject::item_vectors(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]), [model = *model_]() -> Result<MakeValue> {
    return [model](Napi::Env env) { return vectors_value(env, model, model.item_vectors()); };
  });
}

void ModelObject::user_vectors(const Napi::CallbackInfo& info) {
  push_job(Addon::of(info.Env()), number(info[0]),
           [model = *model_](const ProgressOptions& watch) -> Result<MakeValue> {
             COSENO_TRY(model.make_user_vectors(0, offline(watch)));
             return
                 [model](Napi::Env env) { return vectors_value(env, model, model.user_vectors()); };
           });
}

void ModelObject::save(const Napi::CallbackInfo& info) {
  push(Addon::of(info.Env()), number(info[0]),
       [model = *model_, path = text(info[1])]() -> Result<MakeValue> {
         COSENO_TRY(model.save(path));
         return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
       });
}

void open_offline(Napi::Env env, Napi::Object exports) {
  Addon& addon = Addon::of(env);
  addon.ratings_class() = Napi::Persistent(RatingsObject::define(env));
  addon.model_class() = Napi::Persistent(ModelObject::define(env));
  exports.Set("readRatings", Napi::Function::New(env, read_ratings));
  exports.Set("fit", Napi::Function::New(env, fit));
  exports.Set("loadModel", Napi::Function::New(env, load_model));
  exports.Set("evaluate", Napi::Function::New(env, evaluate_models));
  exports.Set("models", Napi::Function::New(env, list_models));
}

}  // namespace coseno::node
