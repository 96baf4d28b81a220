// Long work that goes on behind a request: trainings, imports.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "server/problem.h"

namespace coseno::server {

enum class JobState : std::uint8_t { waiting, running, done, failed, cancelled };

// What is known of a job at a moment.
struct JobStatus {
  std::uint64_t id = 0;  // from 1 on
  JobState state = JobState::waiting;
  std::string stage = {};           // what it is at
  double share = 0;                 // of the stage; in [0, 1]
  std::string result = {};          // of one that is done: a JSON object
  std::optional<Error> error = {};  // of one that failed
};

// Does one after another, in a thread of its own. Thread-safe. The last 100 that have ended are
// remembered.
class Jobs {
 public:
  // Returns a JSON object. It reports to, and ends soon after cancelled() of, the progress.
  using Work = std::function<Result<std::string>(Progress& progress)>;

  // Beside the one that runs, so many may wait.
  explicit Jobs(std::size_t max_waiting) : max_waiting_(max_waiting) {}
  // Cancels all, and waits.
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Nothing where too many wait.
  std::optional<JobStatus> start(Work work);
  std::optional<JobStatus> find(std::uint64_t id) const;
  std::vector<JobStatus> all() const;  // newest first
  // Cancels and forgets it; returns what it was at, or nothing where there is none. One that runs
  // keeps others from starting until it has ended.
  std::optional<JobStatus> remove(std::uint64_t id);

 private:
  class Job;

  void run();
  void forget_old();

  const std::size_t max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::shared_ptr<Job>> jobs_;     // by id
  std::deque<std::shared_ptr<Job>> waiting_;  // of jobs_
  std::uint64_t next_id_ = 1;
  bool is_stopping_ = false;
  std::shared_ptr<Job> running_;
  std::thread thread_;  // from the first job on
};

// {"id": "3", "state": "running", "stage": "fitting ease", "progress": 0.4, "result"?: {...},
// "problem"?: {"code": ..., "detail": ...}}
std::string job_json(const JobStatus& status);

// The number of a job as a path has it. Problem: not_found.
Answer<std::uint64_t> job_id(std::string_view text, std::string_view kind);

}  // namespace coseno::server
