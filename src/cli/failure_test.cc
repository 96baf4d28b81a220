#include "cli/failure.h"

#include <gtest/gtest.h>

namespace coseno::cli {
namespace {

TEST(FailureTest, CancelledWorkEndsLikeCtrlC) {
  EXPECT_EQ(Failure(Error{ErrorCode::cancelled, "stopped"}).exit_code, 130);
  EXPECT_EQ(Failure(Error{ErrorCode::io, "disk"}).exit_code, 1);
}

}  // namespace
}  // namespace coseno::cli
