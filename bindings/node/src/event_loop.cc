#include "event_loop.h"

#include <utility>

namespace coseno::node {

EventLoop::EventLoop(Napi::Env env) : env_(env) {
  const napi_status made =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "coseno"), 0, 1,
                                      nullptr, nullptr, this, run, &function_);
  if (made != napi_ok) Napi::Error::Fatal("coseno", "no thread-safe function could be made");
  napi_unref_threadsafe_function(env, function_);
}

void EventLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // who put the first has called
  }
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void EventLoop::run(napi_env env, napi_value /*callback*/, void* self, void* /*data*/) {
  EventLoop& loop = *static_cast<EventLoop*>(self);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(loop.mutex_);
    tasks.swap(loop.tasks_);
  }
  if (env == nullptr) return;  // it ends
  for (Task& task : tasks) {
    const Napi::HandleScope scope(env);
    task(env);
  }
}

void EventLoop::hold() {
  if (n_held_++ == 0) napi_ref_threadsafe_function(env_, function_);
}

void EventLoop::release() {
  if (--n_held_ == 0) napi_unref_threadsafe_function(env_, function_);
}

}  // namespace coseno::node
