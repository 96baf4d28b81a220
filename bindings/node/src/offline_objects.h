// Ratings in memory and models fitted to them, as objects of JavaScript; lib/offline.js stands
// before them. Both are immutable, so what runs on another thread keeps a copy, which shares what
// it holds.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "addon.h"
#include "coseno/offline.h"

namespace coseno::node {

class RatingsObject final : public Napi::ObjectWrap<RatingsObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value make(Napi::Env env, Ratings ratings);

  explicit RatingsObject(const Napi::CallbackInfo& info);

  const Ratings& ratings() const { return *ratings_; }

 private:
  // {"nUsers": ..., "nItems": ..., "size": ..., "hasValues": ...}
  Napi::Value describe(const Napi::CallbackInfo& info);
  // The id of a number, and the number of an id; undefined where there is none.
  Napi::Value user(const Napi::CallbackInfo& info);
  Napi::Value item(const Napi::CallbackInfo& info);
  Napi::Value find_user(const Napi::CallbackInfo& info);
  Napi::Value find_item(const Napi::CallbackInfo& info);

  std::optional<Ratings> ratings_;  // nothing only before make() has filled it
};

class ModelObject final : public Napi::ObjectWrap<ModelObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value make(Napi::Env env, OfflineModel model);

  explicit ModelObject(const Napi::CallbackInfo& info);

 private:
  // {"name": ..., "settings": {...}, "seed": ..., "predictsRatings": ...}
  Napi::Value describe(const Napi::CallbackInfo& info);
  Napi::Value ratings(const Napi::CallbackInfo& info);
  // recommend(number, json) and recommendSync(json) give {ids, scores}; so do similarItems(number,
  // id, k) and similarUsers.
  void recommend(const Napi::CallbackInfo& info);
  Napi::Value recommend_sync(const Napi::CallbackInfo& info);
  void similar_items(const Napi::CallbackInfo& info);
  void similar_users(const Napi::CallbackInfo& info);
  // predict(number, user, items) and predictSync(user, items) give a Float32Array.
  void predict(const Napi::CallbackInfo& info);
  Napi::Value predict_sync(const Napi::CallbackInfo& info);
  // itemVectors(number) and userVectors(number) give {data, nRows, dim, stride}; `data` is the
  // model's own memory.
  void item_vectors(const Napi::CallbackInfo& info);
  void user_vectors(const Napi::CallbackInfo& info);
  // save(number, path)
  void save(const Napi::CallbackInfo& info);

  std::optional<OfflineModel> model_;
};

// readRatings(number, text, isPath, json), fit(number, model, ratings, json), loadModel(number,
// path), evaluate(number, ratings, json) and models() of the addon.
void open_offline(Napi::Env env, Napi::Object exports);

}  // namespace coseno::node
