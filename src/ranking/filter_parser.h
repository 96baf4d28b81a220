// JSON as a filter's tree.
#pragma once

#include <string_view>

#include "base/error.h"
#include "ranking/filter_node.h"

namespace coseno {

// As ItemFilter::parse has it.
Result<FilterNode> parse_filter(std::string_view json);

}  // namespace coseno
