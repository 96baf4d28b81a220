#include "server/trainings.h"

#include <map>
#include <string>
#include <utility>

#include "engine/answer_json.h"
#include "evaluation/auto_model.h"
#include "models/registry.h"
#include "ranking/json_document.h"
#include "server/json_body.h"

namespace coseno::server {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kSteps = 1000;
constexpr double kMaxSeconds = 24 * 3600;

void append_settings(const std::map<std::string, std::string, std::less<>>& settings,
                     std::string& out) {
  out += '{';
  for (std::string_view comma; const auto& [name, value] : settings) {
    out += comma;
    append_json(name, out);
    out += ": ";
    append_json(value, out);
    comma = ", ";
  }
  out += '}';
}

std::string report_json(const TrainReport& report) {
  std::string out = "{\"snapshot\": ";
  append_json(report.snapshot, out);
  out += ", \"model\": ";
  append_json(report.model, out);
  out += ", \"settings\": ";
  append_settings(report.settings, out);
  out += ", \"position\": ";
  append_json(report.position, out);
  out += ", \"ndcg\": ";
  append_json(report.ndcg, out);
  out += ", \"ndcg_in_service\": ";
  append_json(report.ndcg_in_service, out);
  out += ", \"ndcg_popularity\": ";
  append_json(report.ndcg_popularity, out);
  out += ", \"seconds\": ";
  append_json(report.seconds, out);
  return out + "}";
}

// "64", "true" or "0.5" of a setting's value.
Answer<std::string> setting_text(const json::value& value, const std::string& place) {
  if (const json::string* const text = value.if_string()) return std::string(*text);
  if (const double* const number = value.if_double()) return fmt::format("{}", *number);
  if (const bool* const truth = value.if_bool()) return std::string(*truth ? "true" : "false");
  return bad_request(place, "a setting must be a string, a number, true or false, not {}",
                     json_kind(value));
}

Answer<void> check_model(const TrainOptions& options) {
  const ModelInfo* info = &auto_model();
  if (options.model != info->name) {
    const Result<const ModelInfo*> found = find_model(options.model);
    if (!found) return unprocessable("/model", "{}", found.error().message);
    info = *found;
  }
  if (const Result<void> good = info->check(options.settings); !good) {
    return unprocessable("/settings", "{}", good.error().message);
  }
  return {};
}

Answer<TrainOptions> train_options(const json::value& body) {
  TrainOptions options;
  COSENO_ASSIGN(fields, Fields::of(body, ""));
  COSENO_ASSIGN(model, fields.text("model"));
  if (model) options.model = *model;
  COSENO_ASSIGN(seconds, fields.number("seconds"));
  if (seconds) {
    if (!(*seconds > 0 && *seconds <= kMaxSeconds)) {
      return bad_request("/seconds", "seconds must be in (0, {}], not {}", kMaxSeconds, *seconds);
    }
    options.seconds = *seconds;
  }
  if (const json::value* const settings = fields.any("settings")) {
    COSENO_TRY(Fields::of(*settings, "/settings"));
    for (const json::key_value_pair& setting : settings->get_object()) {
      COSENO_ASSIGN(text, setting_text(setting.value(), json_pointer("/settings", setting.key())));
      options.settings.insert_or_assign(std::string(setting.key()), text);
    }
  }
  COSENO_TRY(fields.end());
  COSENO_TRY(check_model(options));
  return options;
}

Result<std::string> train(Engine& engine, TrainOptions options, Progress& progress) {
  options.progress = [&progress](std::string_view stage, double share) {
    progress.report(stage, static_cast<std::uint64_t>(share * kSteps), kSteps, "");
  };
  options.cancelled = [&progress] { return progress.cancelled(); };
  COSENO_ASSIGN(report, engine.train(options));
  return report_json(report);
}

Answer<JobStatus> training_status(const Jobs& jobs, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, job_id(call.matched.id, "training"));
  std::optional<JobStatus> status = jobs.find(id);
  if (status) return std::move(*status);
  return std::unexpected(
      Problem(404, "not_found", fmt::format("there is no training {}", id), "id"));
}

}  // namespace

Answer<Reply> Trainings::start(const ApiOptions& options, const Call& call) {
  COSENO_TRY(call.no_query());
  TrainOptions train_with;
  if (!call.request.body.empty()) {
    JsonBody body;
    COSENO_ASSIGN(value, body.parse(call.request, options.max_json_depth));
    COSENO_ASSIGN(asked, train_options(*value));
    train_with = std::move(asked);
  }
  const std::optional<JobStatus> status =
      jobs_.start([this, train_with = std::move(train_with)](Progress& progress) {
        return train(engine_, train_with, progress);
      });
  if (!status) return std::unexpected(Problem(409, "conflict", "a training is running"));
  Reply reply = json_reply(job_json(*status));
  reply.status = 202;
  reply.headers.emplace_back("Location", fmt::format("/v1/trainings/{}", status->id));
  return reply;
}

Answer<Reply> Trainings::list(const Call& call) const {
  COSENO_TRY(call.no_query());
  std::string body = "{\"trainings\": [";
  for (std::string_view comma; const JobStatus& status : jobs_.all()) {
    body += comma;
    body += job_json(status);
    comma = ", ";
  }
  return json_reply(std::move(body) + "]}");
}

Answer<Reply> Trainings::get(const Call& call) const {
  COSENO_ASSIGN(status, training_status(jobs_, call));
  return json_reply(job_json(status));
}

Answer<Reply> Trainings::cancel(const Call& call) {
  COSENO_ASSIGN(status, training_status(jobs_, call));
  return json_reply(job_json(jobs_.remove(status.id).value_or(status)));
}

Answer<Reply> list_models(const Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(snapshots, engine.snapshots());
  std::string body = "{\"models\": [";
  for (std::string_view comma; const SnapshotInfo& snapshot : snapshots) {
    body += comma;
    body += "{\"snapshot\": ";
    append_json(snapshot.snapshot, body);
    body += snapshot.is_in_service ? ", \"in_service\": true" : ", \"in_service\": false";
    body += ", \"model\": ";
    append_json(snapshot.model, body);
    body += ", \"settings\": ";
    append_settings(snapshot.settings, body);
    body += ", \"position\": ";
    append_json(snapshot.position, body);
    body += ", \"ndcg\": ";
    append_json(snapshot.ndcg, body);
    if (snapshot.ndcg_popularity) {
      body += ", \"ndcg_popularity\": ";
      append_json(*snapshot.ndcg_popularity, body);
    }
    body += '}';
    comma = ", ";
  }
  body += "], \"trainable\": [{\"model\": ";
  append_json(auto_model().name, body);
  body += ", \"summary\": ";
  append_json(auto_model().summary, body);
  body += '}';
  for (const ModelInfo& info : all_models()) {
    body += ", {\"model\": ";
    append_json(info.name, body);
    body += ", \"summary\": ";
    append_json(info.summary, body);
    body += '}';
  }
  return json_reply(std::move(body) + "]}");
}

}  // namespace coseno::server
