#include "data/decompression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace coseno {
namespace {

class GzipDecoder : public Decoder {
 public:
  GzipDecoder() {
    // 15: the largest window; 16 more: a gzip header is expected, and its checksum verified.
    COSENO_CHECK(inflateInit2(&stream_, 15 + 16) == Z_OK);
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Result<Step> decode(std::string_view in, std::span<char> out) override {
    if (is_complete_ && in.starts_with('\0')) {  // padding, as tapes and some tools leave it
      return Step{std::min(in.find_first_not_of('\0'), in.size()), 0};
    }
    if (is_complete_ && !in.empty()) {  // another member follows
      inflateReset(&stream_);
      is_complete_ = false;
    }
    // zlib takes const away and counts in 32 bits; the caller comes again with the rest.
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), kMost));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kMost));
    const Step before{stream_.avail_in, stream_.avail_out};
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return make_error(ErrorCode::corrupt, "the gzip data is damaged ({})",
                        stream_.msg != nullptr ? stream_.msg : "zlib gives no reason");
    }
    is_complete_ = status == Z_STREAM_END;
    return Step{before.n_consumed - stream_.avail_in, before.n_produced - stream_.avail_out};
  }

  bool is_complete() const override { return is_complete_; }

 private:
  z_stream stream_ = {};
  bool is_complete_ = false;
};

class ZstdDecoder : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) { COSENO_CHECK(stream_ != nullptr); }
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Result<Step> decode(std::string_view in, std::span<char> out) override {
    // Between frames a call without input would count as the start of a frame.
    if (is_complete_ && in.empty()) return Step{};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t status = ZSTD_decompressStream(stream_, &output, &input);
    if (ZSTD_isError(status) != 0) {
      return make_error(ErrorCode::corrupt, "the zstd data is damaged ({})",
                        ZSTD_getErrorName(status));
    }
    is_complete_ = status == 0;
    return Step{input.pos, output.pos};
  }

  bool is_complete() const override { return is_complete_; }

 private:
  ZSTD_DStream* stream_;
  bool is_complete_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1F\x8B")) return std::make_unique<GzipDecoder>();
  if (first_bytes.starts_with("\x28\xB5\x2F\xFD")) return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace coseno
