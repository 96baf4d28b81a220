// Named float and integer arrays in one file: safetensors, readable by NumPy, PyTorch and
// JavaScript.
//
//   8 bytes   length n of the header, little-endian
//   n bytes   JSON {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets"},
//   ...}
//             and blanks, so that 8 + n is a multiple of 8
//   the rest  the arrays, little-endian, without gaps, in the header's order: I64 before the
//             others, so that each is aligned
//
// The metadata's "coseno.crc32" covers the whole file (length, header with eight zeros in its
// place, and data). One content has one form (keys, order, blanks), and a reader takes no other:
// a key that stands twice, say, cannot hide what the first one says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace coseno {

class TensorFileWriter {
 public:
  // `values` holds the product of `shape`. Views: must live until write().
  void add(std::string name, std::vector<std::size_t> shape, std::span<const float> values);
  void add(std::string name, std::vector<std::size_t> shape, std::span<const std::uint32_t> values);
  void add(std::string name, std::vector<std::size_t> shape, std::span<const std::int64_t> values);
  // Keeps the array itself, for those made on the fly.
  void add(std::string name, std::vector<std::size_t> shape, std::vector<float>&& values);
  void add(std::string name, std::vector<std::size_t> shape, std::vector<std::uint32_t>&& values);
  void add(std::string name, std::vector<std::size_t> shape, std::vector<std::int64_t>&& values);
  // Names and keys are distinct; "coseno.crc32" is the writer's own.
  void set_metadata(std::string key, std::string value);

  // Bytes of all arrays, without header and metadata.
  std::size_t array_bytes() const;

  // Writes to a temporary file beside `path` and renames: the file is there whole or not at all.
  // Errors: io; invalid_argument where the header would pass 100,000,000 bytes, the format's limit.
  Result<void> write(const std::string& path) const;
  // What such a file would hold. Errors: invalid_argument, as above.
  Result<std::string> bytes() const;

 private:
  struct Tensor {
    std::string name;
    std::string dtype;
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;
  };

  Result<std::string> start_of_file(std::string_view name) const;
  void add_bytes(std::string name, std::string_view dtype, std::vector<std::size_t> shape,
                 std::span<const std::byte> bytes);
  std::span<const std::byte> keep(std::span<const std::byte> bytes);

  std::vector<Tensor> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
  std::vector<std::vector<std::byte>> kept_;
};

// A file read whole and checked: sizes, offsets, dtypes, checksum. Names and shapes are the
// caller's to ask for.
class TensorFile {
 public:
  // Errors: io; corrupt with the byte offset or the tensor's name.
  static Result<TensorFile> read(const std::string& path);
  // The same from memory, for tests; `name` stands in errors in place of the path.
  static Result<TensorFile> parse(std::vector<std::byte> bytes, std::string name);

  // A safetensors file of another program: keys in any order and form, no checksum, arrays of
  // dtypes that we do not read beside those that we do. Errors: as above.
  static Result<TensorFile> read_foreign(const std::string& path);
  static Result<TensorFile> parse_foreign(std::vector<std::byte> bytes, std::string name);

  // Writes the checksum that `file` should have to where it stands; a file without a place for one
  // stays as it is. For the writer, and for fuzzers and tests that must get past the checksum.
  static void seal(std::span<std::byte> file);

  // True where the first bytes are such as a safetensors file has (not that the rest is good).
  static bool looks_like_one(std::span<const std::byte> first_bytes);

  const std::string& path() const { return path_; }

  // The array of that name; shape entries of kAny fit any size. Floats are finite.
  // Views live as long as the file. Errors: corrupt with the name.
  static constexpr std::size_t kAny = static_cast<std::size_t>(-1);
  Result<std::span<const float>> floats(std::string_view name,
                                        std::vector<std::size_t> shape) const;
  Result<std::span<const std::uint32_t>> uint32s(std::string_view name,
                                                 std::vector<std::size_t> shape) const;
  Result<std::span<const std::int64_t>> int64s(std::string_view name,
                                               std::vector<std::size_t> shape) const;
  // The stored shape. Errors: corrupt with the name.
  Result<std::vector<std::size_t>> shape(std::string_view name) const;
  bool has(std::string_view name) const;

  // Errors: corrupt with the key.
  Result<std::string> metadata(std::string_view key) const;
  // Metadata that is a JSON list of texts, the ids of rows. Errors: corrupt with the key.
  Result<std::vector<std::string>> text_list(std::string_view key) const;

 private:
  struct Tensor {
    std::string dtype;
    std::vector<std::size_t> shape;
    std::size_t begin;  // bytes into bytes_
    std::size_t size_bytes;
  };

  static Result<TensorFile> parse(std::vector<std::byte> bytes, std::string name, bool is_foreign);

  template <class Value>
  Result<std::span<const Value>> values_of(std::string_view name, std::string_view dtype,
                                           std::span<const std::size_t> shape) const;

  std::string path_;
  // 8-byte aligned as a whole; arrays are aligned because the writer pads the header with blanks.
  std::vector<std::byte> bytes_;
  std::map<std::string, Tensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

}  // namespace coseno
