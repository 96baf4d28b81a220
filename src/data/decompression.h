// gzip and zstd, unpacked as a stream.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"

namespace coseno {

// Unpacks one file, which may be several gzip members or zstd frames in a row;
// zero bytes behind gzip members are passed over.
class Decoder {
 public:
  struct Step {
    std::size_t n_consumed = 0;
    std::size_t n_produced = 0;
  };

  virtual ~Decoder() = default;

  // Unpacks from `in` to `out` as far as both go. Progress is made whenever `in` and `out` are not
  // empty. Error: corrupt, with the trouble alone: the caller knows file and offset.
  virtual Result<Step> decode(std::string_view in, std::span<char> out) = 0;

  // True where the bytes seen so far are a complete file.
  virtual bool is_complete() const = 0;
};

// The decoder that the first bytes of a file (at least 4, where it has them) ask for, or nullptr.
std::unique_ptr<Decoder> make_decoder(std::string_view first_bytes);

}  // namespace coseno
