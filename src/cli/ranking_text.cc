#include "cli/ranking_text.h"

#include <boost/json.hpp>

#include "cli/json_text.h"
#include "cli/table.h"

namespace coseno::cli {

std::string ranking_table(const Ranking& ranking, const Source& source) {
  using enum Table::Align;
  const bool has_titles = source.catalogs.items.size() > 0;
  Table table = has_titles
                    ? Table({{"rank", right}, {"item", left}, {"title", left}, {"score", right}})
                    : Table({{"rank", right}, {"item", left}, {"score", right}});
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const std::string_view id = source.fitted.dataset.items.id(ranking[i].item);
    std::vector<std::string> row{fmt::format("{}", i + 1), printable(id)};
    if (has_titles) row.push_back(printable(source.catalogs.items.title(id)));
    row.push_back(score_text(ranking[i].score));
    table.add_row(std::move(row));
  }
  return table.text();
}

boost::json::array ranking_json(const Ranking& ranking, const Source& source) {
  boost::json::array items;
  for (const ScoredItem& scored : ranking) {
    const std::string_view id = source.fitted.dataset.items.id(scored.item);
    boost::json::object item{{"item", id}, {"score", shortest(scored.score)}};
    const std::string_view title = source.catalogs.items.title(id);
    if (!title.empty()) item["title"] = title;
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace coseno::cli
