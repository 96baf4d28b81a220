#include "cli/recommendations_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cli/json_text.h"
#include "cli/table.h"
#include "engine/answer_json.h"

namespace coseno::cli {
namespace {

// "ease 0.62, trending 0.04".
std::string sources_text(const RecommendedItem& item) {
  std::vector<std::string> parts;
  for (const coseno::Source& source : item.sources) {
    parts.push_back(fmt::format("{} {:.2f}", source.name, source.score));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "Green Tea 70%, Jam 30%".
std::string reasons_text(const RecommendedItem& item, const Engine& engine) {
  std::vector<std::string> parts;
  for (const Reason& reason : item.reasons) {
    const std::string title = title_of(engine, reason.item);
    parts.push_back(fmt::format("{} {:.0f}%", printable(title.empty() ? reason.item : title),
                                100 * reason.share));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string model_text(const EngineStats& stats) {
  std::string text = stats.snapshot == 0
                         ? "no model yet (coseno train)"
                         : fmt::format("model {} (snapshot {})", stats.model, stats.snapshot);
  if (!stats.snapshot_trouble.empty()) {
    text += fmt::format("; the newest snapshot is not in service: {}",
                        printable(stats.snapshot_trouble));
  }
  return text;
}

std::string recommendations_table(const Recommendations& list, const Engine& engine) {
  using enum Table::Align;
  const std::vector<std::string> titles = titles_of(engine, list.items);
  const bool has_titles = std::ranges::any_of(titles, [](const auto& t) { return !t.empty(); });
  const bool is_explained = std::ranges::any_of(
      list.items, [](const RecommendedItem& item) { return !item.sources.empty(); });
  std::vector<Table::Column> columns = {{"rank", right}, {"item", left}};
  if (has_titles) columns.push_back({"title", left});
  columns.push_back({"score", right});
  const bool is_explored = std::ranges::any_of(
      list.items, [](const RecommendedItem& item) { return item.propensity < 1; });
  if (is_explored) columns.push_back({"propensity", right});
  if (is_explained) {
    columns.push_back({"from", left});
    columns.push_back({"because of", left});
  }
  Table table(std::move(columns));
  for (std::size_t n = 0; n < list.items.size(); ++n) {
    const RecommendedItem& item = list.items[n];
    std::vector<std::string> row = {fmt::format("{}", n + 1), printable(item.item)};
    if (has_titles) row.push_back(printable(titles[n]));
    row.push_back(score_text(item.score));
    if (is_explored) row.push_back(fmt::format("{:.3f}", item.propensity));
    if (is_explained) {
      row.push_back(sources_text(item));
      row.push_back(reasons_text(item, engine));
    }
    table.add_row(std::move(row));
  }
  return table.text();
}

std::string list_json(const boost::json::object& head, const Recommendations& list,
                      const Engine& engine) {
  std::string text = json_text(head);
  text.pop_back();
  if (!head.empty()) text += ", ";
  append_list(list, titles_of(engine, list.items), text);
  return text + "}\n";
}

}  // namespace coseno::cli
