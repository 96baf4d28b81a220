#include "storage/store_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatFile = "FORMAT";
constexpr std::string_view kWriterFile = "WRITER";
constexpr std::string_view kFormatStart = "coseno event store, format ";
constexpr std::string_view kReadyEnd = "\n";
constexpr std::string_view kUnfinishedEnd = ", unfinished\n";

std::string path_in(const std::string& folder, std::string_view name) {
  return (fs::path(folder) / name).string();
}

std::unexpected<Error> io_error(const std::string& path, const std::string& reason) {
  return make_error(ErrorCode::io, "{}: {}", path, reason);
}

// Nothing where there is no such file.
Result<std::optional<std::string>> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (file) return std::string(std::istreambuf_iterator<char>(file), {});
  std::error_code error;
  if (!fs::exists(path, error) && !error) return std::nullopt;
  return io_error(path, "cannot be read");
}

struct Format {
  int number = kStoreFormat;
  FolderState state = FolderState::empty;
};

Result<Format> parse_format(const std::string& folder, std::string_view text) {
  const auto damaged = [&] {
    return make_error(ErrorCode::corrupt, "{}: the file FORMAT is damaged", folder);
  };
  if (!text.starts_with(kFormatStart)) return damaged();
  text.remove_prefix(kFormatStart.size());
  Format format;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), format.number);
  if (error != std::errc() || format.number < 1) return damaged();
  if (format.number > kStoreFormat) {
    return make_error(ErrorCode::conflict,
                      "{}: this event store has format {}, and this coseno reads format {}: use a "
                      "newer coseno",
                      folder, format.number, kStoreFormat);
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text != kReadyEnd && text != kUnfinishedEnd) return damaged();
  format.state = text == kReadyEnd ? FolderState::ready : FolderState::unfinished;
  return format;
}

// Nothing where there is no FORMAT.
Result<std::optional<Format>> read_format(const std::string& folder) {
  COSENO_ASSIGN(text, read_small_file(path_in(folder, kFormatFile)));
  if (!text) return std::nullopt;
  COSENO_ASSIGN(format, parse_format(folder, *text));
  return format;
}

}  // namespace

Result<FolderState> folder_state(const std::string& folder) {
  COSENO_ASSIGN(format, read_format(folder));
  if (format) return format->state;
  std::error_code error;
  if (!fs::exists(folder, error) && !error) return FolderState::empty;
  COSENO_ASSIGN(names, names_in(folder));
  // The lock of a writer that makes a store there now, and what one leaves that is killed just
  // then.
  std::erase_if(names, [](const std::string& name) {
    return name == kWriterFile || name.starts_with(fmt::format("{}.", kFormatFile));
  });
  if (names.empty()) return FolderState::empty;
  return make_error(ErrorCode::conflict, "{}: holds '{}' and is no event store", folder,
                    names.front());
}

Result<int> folder_format(const std::string& folder) {
  COSENO_ASSIGN(format, read_format(folder));
  if (format) return format->number;
  return make_error(ErrorCode::not_found, "{}: holds no event store", folder);
}

Result<void> set_folder_state(const std::string& folder, FolderState state, int format) {
  COSENO_ASSIGN(file, AtomicFile::create(path_in(folder, kFormatFile)));
  const std::string_view end = state == FolderState::ready ? kReadyEnd : kUnfinishedEnd;
  COSENO_TRY(file.write(fmt::format("{}{}{}", kFormatStart, format, end)));
  return file.commit();
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return io_error(folder, error.message());
  std::ranges::sort(names);
  return names;
}

Result<void> make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return io_error(folder, "cannot be made: " + error.message());
  return {};
}

void remove_contents(const std::string& folder) {
  const Result<std::vector<std::string>> names = names_in(folder);
  if (!names) return;
  std::error_code stays_behind;
  for (const std::string& name : *names) fs::remove_all(path_in(folder, name), stays_behind);
}

Result<WriterLock> WriterLock::take(const std::string& folder) {
  const std::string path = path_in(folder, kWriterFile);
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    return io_error(path, "cannot be written: " + std::generic_category().message(errno));
  }
  WriterLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) {
    return io_error(path, "cannot be locked: " + std::generic_category().message(errno));
  }
  return make_error(
      ErrorCode::conflict,
      "{}: another process writes this event store, and it takes one writer at a time", folder);
}

WriterLock::WriterLock(WriterLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

WriterLock::~WriterLock() {
  if (descriptor_ >= 0) static_cast<void>(close(descriptor_));
}

Result<TemporaryFolder> TemporaryFolder::make() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (error) return io_error("the folder for temporary files", error.message());
  std::string path = (parent / "coseno.XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return io_error(path, "cannot be made: " + std::generic_category().message(errno));
  }
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code stays_behind;
  if (!path_.empty()) fs::remove_all(path_, stays_behind);
}

}  // namespace coseno
