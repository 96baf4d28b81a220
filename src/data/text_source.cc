#include "data/text_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace coseno {
namespace {

// Large enough that a system call costs nothing beside the copy.
constexpr std::size_t kBufferBytes = 256 * 1024;

// Enough to know gzip and zstd.
constexpr std::size_t kMagicBytes = 4;

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace

TextSource::File::~File() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

Result<TextSource> TextSource::open(const std::string& path) {
  TextSource source;
  const bool is_standard_input = path == "-";
  source.name_ = is_standard_input ? "standard input" : path;
  source.file_ =
      File(is_standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.file_.is_open()) {
    const int error = errno;
    return make_error(error == ENOENT ? ErrorCode::not_found : ErrorCode::io, "{}: {}", path,
                      system_message(error));
  }
  struct stat status = {};
  if (::fstat(source.file_.descriptor(), &status) != 0) {
    return make_error(ErrorCode::io, "{}: {}", source.name_, system_message(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    return invalid_argument("{}: is a directory, not a file", source.name_);
  }
  if (S_ISREG(status.st_mode)) source.bytes_total_ = static_cast<std::uint64_t>(status.st_size);
  return source;
}

TextSource TextSource::from_memory(std::string name, std::string_view bytes) {
  TextSource source;
  source.name_ = std::move(name);
  source.memory_ = bytes;
  source.bytes_total_ = bytes.size();
  return source;
}

Result<std::size_t> TextSource::read(std::span<char> out) {
  if (!is_started_) COSENO_TRY(start());
  if (decoder_ != nullptr) return unpack(out);
  if (packed_.empty()) return fetch(out);
  const std::size_t n = packed_.copy(out.data(), out.size());
  packed_.remove_prefix(n);
  return n;
}

// Fetches the first bytes and looks what they are.
Result<void> TextSource::start() {
  is_started_ = true;
  buffer_.resize(kMagicBytes);
  std::size_t n = 0;
  while (n < kMagicBytes) {
    COSENO_ASSIGN(n_more, fetch(std::span(buffer_).subspan(n)));
    if (n_more == 0) break;
    n += n_more;
  }
  decoder_ = make_decoder({buffer_.data(), n});
  if (decoder_ != nullptr) buffer_.resize(kBufferBytes);
  packed_ = {buffer_.data(), n};
  return {};
}

Result<std::size_t> TextSource::fetch(std::span<char> out) {
  if (!file_.is_open()) {
    const std::size_t n = memory_.copy(out.data(), out.size());
    memory_.remove_prefix(n);
    bytes_fetched_ += n;
    return n;
  }
  const ssize_t n = ::read(file_.descriptor(), out.data(), out.size());
  if (n < 0) {
    // A program that handles a signal without SA_RESTART wants it to end such a wait.
    if (errno == EINTR) {
      return make_error(ErrorCode::cancelled, "reading {} was interrupted", name_);
    }
    return make_error(ErrorCode::io, "{}: {}", name_, system_message(errno));
  }
  bytes_fetched_ += static_cast<std::uint64_t>(n);
  return static_cast<std::size_t>(n);
}

Result<std::size_t> TextSource::unpack(std::span<char> out) {
  for (;;) {
    bool is_at_end = false;
    if (packed_.empty()) {
      COSENO_ASSIGN(n, fetch(buffer_));
      packed_ = {buffer_.data(), n};
      is_at_end = n == 0;
    }
    const auto step = decoder_->decode(packed_, out);
    if (!step) {
      return make_error(step.error().code, "{}: at byte {}: {}", name_, bytes_done(),
                        step.error().message);
    }
    packed_.remove_prefix(step->n_consumed);
    if (step->n_produced > 0) return step->n_produced;
    if (!is_at_end) continue;
    if (decoder_->is_complete()) return 0;
    return make_error(ErrorCode::corrupt,
                      "{}: at byte {}: the compressed data ends too early: the file is cut short",
                      name_, bytes_done());
  }
}

}  // namespace coseno
