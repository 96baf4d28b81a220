// Numbers, times and ids as they stand in text, and what is wrong with them where they do not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/ids.h"

namespace coseno {

// All of `text` as a decimal number, "4", "-0.5" or "1e3"; infinity where it is out of a double's
// range or says so, not-a-number where it says so. Nothing where it is something else: no blanks,
// no plus sign. Independent of the locale.
std::optional<double> parse_number(std::string_view text);

// A number that is finite as a float, or nothing; then rating_trouble says why.
std::optional<float> parse_rating(std::string_view text);
std::string rating_trouble(std::string_view text);

// Unix seconds: a whole number, a number with a fraction (rounded down), or a time as RFC 3339 has
// it, "2026-02-28T23:59:59Z", with a blank for the T, without the offset (then UTC), or a date
// alone (then midnight). Milliseconds are not guessed. Or nothing; then time_trouble says why.
std::optional<std::int64_t> parse_time(std::string_view text);
std::string time_trouble(std::string_view text);

// The second and the third of these in Unix milliseconds; what is behind them is dropped. Or
// nothing.
std::optional<std::int64_t> parse_calendar_time_ms(std::string_view text);

// 1 to kMaxIdBytes bytes. Where false, id_trouble says why; `what` is "user id" or the like.
inline bool is_valid_id(std::string_view id) { return !id.empty() && id.size() <= kMaxIdBytes; }
std::string id_trouble(std::string_view what, std::string_view id);

}  // namespace coseno
