#include "cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cli/chart.h"
#include "cli/report_page.h"

namespace coseno::cli {
namespace {

// Sizes in millions of bytes, at least one byte: a logarithmic axis has no zero.
double megabytes(const Judged& judged) { return std::max(judged.model_bytes, 1.0) / 1e6; }
double milliseconds(const Judged& judged) { return std::max(1e3 * judged.latency_p50_s, 1e-6); }

std::string table(const std::vector<std::string>& columns,
                  const std::vector<std::vector<std::string>>& rows) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>";
  for (const std::string& column : columns) {
    html += fmt::format("<th scope=\"col\">{}</th>", html_text(column));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", html_text(row.front()));
    for (std::size_t c = 1; c < row.size(); ++c) html += "<td>" + html_text(row[c]) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n";
}

// A heading, what to see, and the figures side by side.
std::string section(std::string_view heading, std::string_view caption, std::string_view charts,
                    std::string_view figures) {
  return fmt::format(
      "<section>\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"side\">\n{}{}</div>\n</section>\n", heading,
      caption, charts, figures);
}

std::string figure(const std::string& svg, std::string_view caption) {
  return fmt::format("<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n", svg, caption);
}

std::string metric_cell(std::string_view name, double value, const Metrics& metrics) {
  const bool is_missing = metrics.n_ratings == 0 && (name == "rmse" || name == "mae");
  return is_missing ? "-" : fmt::format("{:.4f}", value);
}

std::string all_metrics(std::span<const Judged> judged) {
  std::vector<std::string> columns{"model"};
  for (const auto& [name, value] : named(judged.front().metrics)) columns.emplace_back(name);
  columns.emplace_back("fit s");
  std::vector<std::vector<std::string>> rows;
  for (const Judged& model : judged) {
    std::vector<std::string> row{std::string(model.model)};
    for (const auto& [name, value] : named(model.metrics)) {
      row.push_back(metric_cell(name, value, model.metrics));
    }
    row.push_back(model.fit_s > 0 ? fmt::format("{:.2f}", model.fit_s) : "-");
    rows.push_back(std::move(row));
  }
  return table(columns, rows);
}

std::string quality(std::span<const Judged> judged, std::size_t k) {
  std::vector<Bar> ndcg;
  std::vector<Bar> recall;
  for (const Judged& model : judged) {
    ndcg.push_back({std::string(model.model), model.metrics.list.ndcg});
    recall.push_back({std::string(model.model), model.metrics.list.recall});
  }
  const Bar best = std::ranges::max(ndcg, {}, &Bar::value);
  const std::string ndcg_name = fmt::format("NDCG@{}", k);
  const std::string recall_name = fmt::format("Recall@{}", k);
  const std::string charts =
      figure(bar_chart({.id = "ndcg",
                        .title = ndcg_name + " by model",
                        .description = fmt::format("The largest is {:.4f}, of {}; the table below "
                                                   "has all.",
                                                   best.value, best.name),
                        .x = {},
                        .y = {}},
                       ndcg),
             ndcg_name) +
      figure(bar_chart({.id = "recall",
                        .title = recall_name + " by model",
                        .description = "The table below has the values.",
                        .x = {},
                        .y = {}},
                       recall),
             recall_name);
  return section("Quality by model", "The mean over the judged users.", charts, "") +
         all_metrics(judged);
}

std::string cost(std::span<const Judged> judged, std::size_t k) {
  std::vector<Point> by_latency;
  std::vector<Point> by_size;
  std::vector<std::vector<std::string>> rows;
  for (const Judged& model : judged) {
    const std::string name(model.model);
    const double ndcg = model.metrics.list.ndcg;
    by_latency.push_back({name, milliseconds(model), ndcg});
    by_size.push_back({name, megabytes(model), ndcg});
    rows.push_back({name, fmt::format("{:.4f}", ndcg),
                    fmt::format("{:.3f}", 1e3 * model.latency_p50_s),
                    fmt::format("{:.3f}", 1e3 * model.latency_p99_s),
                    fmt::format("{:.3f}", model.model_bytes / 1e6)});
  }
  const std::string ndcg_name = fmt::format("NDCG@{}", k);
  const std::string charts =
      figure(point_chart({.id = "latency",
                          .title = ndcg_name + " against latency",
                          .description = "A point a model; the table beside it has the values.",
                          .x = "median ms a user",
                          .y = ndcg_name},
                         by_latency),
             "Further left is faster.") +
      figure(point_chart({.id = "size",
                          .title = ndcg_name + " against size of the model",
                          .description = "A point a model; the table beside it has the values.",
                          .x = "MB",
                          .y = ndcg_name},
                         by_size),
             "Further left is smaller.");
  return section("Quality against latency and memory",
                 "What a better list costs: the time of one user, and the size of the model.",
                 charts, table({"model", ndcg_name, "p50 ms", "p99 ms", "MB"}, rows));
}

// A line a model over the groups that have anybody; who is in a group does not depend on the model.
std::string groups(const ChartText& text, std::span<const Judged> judged,
                   std::vector<Group> Breakdown::* member, std::string_view counted,
                   std::string_view caption) {
  const std::vector<Group>& first = judged.front().breakdown.*member;
  std::vector<std::string> names;
  std::vector<Line> lines(judged.size());
  std::vector<std::string> columns{text.x, std::string(counted)};
  std::vector<std::vector<std::string>> rows;
  for (const Judged& model : judged) columns.emplace_back(model.model);
  for (std::size_t g = 0; g < first.size(); ++g) {
    if (first[g].n == 0) continue;
    names.push_back(first[g].name);
    std::vector<std::string>& row = rows.emplace_back();
    row = {first[g].name, fmt::format("{}", first[g].n)};
    for (std::size_t m = 0; m < judged.size(); ++m) {
      const double value = (judged[m].breakdown.*member)[g].mean();
      lines[m].values.push_back(value);
      row.push_back(fmt::format("{:.4f}", value));
    }
  }
  std::string legend;
  for (std::size_t m = 0; m < judged.size(); ++m) {
    lines[m].name = judged[m].model;
    legend += fmt::format(
        "<svg viewBox=\"0 0 10 10\" style=\"width:0.8em\" aria-hidden=\"true\">"
        "<circle class=\"s{}\" cx=\"5\" cy=\"5\" r=\"5\"/></svg> {} ",
        m % kChartColours, html_text(judged[m].model));
  }
  return section(text.title, caption, figure(line_chart(text, names, lines), legend),
                 table(columns, rows));
}

std::string sections(std::span<const Judged> judged, std::size_t k) {
  return quality(judged, k) + cost(judged, k) +
         groups({.id = "history",
                 .title = "Quality by length of history",
                 .description = "A line a model; the table beside it has the values.",
                 .x = "items in the history",
                 .y = fmt::format("NDCG@{}", k)},
                judged, &Breakdown::by_history, "users",
                "Users by how many items they are scored from: is a newcomer served well?") +
         groups(
             {.id = "popularity",
              .title = "Quality by popularity of the item",
              .description = "A line a model; the table beside it has the values.",
              .x = "tenth of items, 1: most popular",
              .y = fmt::format("Recall@{}", k)},
             judged, &Breakdown::by_popularity, "held out",
             "Held-out items by how many users have them in training, in tenths of all items: does "
             "the list find what is rare? New items are unknown to training.");
}

// `page` with the value of each {{name}} in its place.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string text;
  while (true) {
    const std::size_t begin = page.find("{{");
    text += page.substr(0, begin);
    if (begin == std::string_view::npos) return text;
    const std::size_t end = page.find("}}", begin);
    const auto value = values.find(page.substr(begin + 2, end - begin - 2));
    COSENO_CHECK(value != values.end());
    text += value->second;
    page.remove_prefix(end + 2);
  }
}

}  // namespace

std::string report_page(const ReportText& text, std::span<const Judged> judged) {
  return filled(kReportPage, {{"data", html_text(text.data)},
                              {"how", html_text(text.how)},
                              {"k", fmt::format("{}", text.k)},
                              {"colours", chart_colours()},
                              {"sections", sections(judged, text.k)}});
}

}  // namespace coseno::cli
