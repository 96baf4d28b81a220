#include "server/imports.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "data/readers.h"
#include "engine/answer_json.h"
#include "engine/import.h"
#include "server/query.h"

namespace coseno::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxWaiting = 8;

enum class Content : std::uint8_t { events, items, users };

// A file that is gone with this object.
class OwnFile {
 public:
  explicit OwnFile(std::string path)
      : path_(std::move(path)),
        descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}
  ~OwnFile() {
    close();
    std::error_code error;
    fs::remove(path_, error);
  }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;

  const std::string& path() const { return path_; }
  bool is_open() const { return descriptor_ >= 0; }

  // False, with errno.
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool close() {
    if (descriptor_ < 0) return true;
    return ::close(std::exchange(descriptor_, -1)) == 0;
  }

 private:
  std::string path_;
  int descriptor_;
};

std::string counts_json(const ImportedEvents& counts, std::size_t n_put, Content content,
                        std::uint64_t position) {
  std::string out = "{";
  const auto member = [&out](std::string_view name, std::uint64_t value) {
    out += fmt::format("{}\"{}\": {}", out.size() > 1 ? ", " : "", name, value);
  };
  if (content == Content::events) {
    member("rows", counts.n_rows);
    member("new", counts.n_new);
    member("repeated", counts.n_repeated);
  } else {
    member("put", n_put);
  }
  member("position", position);
  return out + "}";
}

// Errors name the file as the folder has it, which tells a client nothing.
Error without_path(Error error, const std::string& path) {
  if (const std::size_t at = error.message.find(path); at != std::string::npos) {
    error.message.replace(at, path.size(), "the file");
  }
  return error;
}

}  // namespace

struct Imports::Wanted {
  Content content = Content::events;
  std::string type = {};
  std::optional<InteractionFormat> format = {};
};

// Until all of the body is there.
class Imports::FileUpload final : public Upload {
 public:
  FileUpload(Imports& imports, Answer<Wanted> wanted, std::string request_id)
      : imports_(imports), request_id_(std::move(request_id)) {
    if (!wanted) {
      problem_ = std::move(wanted).error();
      return;
    }
    wanted_ = std::move(*wanted);
    file_ = std::make_shared<OwnFile>(
        fmt::format("{}/{}", imports.folder(), imports.n_files_.fetch_add(1)));
    if (!file_->is_open()) refuse_by_disk();
  }

  bool write(std::string_view piece) override {
    if (problem_) return false;
    n_bytes_ += piece.size();
    if (!file_->write(piece)) refuse_by_disk();
    return !problem_;
  }

  Reply finish() override {
    if (!problem_ && !file_->close()) refuse_by_disk();
    if (!problem_ && n_bytes_ == 0) {
      problem_ = Problem(422, "invalid_argument", "the body is empty: it must be a file");
    }
    if (problem_) return problem_reply(*problem_, request_id_);
    const std::optional<JobStatus> status = imports_.jobs_.start(
        [&engine = imports_.engine_, file = std::move(file_), wanted = std::move(wanted_)](
            Progress& progress) { return read(engine, *file, wanted, progress); });
    if (!status) {
      return problem_reply({409, "conflict", fmt::format("{} imports wait already", kMaxWaiting)},
                           request_id_);
    }
    Reply reply = json_reply(job_json(*status));
    reply.status = 202;
    reply.headers.emplace_back("Location", fmt::format("/v1/imports/{}", status->id));
    return reply;
  }

 private:
  void refuse_by_disk() {
    problem_ = Problem(Error{ErrorCode::io, fmt::format("the file cannot be stored: {}",
                                                        std::system_category().message(errno))});
  }

  static Result<std::string> read(Engine& engine, const OwnFile& file, const Wanted& wanted,
                                  Progress& progress) {
    ImportedEvents counts;
    Result<std::size_t> n_put = 0;
    Result<void> events;
    if (wanted.content == Content::events) {
      const ImportEventsOptions options{
          .format = wanted.format, .type = wanted.type, .now_ms = coseno::Clock().now_ms()};
      events = import_events(engine, file.path(), options, progress, counts);
    } else if (wanted.content == Content::items) {
      n_put = import_items(engine, file.path(), progress);
    } else {
      n_put = import_users(engine, file.path(), progress);
    }
    if (!events) return std::unexpected(without_path(std::move(events).error(), file.path()));
    if (!n_put) return std::unexpected(without_path(std::move(n_put).error(), file.path()));
    return counts_json(counts, *n_put, wanted.content, engine.position());
  }

  Imports& imports_;
  std::string request_id_;
  Wanted wanted_;
  std::optional<Problem> problem_;
  std::shared_ptr<OwnFile> file_;
  std::uint64_t n_bytes_ = 0;
};

namespace {

Answer<Content> content_of(const std::optional<std::string>& text) {
  if (!text || *text == "events") return Content::events;
  if (*text == "items") return Content::items;
  if (*text == "users") return Content::users;
  return bad_request("what", "what must be events, items or users");
}

}  // namespace

Imports::Imports(Engine& engine) : engine_(engine), jobs_(kMaxWaiting) {
  std::error_code error;
  fs::remove_all(folder(), error);
}

std::string Imports::folder() const { return engine_.folder() + "/imports"; }

std::unique_ptr<Upload> Imports::begin(const Call& call) {
  const auto wanted = [&]() -> Answer<Wanted> {
    COSENO_ASSIGN(query, call.query());
    COSENO_ASSIGN(what, query.text("what"));
    COSENO_ASSIGN(type, query.text("type"));
    COSENO_ASSIGN(format, query.text("format"));
    COSENO_TRY(query.end());
    COSENO_ASSIGN(content, content_of(what));
    Wanted result{.content = content};
    if (content != Content::events && (type || format)) {
      return unprocessable(type ? "type" : "format", "type and format are for events");
    }
    if (format) {
      result.format = interaction_format(*format);
      if (!result.format) {
        return bad_request("format",
                           "format must be json-matrix, json-lines, csv, tsv, double-colon or "
                           "user-lines");
      }
    }
    if (type) {
      if (!engine_.event_types().contains(*type)) {
        return unprocessable("type", "there is no event type '{}'", *type);
      }
      result.type = std::move(*type);
    }
    return result;
  };
  std::error_code error;
  fs::create_directories(folder(), error);
  return std::make_unique<FileUpload>(*this, wanted(), std::string(call.request.request_id));
}

Answer<Reply> Imports::get(const Call& call) const {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, job_id(call.matched.id, "import"));
  const std::optional<JobStatus> status = jobs_.find(id);
  if (status) return json_reply(job_json(*status));
  return std::unexpected(Problem(404, "not_found", fmt::format("there is no import {}", id), "id"));
}

}  // namespace coseno::server
