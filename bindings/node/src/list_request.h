// What JavaScript asks of a list.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/engine.h"

namespace coseno::node {

// A RecommendRequest with the texts behind it.
class ListRequest {
 public:
  ListRequest() = default;
  ListRequest(const ListRequest&) = delete;
  ListRequest& operator=(const ListRequest&) = delete;

  // All but `user` and `k`, which are passed beside. At most once. Errors: invalid_argument.
  Result<void> parse(std::string_view json);

  // For that user; valid as long as this object.
  RecommendRequest request(std::string_view user, std::size_t k) const;

 private:
  struct OwnBoost {
    std::string filter;
    double amount = 0;
  };

  boost::json::object json_;
  RecommendRequest request_;
  std::string filter_;
  std::vector<std::string_view> exclude_;
  std::vector<std::string_view> pinned_;
  std::vector<OwnBoost> own_boosts_;
  std::vector<Boost> boosts_;
  std::vector<GroupCap> caps_;
  std::optional<std::vector<Act>> history_;
};

}  // namespace coseno::node
