// What the addon keeps for one environment of Node: the main thread, or a worker thread.
//
// JavaScript gives each call that it will wait for a number, and one function of it, `dispatch`, is
// told what became of them: dispatch(number, outcome, ...).
#pragma once

#include <napi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "coseno/engine.h"
#include "event_loop.h"
#include "workers.h"

namespace coseno::node {

using CallNumber = std::int64_t;

// Makes the value that a call comes to, on the thread of JavaScript.
using MakeValue = std::move_only_function<Napi::Value(Napi::Env)>;

// Something that has threads of its own, which must end before the environment does.
class Closable {
 public:
  virtual ~Closable() = default;
  // On the thread of JavaScript. Waits for what runs.
  virtual void close_now() = 0;
};

class Addon : public std::enable_shared_from_this<Addon> {
 public:
  static constexpr std::size_t kMaxListed = 1000;

  static void open(Napi::Env env, Napi::Object exports);
  static Addon& of(Napi::Env env);

  explicit Addon(Napi::Env env);
  Addon(const Addon&) = delete;
  Addon& operator=(const Addon&) = delete;

  // --- on the thread of JavaScript

  // For work that belongs to no engine, and for closing engines.
  Workers& workers() { return *workers_; }
  void add(Closable& closable) { closables_.insert(&closable); }
  void remove(Closable& closable) { closables_.erase(&closable); }

  // Classes, for those who make an object of one.
  Napi::FunctionReference& engine_class() { return engine_class_; }
  Napi::FunctionReference& ratings_class() { return ratings_class_; }
  Napi::FunctionReference& model_class() { return model_class_; }

  // A call that JavaScript waits for has begun: Node does not end before it is settled.
  void begin() { loop_.hold(); }
  // Of a job: told when it is cancelled.
  std::shared_ptr<std::atomic<bool>> begin_job(CallNumber number);
  void cancel(CallNumber number);

  // An error as JavaScript has it.
  Napi::Value error_value(Napi::Env env, const Error& error);
  void throw_error(Napi::Env env, const Error& error);

  // A list: its ids in an array, and behind them, where there are sources and reasons, those as
  // JSON. Numbers stand in numbers(), until the next list is made:
  //   position, snapshot, n, whether there are propensities, n scores, n propensities
  napi_value list_value(napi_env env, const Recommendations& list);
  // position, nNew, nRepeated in numbers().
  void write(const Acknowledged& done);

  // --- on any thread

  // Calls `make` on the thread of JavaScript, and tells what it made.
  void settle(CallNumber number, Result<MakeValue> made);
  // What a job tells and asks.
  ProgressOptions watch(CallNumber number, std::shared_ptr<std::atomic<bool>> is_cancelled);

 private:
  static void close(void* self);
  Napi::Value set_dispatch(const Napi::CallbackInfo& info);
  void tell(Napi::Env env, std::initializer_list<napi_value> arguments);

  Napi::Env env_;
  EventLoop loop_;
  std::unique_ptr<Workers> workers_;
  std::set<Closable*> closables_;
  std::unordered_map<CallNumber, std::shared_ptr<std::atomic<bool>>> jobs_;
  Napi::FunctionReference dispatch_;
  Napi::FunctionReference make_error_;
  Napi::FunctionReference engine_class_;
  Napi::FunctionReference ratings_class_;
  Napi::FunctionReference model_class_;
  Napi::Reference<Napi::Float64Array> numbers_reference_;
  double* numbers_ = nullptr;
};

// Answers that are JSON text, or nothing.
Result<MakeValue> json_value(Result<std::string> text);

}  // namespace coseno::node
