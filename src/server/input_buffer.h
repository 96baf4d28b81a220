// Bytes of a connection that were read and not yet looked at.
#pragma once

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace coseno::server {

// One piece of memory, so that a head can be parsed in place. One thread at a time.
class InputBuffer {
 public:
  std::string_view text() const { return {bytes_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least one byte more; a buffer of `wanted` where there is nothing in it.
  boost::asio::mutable_buffer room(std::size_t wanted) {
    if (empty() && bytes_.size() != wanted) std::vector<char>(wanted).swap(bytes_);
    if (end_ == bytes_.size()) {
      if (begin_ > 0) {
        std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), bytes_.end(),
                  bytes_.begin());
        end_ -= begin_;
        begin_ = 0;
      } else {
        bytes_.resize(std::max(wanted, 2 * bytes_.size()));
      }
    }
    return boost::asio::buffer(bytes_.data() + end_, bytes_.size() - end_);
  }
  void add(std::size_t n) { end_ += n; }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace coseno::server
