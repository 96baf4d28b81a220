// Texts of JavaScript as UTF-8, and back.
#pragma once

#include <napi.h>

#include <array>
#include <string>
#include <string_view>

namespace coseno::node {

// A text of JavaScript, without allocating where it is short. Empty where it is none.
class Text {
 public:
  Text(napi_env env, napi_value value);
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  std::string_view view() const { return view_; }

 private:
  std::array<char, 256> short_;
  std::string long_;
  std::string_view view_;
};

std::string text(const Napi::Value& value);

// A text for JavaScript.
napi_value text_value(napi_env env, std::string_view text);

}  // namespace coseno::node
