#include "base/memory.h"

#include <gtest/gtest.h>

namespace coseno {
namespace {

// Of this process, at least a little is left; and no machine has more than a petabyte.
TEST(MemoryTest, TellsWhatIsLeft) {
  const std::optional<double> bytes = available_memory_bytes();
  ASSERT_TRUE(bytes.has_value());
  EXPECT_GT(*bytes, 1e6);
  EXPECT_LT(*bytes, 1e15);
}

}  // namespace
}  // namespace coseno
