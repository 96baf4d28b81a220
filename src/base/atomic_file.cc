#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace coseno {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

std::unexpected<Error> io_error(const std::string& path, int error_number) {
  return make_error(ErrorCode::io, "{}: cannot be written: {}",
                    path == "-" ? "standard output" : path,
                    std::generic_category().message(error_number));
}

// What a rename would take the place of, instead of filling it.
bool must_be_written_directly(const std::string& path, const struct stat& status) {
  return !S_ISREG(status.st_mode) || path.starts_with("/dev/") || path.starts_with("/proc/");
}

// Several files of one process, and those that a killed process with the same number has left.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> n_names = 0;
  return fmt::format("{}.{}-{}.tmp", path, getpid(), n_names++);
}

// Makes a new file with a name of its own in `name`; the descriptor, or -1 with errno.
int open_temporary(const std::string& path, unsigned mode, std::string& name) {
  int descriptor = -1;
  do {
    name = temporary_name(path);
    descriptor = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EEXIST);
  return descriptor;
}

// A name survives power failure only when its folder is on disk too. Not every file system can do
// that for a folder, and the file is in its place by then: no error.
void sync_folder_of(const std::string& path) {
  std::error_code no_current_folder;
  const std::filesystem::path folder =
      std::filesystem::absolute(path, no_current_folder).parent_path();
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  static_cast<void>(fsync(descriptor));
  static_cast<void>(::close(descriptor));
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path, unsigned mode) {
  if (path == "-") return AtomicFile(path, "", STDOUT_FILENO);
  struct stat status;
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && must_be_written_directly(path, status)) {
    const int descriptor = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor < 0) return io_error(path, errno);
    return AtomicFile(path, "", descriptor);
  }
  // Behind a link stands the file to replace; the link stays.
  std::error_code no_such_file;
  const std::filesystem::path behind = std::filesystem::canonical(path, no_such_file);
  const std::string target = exists && !no_such_file ? behind.string() : path;
  std::string temporary;
  const int descriptor = open_temporary(target, mode, temporary);
  if (descriptor < 0) return io_error(path, errno);
  if (exists) static_cast<void>(fchmod(descriptor, status.st_mode & 0777));
  return AtomicFile(target, std::move(temporary), descriptor);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)) {}

AtomicFile::~AtomicFile() {
  static_cast<void>(close());
  if (replaces()) unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::string_view text) {
  if (buffer_.size() + text.size() > kBufferBytes) COSENO_TRY(flush());
  if (text.size() > kBufferBytes) return write_through(text);
  buffer_ += text;
  return {};
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  return write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<void> AtomicFile::commit() {
  COSENO_TRY(flush());
  if (!replaces()) return close();
  if (fsync(descriptor_) != 0) return io_error(path_, errno);
  COSENO_TRY(close());
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_, errno);
  temporary_.clear();
  sync_folder_of(path_);
  return {};
}

Result<void> AtomicFile::flush() {
  const std::string bytes = std::exchange(buffer_, {});
  return write_through(bytes);
}

Result<void> AtomicFile::write_through(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n_written = ::write(descriptor_, bytes.data(), bytes.size());
    if (n_written < 0 && errno == EINTR) continue;
    if (n_written < 0) {
      const int error_number = errno;
      static_cast<void>(close());
      return io_error(path_, error_number);
    }
    bytes.remove_prefix(static_cast<std::size_t>(n_written));
  }
  return {};
}

// Standard output is not ours to close.
Result<void> AtomicFile::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor < 0 || descriptor == STDOUT_FILENO) return {};
  if (::close(descriptor) != 0) return io_error(path_, errno);
  return {};
}

}  // namespace coseno
