// The head of a request: what coseno looks at of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coseno::server {

// The texts stand one after another in one string, which is kept from request to request: so a
// request allocates nothing for its head. One thread at a time.
class RequestHead {
 public:
  enum Field : std::uint8_t {
    method,
    target,
    host,
    content_type,
    authorization,
    api_key,
    idempotency_key,
    last_event_id,
    request_id,
    origin,
    expect,
    preflight_method,  // Access-Control-Request-Method
  };
  static constexpr std::size_t kFields = preflight_method + 1;

  void clear() {
    text_.clear();
    for (Slice& slice : slices_) slice = {};
  }
  // False where it is there already.
  bool set(Field field, std::string_view value) {
    if (slices_[field].is_set) return false;
    slices_[field] = {static_cast<std::uint32_t>(text_.size()),
                      static_cast<std::uint32_t>(value.size()), true};
    text_ += value;
    return true;
  }
  bool has(Field field) const { return slices_[field].is_set; }
  // Empty where it is not there. Valid until the next set() or clear().
  std::string_view operator[](Field field) const {
    return std::string_view(text_).substr(slices_[field].begin, slices_[field].size);
  }

 private:
  struct Slice {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    bool is_set = false;
  };

  std::string text_;
  Slice slices_[kFields];
};

}  // namespace coseno::server
