// The bytes of a text file, wherever it is and however it is packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/decompression.h"

namespace coseno {

// Bytes from a file, standard input or memory, as a stream. gzip and zstd are seen by their first
// bytes and unpacked. Not thread-safe.
class TextSource {
 public:
  // `path` "-" is standard input.
  // Errors: not_found; invalid_argument where it is a directory; io.
  static Result<TextSource> open(const std::string& path);

  // `bytes` must outlive the source; `name` stands in messages.
  static TextSource from_memory(std::string name, std::string_view bytes);

  TextSource(TextSource&&) noexcept = default;
  TextSource& operator=(TextSource&&) noexcept = default;

  // Writes up to out.size() bytes to `out`, which is not empty; returns how many, 0 at the end.
  // Errors: io; corrupt (a cut or damaged gzip or zstd file), with the offset in the packed bytes.
  Result<std::size_t> read(std::span<char> out);

  const std::string& name() const { return name_; }

  // Progress in packed bytes; the total is 0 where it is not known.
  std::uint64_t bytes_done() const { return bytes_fetched_ - packed_.size(); }
  std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  // Closes what it holds, standard input excepted.
  class File {
   public:
    explicit File(int descriptor = -1) : descriptor_(descriptor) {}
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept {
      std::swap(descriptor_, other.descriptor_);
      return *this;
    }
    ~File();

    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }

   private:
    int descriptor_;
  };

  TextSource() = default;

  Result<void> start();
  Result<std::size_t> fetch(std::span<char> out);
  Result<std::size_t> unpack(std::span<char> out);

  std::string name_;
  File file_;
  std::string_view memory_;  // what is left of it, where there is no file
  std::uint64_t bytes_fetched_ = 0;
  std::uint64_t bytes_total_ = 0;
  bool is_started_ = false;

  std::unique_ptr<Decoder> decoder_;  // none: plain
  std::vector<char> buffer_;          // holds `packed_`
  std::string_view packed_;           // fetched and not yet unpacked
};

}  // namespace coseno
