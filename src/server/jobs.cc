#include "server/jobs.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include "engine/answer_json.h"

namespace coseno::server {
namespace {

constexpr std::size_t kMaxRemembered = 100;

std::string_view state_name(JobState state) {
  switch (state) {
    case JobState::waiting:
      return "waiting";
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      break;
  }
  return "cancelled";
}

bool has_ended(JobState state) { return state != JobState::waiting && state != JobState::running; }

}  // namespace

class Jobs::Job final : public Progress {
 public:
  Job(std::uint64_t id, Work work) : work_(std::move(work)) { status_.id = id; }

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view /*note*/) override {
    const std::lock_guard lock(mutex_);
    if (status_.stage != stage) status_.stage = stage;
    status_.share =
        total > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 0;
  }
  bool cancelled() const override { return is_cancelled_.load(std::memory_order_relaxed); }

  void cancel() {
    is_cancelled_ = true;
    const std::lock_guard lock(mutex_);
    if (status_.state == JobState::waiting) status_.state = JobState::cancelled;
  }

  JobStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  void run() {
    {
      const std::lock_guard lock(mutex_);
      if (status_.state != JobState::waiting) return;
      status_.state = JobState::running;
    }
    Result<std::string> result = make_error(ErrorCode::internal, "it threw something");
    try {
      result = work_(*this);
    } catch (const std::exception& error) {
      result = make_error(ErrorCode::internal, "{}", error.what());
    }
    const std::lock_guard lock(mutex_);
    if (result) {
      status_.state = JobState::done;
      status_.share = 1;
      status_.result = std::move(*result);
    } else if (result.error().code == ErrorCode::cancelled) {
      status_.state = JobState::cancelled;
    } else {
      status_.state = JobState::failed;
      status_.error = std::move(result).error();
    }
  }
  // What it holds, files among it.
  void drop_work() { work_ = nullptr; }

 private:
  Work work_;  // of the one thread
  std::atomic<bool> is_cancelled_ = false;
  mutable std::mutex mutex_;
  JobStatus status_;  // guarded by mutex_
};

Jobs::~Jobs() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const std::shared_ptr<Job>& job : jobs_) job->cancel();
    if (running_) running_->cancel();  // it may be forgotten
  }
  has_work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<JobStatus> Jobs::start(Work work) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const std::shared_ptr<Job>& job) {
    return has_ended(job->status().state);  // cancelled before it began
  });
  if (running_ || !waiting_.empty()) {
    if (waiting_.size() >= max_waiting_) return std::nullopt;
  }
  const auto job = std::make_shared<Job>(next_id_++, std::move(work));
  jobs_.push_back(job);
  waiting_.push_back(job);
  forget_old();
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  has_work_.notify_one();
  return job->status();
}

std::optional<JobStatus> Jobs::find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Job>& job : jobs_) {
    JobStatus status = job->status();
    if (status.id == id) return status;
  }
  return std::nullopt;
}

std::vector<JobStatus> Jobs::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<JobStatus> all;
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) all.push_back((*job)->status());
  return all;
}

std::optional<JobStatus> Jobs::remove(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto job = std::ranges::find_if(
      jobs_, [id](const std::shared_ptr<Job>& one) { return one->status().id == id; });
  if (job == jobs_.end()) return std::nullopt;
  JobStatus status = (*job)->status();
  (*job)->cancel();
  jobs_.erase(job);
  return status;
}

void Jobs::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_work_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_) break;
    const std::shared_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = job;
    lock.unlock();
    job->run();
    job->drop_work();
    lock.lock();
    running_ = nullptr;
  }
  waiting_.clear();
}

void Jobs::forget_old() {
  while (jobs_.size() > kMaxRemembered && has_ended(jobs_.front()->status().state)) {
    jobs_.pop_front();
  }
}

std::string job_json(const JobStatus& status) {
  std::string out = fmt::format("{{\"id\": \"{}\", \"state\": \"{}\", \"stage\": ", status.id,
                                state_name(status.state));
  append_json(status.stage, out);
  out += ", \"progress\": ";
  append_json(status.share, out);
  if (!status.result.empty()) out += ", \"result\": " + status.result;
  if (status.error) {
    const Problem problem(*status.error);
    out += ", \"problem\": {\"code\": ";
    append_json(problem.code, out);
    out += ", \"detail\": ";
    append_json(problem.detail, out);
    out += '}';
  }
  return out + "}";
}

Answer<std::uint64_t> job_id(std::string_view text, std::string_view kind) {
  std::uint64_t id = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && stop == text.data() + text.size()) return id;
  return std::unexpected(Problem(404, "not_found", fmt::format("there is no such {}", kind), "id"));
}

}  // namespace coseno::server
