#include "addon.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/error_name.h"
#include "engine_object.h"
#include "offline_objects.h"
#include "texts.h"

namespace coseno::node {
namespace {

// How often a job tells how far it is, at most.
constexpr std::chrono::milliseconds kTellEvery{50};

// Work that has no engine: opening, closing, fits.
constexpr std::size_t kMaxWorkers = 16;

// What `dispatch` is told of.
enum class Outcome : std::uint8_t { done = 0, failed = 1, progress = 2 };

// Where positions and counts stand in numbers(), and lists behind them.
constexpr std::size_t kHead = 4;

std::string details_json(const Recommendations& list) {
  boost::json::array all;
  for (const RecommendedItem& item : list.items) {
    boost::json::array sources;
    for (const Source& source : item.sources) {
      sources.push_back({{"name", source.name}, {"score", source.score}});
    }
    boost::json::array reasons;
    for (const Reason& reason : item.reasons) {
      reasons.push_back({{"item", reason.item}, {"share", reason.share}});
    }
    all.push_back({{"sources", std::move(sources)}, {"reasons", std::move(reasons)}});
  }
  return boost::json::serialize(all);
}

}  // namespace

Result<MakeValue> json_value(Result<std::string> text) {
  if (!text) return std::unexpected(std::move(text).error());
  return [text = std::move(*text)](Napi::Env env) -> Napi::Value {
    if (text.empty()) return env.Undefined();
    return {env, text_value(env, text)};
  };
}

Addon::Addon(Napi::Env env)
    : env_(env), loop_(env), workers_(std::make_unique<Workers>(kMaxWorkers)) {}

void Addon::open(Napi::Env env, Napi::Object exports) {
  // Shared with the objects, which may outlive the data of the environment.
  const auto addon = std::make_shared<Addon>(env);
  env.SetInstanceData(std::make_unique<std::shared_ptr<Addon>>(addon).release());
  napi_add_env_cleanup_hook(env, close, addon.get());
  auto numbers = Napi::Float64Array::New(env, kHead + 2 * kMaxListed);
  addon->numbers_ = numbers.Data();
  addon->numbers_reference_ = Napi::Persistent(numbers);
  exports.Set("numbers", numbers);
  exports.Set("setDispatch", Napi::Function::New(env, [addon](const Napi::CallbackInfo& info) {
                return addon->set_dispatch(info);
              }));
  exports.Set("cancel", Napi::Function::New(env, [addon](const Napi::CallbackInfo& info) {
                addon->cancel(info[0].As<Napi::Number>().Int64Value());
              }));
  EngineObject::open(env, exports);
  open_offline(env, exports);
}

Addon& Addon::of(Napi::Env env) { return **env.GetInstanceData<std::shared_ptr<Addon>>(); }

void Addon::close(void* self) {
  auto& addon = *static_cast<Addon*>(self);
  for (const auto& [number, is_cancelled] : addon.jobs_) *is_cancelled = true;
  for (Closable* const closable : addon.closables_) closable->close_now();
  addon.workers_.reset();
  addon.dispatch_.Reset();
  addon.make_error_.Reset();
  addon.engine_class_.Reset();
  addon.ratings_class_.Reset();
  addon.model_class_.Reset();
  addon.numbers_reference_.Reset();
}

Napi::Value Addon::set_dispatch(const Napi::CallbackInfo& info) {
  dispatch_ = Napi::Persistent(info[0].As<Napi::Function>());
  make_error_ = Napi::Persistent(info[1].As<Napi::Function>());
  return info.Env().Undefined();
}

std::shared_ptr<std::atomic<bool>> Addon::begin_job(CallNumber number) {
  begin();
  auto is_cancelled = std::make_shared<std::atomic<bool>>(false);
  jobs_[number] = is_cancelled;
  return is_cancelled;
}

void Addon::cancel(CallNumber number) {
  const auto found = jobs_.find(number);
  if (found != jobs_.end()) *found->second = true;
}

Napi::Value Addon::error_value(Napi::Env env, const Error& error) {
  return make_error_.Call(
      {Napi::String::New(env, name_of(error.code)), Napi::String::New(env, error.message)});
}

void Addon::throw_error(Napi::Env env, const Error& error) {
  napi_throw(env, error_value(env, error));
}

napi_value Addon::list_value(napi_env env, const Recommendations& list) {
  const std::size_t n = list.items.size();
  COSENO_CHECK(n <= kMaxListed);
  bool by_chance = false;
  bool has_details = false;
  napi_value ids = nullptr;
  napi_create_array_with_length(env, n, &ids);
  for (std::size_t place = 0; place < n; ++place) {
    const RecommendedItem& item = list.items[place];
    napi_set_element(env, ids, static_cast<std::uint32_t>(place), text_value(env, item.item));
    numbers_[kHead + place] = item.score;
    numbers_[kHead + n + place] = item.propensity;
    by_chance = by_chance || item.propensity != 1;
    has_details = has_details || !item.sources.empty();
  }
  if (has_details) {
    napi_set_element(env, ids, static_cast<std::uint32_t>(n), text_value(env, details_json(list)));
  }
  numbers_[0] = static_cast<double>(list.position);
  numbers_[1] = static_cast<double>(list.snapshot);
  numbers_[2] = static_cast<double>(n);
  numbers_[3] = by_chance ? 1 : 0;
  return ids;
}

void Addon::write(const Acknowledged& done) {
  numbers_[0] = static_cast<double>(done.position);
  numbers_[1] = static_cast<double>(done.n_new);
  numbers_[2] = static_cast<double>(done.n_repeated);
}

void Addon::tell(Napi::Env env, std::initializer_list<napi_value> arguments) {
  dispatch_.Call(env.Undefined(), arguments);
  // It does not throw, but what it calls of the user's may.
  if (env.IsExceptionPending()) {
    napi_fatal_exception(env, env.GetAndClearPendingException().Value());
  }
}

void Addon::settle(CallNumber number, Result<MakeValue> made) {
  loop_.post([this, number, made = std::move(made)](Napi::Env env) mutable {
    loop_.release();
    jobs_.erase(number);
    const auto outcome = [env](Outcome which) {
      return Napi::Number::New(env, static_cast<double>(which));
    };
    const Napi::Number who = Napi::Number::New(env, static_cast<double>(number));
    if (made) {
      const Napi::Value value = (*made)(env);
      tell(env, {who, outcome(Outcome::done), value});
    } else {
      tell(env, {who, outcome(Outcome::failed), error_value(env, made.error())});
    }
  });
}

ProgressOptions Addon::watch(CallNumber number, std::shared_ptr<std::atomic<bool>> is_cancelled) {
  struct Told {
    std::string stage;
    std::chrono::steady_clock::time_point when;
  };
  const auto told = std::make_shared<Told>();
  return {
      .progress =
          [this, number, told](std::string_view stage, double share) {
            const auto now = std::chrono::steady_clock::now();
            if (stage == told->stage && now - told->when < kTellEvery) return;
            *told = {std::string(stage), now};
            loop_.post([this, number, stage = told->stage, share](Napi::Env env) {
              tell(env, {Napi::Number::New(env, static_cast<double>(number)),
                         Napi::Number::New(env, static_cast<double>(Outcome::progress)),
                         Napi::String::New(env, stage), Napi::Number::New(env, share)});
            });
          },
      .cancelled = [is_cancelled = std::move(is_cancelled)] { return is_cancelled->load(); },
  };
}

}  // namespace coseno::node

namespace {

Napi::Object open_addon(Napi::Env env, Napi::Object exports) {
  coseno::node::Addon::open(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(coseno, open_addon)
