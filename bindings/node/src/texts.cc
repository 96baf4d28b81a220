#include "texts.h"

#include <algorithm>

namespace coseno::node {

Text::Text(napi_env env, napi_value value) {
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, value, short_.data(), short_.size(), &size) != napi_ok) {
    return;
  }
  // It may have been cut: where a character has no room, up to three bytes earlier.
  if (size + 4 < short_.size()) {
    view_ = {short_.data(), size};
    return;
  }
  napi_get_value_string_utf8(env, value, nullptr, 0, &size);
  long_.resize(size);
  napi_get_value_string_utf8(env, value, long_.data(), size + 1, &size);
  view_ = long_;
}

std::string text(const Napi::Value& value) { return std::string(Text(value.Env(), value).view()); }

napi_value text_value(napi_env env, std::string_view text) {
  const bool is_ascii =
      std::ranges::all_of(text, [](char letter) { return static_cast<signed char>(letter) >= 0; });
  napi_value value = nullptr;
  // One-byte texts need no decoding.
  (is_ascii ? napi_create_string_latin1 : napi_create_string_utf8)(env, text.data(), text.size(),
                                                                   &value);
  return value;
}

}  // namespace coseno::node
