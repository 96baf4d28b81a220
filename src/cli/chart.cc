#include "cli/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "cli/table.h"
#include "data/utf8.h"

namespace coseno::cli {
namespace {

// In units of the drawing, which the page scales.
constexpr double kWidth = 560;
constexpr double kHeight = 300;
constexpr double kLeft = 56;
constexpr double kRight = 16;
constexpr double kTop = 14;
constexpr double kBottom = 46;

// Lines are told apart by these too, where colours are not.
constexpr std::array<std::string_view, 4> kDashes = {"", "7 4", "2 3", "9 3 2 3"};

std::string opening(const ChartText& text, double height) {
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}-title {}-text\" "
      "xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"{}-title\">{}</title>\n"
      "<desc id=\"{}-text\">{}</desc>\n",
      kWidth, height, text.id, text.id, text.id, html_text(text.title), text.id,
      html_text(text.description));
}

std::string label(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     html_text(text));
}

// A step of 1, 2 or 5 times a power of ten, of which at most five reach `largest`.
double step_to(double largest) {
  if (!(largest > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(largest / 5)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (5 * times * power >= largest) return times * power;
  }
  return 10 * power;
}

// The field of a chart, its y axis from 0 with lines across it.
class Field {
 public:
  explicit Field(double largest) : step_(step_to(largest)), top_(5 * step_) {}

  double y(double value) const {
    return kHeight - kBottom - value / top_ * (kHeight - kTop - kBottom);
  }
  // `share` in [0, 1] of the width.
  static double x(double share) { return kLeft + share * (kWidth - kLeft - kRight); }

  std::string grid() const {
    std::string svg;
    for (int i = 0; i <= 5; ++i) {
      const double height = y(i * step_);
      svg += fmt::format("<path class=\"rule\" d=\"M{} {:.1f}H{}\"/>\n", kLeft, height,
                         kWidth - kRight);
      svg += label(kLeft - 6, height + 4, "end", fmt::format("{:.4g}", i * step_));
    }
    return svg;
  }

 private:
  double step_;
  double top_;
};

std::string axis_titles(const ChartText& text) {
  return fmt::format(
      "<text class=\"faint\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n"
      "<text class=\"faint\" transform=\"translate(12 {}) rotate(-90)\" "
      "text-anchor=\"middle\">{}</text>\n",
      kWidth - kRight, kHeight - 6, html_text(text.x), kHeight / 2, html_text(text.y));
}

std::size_t colour(std::size_t series) { return series % kChartColours; }

// Points on a logarithmic axis of whole powers of ten.
class LogAxis {
 public:
  explicit LogAxis(const std::vector<Point>& points)
      : from_(std::floor(std::log10(std::ranges::min(points, {}, &Point::x).x))),
        to_(std::max(std::ceil(std::log10(std::ranges::max(points, {}, &Point::x).x)), from_ + 1)) {
  }

  double x(double value) const { return Field::x((std::log10(value) - from_) / (to_ - from_)); }

  std::string labels() const {
    std::string svg;
    for (double power = from_; power <= to_; ++power) {
      const double value = std::pow(10, power);
      svg += label(x(value), kHeight - kBottom + 18, "middle", fmt::format("{:.6g}", value));
    }
    return svg;
  }

 private:
  double from_;
  double to_;
};

}  // namespace

std::string html_text(std::string_view text) {
  std::string valid;
  while (const std::optional<std::size_t> bad = find_invalid_utf8(text)) {
    valid += text.substr(0, *bad);
    valid += '?';
    text.remove_prefix(*bad + 1);
  }
  valid += text;
  std::string escaped;
  for (const char c : printable(valid)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string bar_chart(const ChartText& text, const std::vector<Bar>& bars) {
  constexpr double kNames = 130;
  constexpr double kValues = 60;
  constexpr double kRow = 28;
  const double largest = std::ranges::max(bars, {}, &Bar::value).value;
  std::string svg = opening(text, kRow * static_cast<double>(bars.size()) + 6);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double y = kRow * static_cast<double>(i) + 4;
    const double length = largest > 0 ? bars[i].value / largest * (kWidth - kNames - kValues) : 0;
    svg += label(kNames - 8, y + 15, "end", bars[i].name);
    svg +=
        fmt::format("<rect class=\"s{}\" x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"20\"/>\n",
                    colour(i), kNames, y, length);
    svg += label(kNames + length + 6, y + 15, "start", fmt::format("{:.4f}", bars[i].value));
  }
  return svg + "</svg>\n";
}

std::string point_chart(const ChartText& text, const std::vector<Point>& points) {
  const Field field(std::ranges::max(points, {}, &Point::y).y);
  const LogAxis axis(points);
  std::string svg = opening(text, kHeight) + field.grid() + axis.labels() + axis_titles(text);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double x = axis.x(points[i].x);
    const double y = field.y(points[i].y);
    const bool is_left = x > kWidth / 2;  // the name goes where there is room
    svg += fmt::format("<circle class=\"s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\"/>\n", colour(i),
                       x, y);
    svg += label(is_left ? x - 10 : x + 10, y - 6, is_left ? "end" : "start", points[i].name);
  }
  return svg + "</svg>\n";
}

std::string line_chart(const ChartText& text, const std::vector<std::string>& categories,
                       const std::vector<Line>& lines) {
  double largest = 0;
  for (const Line& line : lines) largest = std::max(largest, std::ranges::max(line.values));
  const Field field(largest);
  const auto x = [&](std::size_t c) {
    return Field::x((static_cast<double>(c) + 0.5) / static_cast<double>(categories.size()));
  };
  std::string svg = opening(text, kHeight) + field.grid() + axis_titles(text);
  for (std::size_t c = 0; c < categories.size(); ++c) {
    svg += label(x(c), kHeight - kBottom + 18, "middle", categories[c]);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string places;
    std::string marks;
    for (std::size_t c = 0; c < categories.size(); ++c) {
      const double y = field.y(lines[i].values[c]);
      places += fmt::format("{:.1f},{:.1f} ", x(c), y);
      marks += fmt::format("<circle class=\"s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>\n",
                           colour(i), x(c), y);
    }
    svg += fmt::format("<polyline class=\"line l{}\" stroke-dasharray=\"{}\" points=\"{}\"/>\n{}",
                       colour(i), kDashes[i % kDashes.size()], places, marks);
  }
  return svg + "</svg>\n";
}

std::string chart_colours() {
  std::string css;
  for (std::size_t i = 0; i < kChartColours; ++i) {
    css += fmt::format(".s{} {{ fill: var(--c{}); }} .l{} {{ stroke: var(--c{}); }}\n", i, i, i, i);
  }
  return css;
}

}  // namespace coseno::cli
