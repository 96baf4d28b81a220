#include "engine_object.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine_calls.h"
#include "list_request.h"
#include "texts.h"

namespace coseno::node {
namespace {

// Lists that are made at once, for those who wait for promises.
std::size_t n_readers() { return std::clamp(std::thread::hardware_concurrency(), 1U, 4U); }

constexpr std::size_t kMaxJobs = 8;

CallNumber number(const Napi::Value& value) { return value.As<Napi::Number>().Int64Value(); }

std::size_t count(const Napi::Value& value) {
  return static_cast<std::size_t>(value.As<Napi::Number>().Int64Value());
}

std::vector<float> floats(const Napi::Value& value) {
  if (!value.IsTypedArray()) return {};
  const auto array = value.As<Napi::Float32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

// The event of the arguments from `first` on.
struct EventTexts {
  EventTexts(const Napi::CallbackInfo& info, std::size_t first)
      : user(info.Env(), info[first]),
        item(info.Env(), info[first + 1]),
        type(info.Env(), info[first + 2]),
        id(info.Env(), info[first + 5]) {}

  Text user, item, type, id;
};

void take_numbers(const Napi::CallbackInfo& info, std::size_t first, Event& event) {
  double value = 0;
  if (napi_get_value_double(info.Env(), info[first + 3], &value) == napi_ok) {
    event.value = static_cast<float>(value);
  }
  if (napi_get_value_double(info.Env(), info[first + 4], &value) == napi_ok) {
    event.time_ms = static_cast<std::int64_t>(value);
  }
}

Event event_of(const Napi::CallbackInfo& info, std::size_t first, const EventTexts& texts) {
  Event event{.user = texts.user.view(), .item = texts.item.view(), .id = texts.id.view()};
  if (!texts.type.view().empty()) event.type = texts.type.view();
  take_numbers(info, first, event);
  return event;
}

// The same, for another thread.
struct OwnEvent {
  OwnEvent(const Napi::CallbackInfo& info, std::size_t first)
      : user(text(info[first])),
        item(text(info[first + 1])),
        type(text(info[first + 2])),
        id(text(info[first + 5])) {
    take_numbers(info, first, numbers);
  }

  Event event() const {
    Event event = numbers;
    event.user = user;
    event.item = item;
    event.id = id;
    if (!type.empty()) event.type = type;
    return event;
  }

  std::string user, item, type, id;
  Event numbers;
};

Result<MakeValue> list_maker(Result<Recommendations> list, Addon& addon) {
  if (!list) return std::unexpected(std::move(list).error());
  return [list = std::move(*list), &addon](Napi::Env env) -> Napi::Value {
    return {env, addon.list_value(env, list)};
  };
}

}  // namespace

OpenEngine::OpenEngine(Engine opened)
    : engine(std::move(opened)), reads(n_readers()), writes(1), jobs(kMaxJobs) {}

void EngineObject::open(Napi::Env env, Napi::Object exports) {
  const Napi::Function made =
      DefineClass(env, "Engine",
                  {InstanceMethod<&EngineObject::recommend>("recommend"),
                   InstanceMethod<&EngineObject::recommend_sync>("recommendSync"),
                   InstanceMethod<&EngineObject::similar>("similar"),
                   InstanceMethod<&EngineObject::trending>("trending"),
                   InstanceMethod<&EngineObject::observe>("observe"),
                   InstanceMethod<&EngineObject::observe_sync>("observeSync"),
                   InstanceMethod<&EngineObject::call>("call"),
                   InstanceMethod<&EngineObject::publish_vectors>("publishVectors"),
                   InstanceMethod<&EngineObject::position>("position"),
                   InstanceMethod<&EngineObject::close>("close")});
  Addon::of(env).engine_class() = Napi::Persistent(made);
  exports.Set("open", Napi::Function::New(env, open_folder));
  exports.Set("folderCall", Napi::Function::New(env, folder_call));
}

EngineObject::EngineObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), addon_(Addon::of(info.Env()).shared_from_this()) {
  addon_->add(*this);
  // Of make(); JavaScript has none to give.
  if (info[0].IsExternal()) {
    open_ = std::move(*info[0].As<Napi::External<std::unique_ptr<OpenEngine>>>().Data());
  }
}

Napi::Value EngineObject::make(Napi::Env env, std::unique_ptr<OpenEngine> open) {
  return Addon::of(env).engine_class().New(
      {Napi::External<std::unique_ptr<OpenEngine>>::New(env, &open)});
}

EngineObject::~EngineObject() {
  addon_->remove(*this);
  if (open_) give_up([] {});
}

void EngineObject::give_up(std::move_only_function<void()> then) {
  addon_->workers().push([open = std::move(open_), then = std::move(then)]() mutable {
    open.reset();
    then();
  });
}

OpenEngine* EngineObject::opened(Napi::Env env) {
  if (!open_) addon_->throw_error(env, {ErrorCode::conflict, "the engine is closed"});
  return open_.get();
}

void EngineObject::open_folder(const Napi::CallbackInfo& info) {
  Addon& addon = Addon::of(info.Env());
  addon.begin();
  addon.workers().push([&addon, call = number(info[0]), json = text(info[1])] {
    const auto open = [&]() -> Result<MakeValue> {
      COSENO_ASSIGN(asked, open_request(json));
      COSENO_ASSIGN(engine, asked.is_beside ? Engine::open_beside(asked.folder, asked.options)
                                            : Engine::open(asked.folder, asked.options));
      auto opened = std::make_unique<OpenEngine>(std::move(engine));
      return [opened = std::move(opened)](Napi::Env env) mutable -> Napi::Value {
        return make(env, std::move(opened));
      };
    };
    addon.settle(call, open());
  });
}

void EngineObject::folder_call(const Napi::CallbackInfo& info) {
  Addon& addon = Addon::of(info.Env());
  const CallNumber call = number(info[0]);
  const FolderCall* const found = find_folder_call(text(info[1]));
  auto is_cancelled = addon.begin_job(call);
  addon.workers().push([&addon, call, found, json = text(info[2]),
                        watch = addon.watch(call, std::move(is_cancelled))] {
    addon.settle(call, json_value(found->run(json, watch)));
  });
}

void EngineObject::recommend(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  addon_->begin();
  open->reads.push([open, addon = addon_.get(), call = number(info[0]), user = text(info[1]),
                    k = count(info[2]), json = text(info[3])] {
    const auto ask = [&]() -> Result<Recommendations> {
      ListRequest request;
      if (!json.empty()) COSENO_TRY(request.parse(json));
      return open->engine.recommend(request.request(user, k));
    };
    addon->settle(call, list_maker(ask(), *addon));
  });
}

Napi::Value EngineObject::recommend_sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  OpenEngine* const open = opened(env);
  if (open == nullptr) return env.Undefined();
  const Text user(env, info[0]);
  const std::size_t k = count(info[1]);
  Result<Recommendations> list;
  if (info[2].IsUndefined()) {
    list = open->engine.recommend({.user = user.view(), .k = k});
  } else {
    ListRequest request;
    const Text json(env, info[2]);
    const Result<void> parsed = request.parse(json.view());
    list = parsed ? open->engine.recommend(request.request(user.view(), k))
                  : std::unexpected(parsed.error());
  }
  if (list) return {env, addon_->list_value(env, *list)};
  addon_->throw_error(env, list.error());
  return env.Undefined();
}

