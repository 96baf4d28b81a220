// An engine on a folder of the test's own, with a clock that stands still.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "coseno/engine.h"

namespace coseno {

inline constexpr std::int64_t kNow = 1'700'000'000'000;  // milliseconds
inline constexpr std::int64_t kDay = 24LL * 3600 * 1000;

class EngineFixture : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) /
              fmt::format("coseno_{}_{}", info.test_suite_name(), info.name());
    std::filesystem::remove_all(folder_);
    options_.clock = &clock_;
    options_.n_threads = 1;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder() const { return folder_.string(); }
  Engine open() { return Engine::open(folder(), options_).value(); }

  ManualClock clock_{kNow};
  EngineOptions options_;
  std::filesystem::path folder_;
};

}  // namespace coseno
