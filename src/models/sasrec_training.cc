#include "models/sasrec_training.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "models/deep_trainer.h"
#include "models/histories_file.h"
#include "models/sasrec_file.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHistoriesFile = "histories.safetensors";
constexpr std::string_view kModelFile = "model.safetensors";

constexpr const char* kVariable = "COSENO_TRAIN_DEEP";

// How often it is looked whether somebody wants the work to end.
constexpr int kLookEveryMs = 50;

// Of what a trainer says, no more is kept until a line ends.
constexpr std::size_t kMaxLine = 4096;

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// A folder that is gone with the object.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make() {
    std::error_code error;
    std::string path = fs::temp_directory_path(error) / "coseno-XXXXXX";
    if (error || ::mkdtemp(path.data()) == nullptr) {
      return make_error(ErrorCode::io, "no temporary folder can be made: {}",
                        error ? error.message() : std::strerror(errno));
    }
    return TemporaryFolder(std::move(path));
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  std::string file(std::string_view name) const { return fs::path(path_) / name; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// One end of a pipe, closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;

  static Result<Pipe> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return make_error(ErrorCode::io, "no pipe can be made: {}", std::strerror(errno));
    }
    return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  }
};

// Bytes as lines.
class Lines {
 public:
  template <class Take>
  void add(std::string_view bytes, const Take& take) {
    for (const char c : bytes) {
      if (c == '\n') {
        take(std::exchange(line_, {}));
      } else if (line_.size() < kMaxLine) {
        line_.push_back(c);
      }
    }
  }

 private:
  std::string line_;
};

// A trainer at work: told to end, and waited for, with the object. By POSIX itself, since
// Boost.Process would bring Asio and Boost.Filesystem into every program for the sake of two pipes.
class DeepTrainerProcess {
 public:
  static Result<DeepTrainerProcess> start(const std::vector<std::string>& words) {
    COSENO_ASSIGN(out, Pipe::make());
    COSENO_ASSIGN(error, Pipe::make());
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error.write.get(), STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    DeepTrainerProcess process;
    const int failed =
        ::posix_spawn(&process.pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
      process.pid_ = -1;
      return make_error(ErrorCode::unavailable, "{} cannot be started: {}", words[0],
                        std::strerror(failed));
    }
    process.out_ = std::move(out.read);
    process.error_ = std::move(error.read);
    return process;
  }
  DeepTrainerProcess(DeepTrainerProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        out_(std::move(other.out_)),
        error_(std::move(other.error_)) {}
  DeepTrainerProcess& operator=(DeepTrainerProcess&&) = delete;
  ~DeepTrainerProcess() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGINT);
    wait();
  }

  // Until it has closed both of its outputs. The last line of its standard error is kept.
  template <class Take>
  void follow(const Progress& progress, const Take& take) {
    bool was_told = false;
    while (out_.get() >= 0 || error_.get() >= 0) {
      std::array<pollfd, 2> ends = {{{out_.get(), POLLIN, 0}, {error_.get(), POLLIN, 0}}};
      ::poll(ends.data(), ends.size(), kLookEveryMs);
      if (ends[0].revents != 0) read(out_, out_lines_, take);
      if (ends[1].revents != 0) {
        read(error_, error_lines_, [&](std::string line) {
          if (!line.empty()) last_words_ = std::move(line);
        });
      }
      if (!was_told && progress.cancelled()) {
        ::kill(pid_, SIGINT);
        was_told = true;
      }
    }
  }

  // Its exit status, or 128 and the number of the signal that ended it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  const std::string& last_words() const { return last_words_; }

 private:
  DeepTrainerProcess() = default;

  template <class Take>
  static void read(Descriptor& from, Lines& lines, const Take& take) {
    std::array<char, 4096> bytes{};
    const ssize_t n = ::read(from.get(), bytes.data(), bytes.size());
    if (n > 0) {
      lines.add({bytes.data(), static_cast<std::size_t>(n)}, take);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      from.close();
    }
  }

  pid_t pid_ = -1;
  Descriptor out_;
  Descriptor error_;
  Lines out_lines_;
  Lines error_lines_;
  std::string last_words_;
};

std::vector<std::string> command_line(const std::string& program, const TemporaryFolder& folder,
                                      const SasrecOptions& options, std::uint64_t seed) {
  std::vector<std::string> words = {program,  folder.file(kHistoriesFile),
                                    "--out",  folder.file(kModelFile),
                                    "--seed", fmt::format("{}", seed)};
  for (const auto& [name, value] : to_settings(SasrecOptions::fields(), options)) {
    if (value.empty()) continue;
    words.emplace_back("--set");
    words.push_back(fmt::format("{}={}", name, value));
  }
  return words;
}

std::unexpected<Error> failure(int status, const std::string& program, const std::string& words) {
  if (status == kDeepCancelled) return make_error(ErrorCode::cancelled, "cancelled");
  const std::string said =
      words.empty() ? fmt::format("{} ended with status {}", program, status) : words;
  if (status == kDeepNoMemory) return make_error(ErrorCode::unavailable, "{}", said);
  if (status == kDeepFailed) return make_error(ErrorCode::io, "{}", said);
  if (status == kDeepWrongUse) return invalid_argument("{}", said);
  return make_error(ErrorCode::internal, "{}", said);
}

}  // namespace

Result<std::string> find_deep_trainer() {
  if (const char* const named = std::getenv(kVariable); named != nullptr && *named != '\0') {
    if (is_program(named)) return named;
    return make_error(ErrorCode::unavailable, "sasrec: {}={} names no program", kVariable, named);
  }
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error && is_program(self.parent_path() / kDeepTrainer)) {
    return self.parent_path() / kDeepTrainer;
  }
  const char* const path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "" : path;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    const fs::path program = fs::path(folders.substr(0, end)) / kDeepTrainer;
    if (program.is_absolute() && is_program(program)) return program.string();
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return make_error(
      ErrorCode::unavailable,
      "sasrec is trained by the program {0}, which is not there: ./dev build --deep "
      "makes it (it needs LibTorch); put it beside coseno or into PATH, or name it in {1}. "
      "A model that was trained elsewhere needs none: --set file=MODEL_FILE",
      kDeepTrainer, kVariable);
}

Result<SasrecTrained> train_sasrec(const UserItemMatrix& matrix, const SasrecOptions& options,
                                   FitContext& context) {
  COSENO_ASSIGN(program, find_deep_trainer());
  COSENO_ASSIGN(folder, TemporaryFolder::make());
  COSENO_TRY(write_histories(histories_of(matrix), folder.file(kHistoriesFile)));
  COSENO_ASSIGN(process,
                DeepTrainerProcess::start(command_line(program, folder, options, context.seed)));
  process.follow(context.progress, [&](const std::string& line) {
    if (const auto told = DeepProgress::parse(line)) {
      context.progress.report("training sasrec", told->done, told->total, told->note);
    }
  });
  const int status = process.wait();
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  if (status != 0) return failure(status, program, process.last_words());
  COSENO_ASSIGN(file, TensorFile::read(folder.file(kModelFile)));
  COSENO_ASSIGN(trained, sasrec_of(file));
  if (trained.shape.n_items != matrix.n_items()) {
    return make_error(ErrorCode::internal, "sasrec: {} has made a model of {} items, not {}",
                      program, trained.shape.n_items, matrix.n_items());
  }
  return trained;
}

}  // namespace coseno
