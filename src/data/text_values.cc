#include "data/text_values.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <system_error>

#include "data/text_reader.h"

namespace coseno {
namespace {

// Up to here every whole number is a double.
constexpr double kMostSeconds = 0x1p53;
constexpr std::int64_t kMsPerSecond = 1000;

// Takes `n` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t n) {
  if (text.size() < n) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = 10 * value + (text[i] - '0');
  }
  text.remove_prefix(n);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || !any_of.contains(text.front())) return false;
  text.remove_prefix(1);
  return true;
}

// "2026-02-28", as days since 1970.
std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

// "23:59" in seconds.
std::optional<std::int64_t> take_hours_and_minutes(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return *hours * 3600 + *minutes * 60;
}

// "25" behind a point, in milliseconds: 250.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  std::int64_t ms = 0;
  std::size_t n_digits = 0;
  for (std::int64_t unit = 100; !text.empty() && text.front() >= '0' && text.front() <= '9';
       unit /= 10) {
    ms += unit * (text.front() - '0');
    text.remove_prefix(1);
    ++n_digits;
  }
  return n_digits > 0 ? std::optional(ms) : std::nullopt;
}

// "23:59:59.25" in milliseconds. A leap second, 60, counts as the next minute's first.
std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
  const auto hours_and_minutes = take_hours_and_minutes(text);
  if (!hours_and_minutes || !take(text, ":")) return std::nullopt;
  const auto seconds = take_digits(text, 2);
  if (!seconds || *seconds > 60) return std::nullopt;
  std::int64_t ms = kMsPerSecond * (*hours_and_minutes + *seconds);
  if (take(text, ".")) {
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    ms += *fraction;
  }
  return ms;
}

// "Z", "+05:30" or nothing at all, in seconds.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (text.empty() || take(text, "Zz")) return 0;
  const std::int64_t sign = text.front() == '-' ? -1 : 1;
  if (!take(text, "+-")) return std::nullopt;
  const auto seconds = take_hours_and_minutes(text);
  if (!seconds) return std::nullopt;
  return sign * *seconds;
}

}  // namespace

std::optional<std::int64_t> parse_calendar_time_ms(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  const std::int64_t midnight =
      kMsPerSecond * std::chrono::sys_seconds(*date).time_since_epoch().count();
  if (text.empty()) return midnight;
  if (!take(text, "Tt ")) return std::nullopt;
  const auto time_of_day = take_time_of_day(text);
  if (!time_of_day) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return midnight + *time_of_day - kMsPerSecond * *offset;
}

std::optional<double> parse_number(std::string_view text) {
  const char* const end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  return value;
}

std::optional<float> parse_rating(std::string_view text) {
  const auto number = parse_number(text);
  // Not-a-number fails this comparison, too.
  if (!number || !(std::abs(*number) <= std::numeric_limits<float>::max())) return std::nullopt;
  return static_cast<float>(*number);
}

std::string rating_trouble(std::string_view text) {
  if (text.empty()) return "the rating is empty";
  if (!parse_number(text)) return fmt::format("rating {} is not a number", quote(text));
  return fmt::format("rating {} is not a finite number of 32 bits (at most 3.4e38)", quote(text));
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::int64_t seconds = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, seconds);
      error == std::errc() && stop == end) {
    return seconds;
  }
  if (const auto number = parse_number(text)) {
    if (!(std::abs(*number) <= kMostSeconds)) return std::nullopt;
    return static_cast<std::int64_t>(std::floor(*number));
  }
  const auto ms = parse_calendar_time_ms(text);
  if (!ms) return std::nullopt;
  return *ms / kMsPerSecond - (*ms % kMsPerSecond < 0 ? 1 : 0);
}

std::string time_trouble(std::string_view text) {
  if (text.empty()) return "the time is empty";
  return fmt::format("time {} is neither Unix seconds nor like 2026-02-28T23:59:59Z", quote(text));
}

std::string id_trouble(std::string_view what, std::string_view id) {
  if (id.empty()) return fmt::format("the {} is empty", what);
  return fmt::format("the {} {} is {} bytes long: at most {}", what, quote(id), id.size(),
                     kMaxIdBytes);
}

}  // namespace coseno
