// Charts as SVG that stands inside an HTML page, drawn in the page's colours: series i in class
// "s<i>".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coseno::cli {

// `text` for the content of an element or an attribute: what is not UTF-8, or a control character,
// becomes a question mark.
std::string html_text(std::string_view text);

// Series that have a colour of their own; more begin again with the first.
constexpr std::size_t kChartColours = 8;

// `title` names the chart and `description` says it in words, for who cannot see it.
struct ChartText {
  std::string id;  // distinct on the page
  std::string title;
  std::string description;
  std::string x;  // what the axes have
  std::string y;
};

struct Bar {
  std::string name;
  double value;  // >= 0
};
// A bar a row, its value beside it.
std::string bar_chart(const ChartText& text, const std::vector<Bar>& bars);

struct Point {
  std::string name;
  double x;  // > 0, on a logarithmic axis
  double y;  // >= 0
};
std::string point_chart(const ChartText& text, const std::vector<Point>& points);

struct Line {
  std::string name;
  std::vector<double> values;  // one a category, >= 0
};
std::string line_chart(const ChartText& text, const std::vector<std::string>& categories,
                       const std::vector<Line>& lines);

// Rules of CSS for the series.
std::string chart_colours();

}  // namespace coseno::cli