void EngineObject::similar(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  addon_->begin();
  open->reads.push([open, addon = addon_.get(), call = number(info[0]), item = text(info[1]),
                    k = count(info[2]), filter = text(info[3])] {
    addon->settle(call, list_maker(open->engine.similar(item, k, filter), *addon));
  });
}

void EngineObject::trending(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  addon_->begin();
  open->reads.push([open, addon = addon_.get(), call = number(info[0]), k = count(info[1]),
                    filter = text(info[2])] {
    addon->settle(call, list_maker(open->engine.trending(k, filter), *addon));
  });
}

void EngineObject::observe(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  addon_->begin();
  open->writes.push(
      [open, addon = addon_.get(), call = number(info[0]), event = OwnEvent(info, 1)] {
        const Result<Acknowledged> done = open->engine.observe(event.event());
        if (!done) {
          addon->settle(call, std::unexpected(done.error()));
          return;
        }
        addon->settle(call, [done = *done, addon](Napi::Env env) -> Napi::Value {
          addon->write(done);
          return env.Undefined();
        });
      });
}

void EngineObject::observe_sync(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  const EventTexts texts(info, 0);
  const Result<Acknowledged> done = open->engine.observe(event_of(info, 0, texts));
  if (done) {
    addon_->write(*done);
  } else {
    addon_->throw_error(info.Env(), done.error());
  }
}

void EngineObject::call(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  const CallNumber call = number(info[0]);
  const EngineCall* const found = find_engine_call(text(info[1]));
  Addon* const addon = addon_.get();
  ProgressOptions watch;
  Workers* lane = found->lane == Lane::read ? &open->reads : &open->writes;
  if (found->lane == Lane::job) {
    lane = &open->jobs;
    watch = addon->watch(call, addon->begin_job(call));
  } else {
    addon->begin();
  }
  lane->push([open, addon, call, found, json = text(info[2]), watch = std::move(watch)] {
    addon->settle(call, json_value(found->run(open->engine, json, watch)));
  });
}

void EngineObject::publish_vectors(const Napi::CallbackInfo& info) {
  OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return;
  const CallNumber call = number(info[0]);
  Addon* const addon = addon_.get();
  // Copied: JavaScript may change them, or give them away, meanwhile.
  VectorArrays arrays{floats(info[2]), floats(info[3]), floats(info[4])};
  open->jobs.push([open, addon, call, json = text(info[1]), arrays = std::move(arrays),
                   watch = addon->watch(call, addon->begin_job(call))] {
    addon->settle(call, json_value(node::publish_vectors(open->engine, json, arrays, watch)));
  });
}

Napi::Value EngineObject::position(const Napi::CallbackInfo& info) {
  const OpenEngine* const open = opened(info.Env());
  if (open == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(open->engine.position()));
}

void EngineObject::close(const Napi::CallbackInfo& info) {
  if (opened(info.Env()) == nullptr) return;
  addon_->begin();
  give_up([addon = addon_.get(), call = number(info[0])] {
    addon->settle(call, json_value(Result<std::string>("")));
  });
}

}  // namespace coseno::node
