// The way back from other threads to that of JavaScript.
#pragma once

#include <napi.h>

#include <functional>
#include <mutex>
#include <vector>

namespace coseno::node {

// One an environment (the main thread, or a worker thread of Node).
class EventLoop {
 public:
  using Task = std::move_only_function<void(Napi::Env)>;

  explicit EventLoop(Napi::Env env);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs the task on the thread of JavaScript, soon, in the order of calls. Thread-safe. Where the
  // environment ends before, the task is dropped.
  void post(Task task);

  // While something is held, Node does not end for want of anything to do. From the thread of
  // JavaScript.
  void hold();
  void release();

 private:
  static void run(napi_env env, napi_value callback, void* self, void* data);

  Napi::Env env_;
  napi_threadsafe_function function_ = nullptr;  // the environment's, which ends it
  std::size_t n_held_ = 0;
  std::mutex mutex_;
  std::vector<Task> tasks_;  // guarded by mutex_
};

}  // namespace coseno::node
