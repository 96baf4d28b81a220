// What a request for a list says, whether it stands in a query or in a body.
#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/engine.h"
#include "server/api.h"
#include "server/problem.h"
#include "server/query.h"

namespace coseno::server {

// What a request that does not say gets; may change at run time.
struct ListDefaults {
  std::size_t k = 10;
  double diversity = 0;
};

// Texts of its own behind a RecommendRequest.
class ListRequest {
 public:
  // The parameters of a query; several of `exclude` and `pinned`, `caps` and `boosts` as JSON.
  // With `has_pages` also a cursor.
  static Answer<ListRequest> of_query(Query& query, const ListDefaults& defaults,
                                      const ApiOptions& options, bool has_pages);
  // The members of a body; with `has_history` also `history`, which must be there then.
  static Answer<ListRequest> of_body(const boost::json::value& body, const ListDefaults& defaults,
                                     const ApiOptions& options, bool has_history);

  // For that user, `k` items more than were asked for. Valid as long as this object stays.
  RecommendRequest for_user(std::string_view user, std::size_t n_more);

  // Of all that decides what is in the list and in which order: pages of one list have one.
  std::uint64_t fingerprint(std::string_view user) const;

  std::size_t k() const { return k_; }
  bool has_titles() const { return has_titles_; }
  const std::string& cursor() const { return cursor_; }

 private:
  struct OwnBoost {
    std::string filter;
    double amount = 0;
  };
  struct OwnCap {
    std::string property;
    std::size_t at_most = 1;
  };
  struct OwnAct {
    std::string item;
    std::string type;
    float value = 1;
    std::optional<std::int64_t> time_ms;
  };

  explicit ListRequest(const ListDefaults& defaults)
      : k_(defaults.k), diversity_(defaults.diversity) {}

  Answer<void> set_k(std::optional<std::uint64_t> k, const ApiOptions& options, std::string field);
  // From a Query or a Fields: what stands alike in both.
  template <class Source>
  Answer<void> take_scalars(Source& source);
  Answer<void> take_caps(const boost::json::value& json, const std::string& place);
  Answer<void> take_boosts(const boost::json::value& json, const std::string& place);
  Answer<void> take_history(const boost::json::value& json, const std::string& place);

  std::size_t k_;
  std::string filter_;
  std::vector<std::string> exclude_;
  std::vector<std::string> pinned_;
  std::vector<OwnBoost> boosts_;
  std::vector<OwnCap> caps_;
  double diversity_;
  std::string calibrate_;
  double exploration_ = 0;
  std::uint64_t seed_ = 1;
  bool include_seen_ = false;
  bool explain_ = false;
  bool has_titles_ = false;
  std::uint64_t min_position_ = 0;
  std::string cursor_;
  std::optional<std::vector<OwnAct>> history_;

  // Views of the above.
  std::vector<std::string_view> exclude_views_;
  std::vector<std::string_view> pinned_views_;
  std::vector<Boost> boost_views_;
  std::vector<GroupCap> cap_views_;
  std::vector<Act> history_views_;
};

}  // namespace coseno::server
