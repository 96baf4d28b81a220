// An engine as an object of JavaScript. lib/engine.js stands before it: it checks types, and makes
// promises and objects of what this gives.
#pragma once

#include <napi.h>

#include <memory>

#include "addon.h"

namespace coseno::node {

// An engine, and the threads that ask it. Ends when all is done that they were given.
struct OpenEngine {
  explicit OpenEngine(Engine opened);

  Engine engine;
  // The threads end before the engine does.
  Workers reads;
  Workers writes;
  Workers jobs;
};

class EngineObject final : public Napi::ObjectWrap<EngineObject>, public Closable {
 public:
  static void open(Napi::Env env, Napi::Object exports);

  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;
  EngineObject(const EngineObject&) = delete;
  EngineObject& operator=(const EngineObject&) = delete;

  void close_now() override { open_.reset(); }

 private:
  static Napi::Value make(Napi::Env env, std::unique_ptr<OpenEngine> open);

  // open(number, json): the call comes to an object of this class.
  static void open_folder(const Napi::CallbackInfo& info);
  // folderCall(number, name, json)
  static void folder_call(const Napi::CallbackInfo& info);

  // recommend(number, user, k, json or undefined); recommendSync has no number.
  void recommend(const Napi::CallbackInfo& info);
  Napi::Value recommend_sync(const Napi::CallbackInfo& info);
  // similar(number, item, k, filter), trending(number, k, filter)
  void similar(const Napi::CallbackInfo& info);
  void trending(const Napi::CallbackInfo& info);
  // observe(number, user, item, type, value, timeMs, id); all after `item` may be undefined.
  void observe(const Napi::CallbackInfo& info);
  void observe_sync(const Napi::CallbackInfo& info);
  // call(number, name, json)
  void call(const Napi::CallbackInfo& info);
  // publishVectors(number, json, items, itemBiases, users), with a Float32Array each, or undefined.
  void publish_vectors(const Napi::CallbackInfo& info);
  Napi::Value position(const Napi::CallbackInfo& info);
  // close(number)
  void close(const Napi::CallbackInfo& info);

  // nullptr where it is closed, and JavaScript is told.
  OpenEngine* opened(Napi::Env env);
  // Gives the engine up: it ends on another thread.
  void give_up(std::move_only_function<void()> then);

  std::shared_ptr<Addon> addon_;
  std::unique_ptr<OpenEngine> open_;  // nullptr: closed
};

}  // namespace coseno::node
