#include "server/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace coseno::server {
namespace {

// A log into a pipe, and what can be read from it.
class LogTest : public testing::Test {
 protected:
  LogTest() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  ~LogTest() override {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }

  // All that was written, when the log has ended.
  std::string text() {
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    char bytes[4096];
    for (ssize_t n = 0; (n = read(ends_[0], bytes, sizeof(bytes))) > 0;) {
      text.append(bytes, static_cast<std::size_t>(n));
    }
    return text;
  }
  // Without the time, which is the first `n_bytes`.
  static std::string after_time(const std::string& line, std::size_t n_bytes) {
    return line.size() < n_bytes ? line : line.substr(n_bytes);
  }

  int ends_[2] = {-1, -1};
};

TEST_F(LogTest, TextQuotesWhatIsNoPlainWord) {
  {
    Log log(ends_[1], LogFormat::text);
    log.write(LogLevel::warning, "something odd", {{"what", "a \"b\"\n"}, {"where", "here"}});
  }
  EXPECT_EQ(after_time(text(), 24),
            " warning something odd what=\"a \\\"b\\\"\\u000a\" where=here\n");
}

TEST_F(LogTest, JsonIsOneObjectALine) {
  {
    Log log(ends_[1], LogFormat::json);
    log.write(LogLevel::error, "failed", {{"what", "a\\\x01"}});
    AccessLog access(log, true);
    access.write({.request_id = "1",
                  .method = "GET",
                  .route = "recommend",
                  .key = "shop",
                  .status = 200,
                  .seconds = 0.0015,
                  .body_bytes = 7});
    access.flush();
  }
  const std::string lines = text();
  const std::size_t end = lines.find('\n') + 1;
  constexpr std::size_t kTimeBytes =
      std::string_view(R"({"time":"2026-01-31T12:00:00.000Z")").size();
  EXPECT_EQ(after_time(lines.substr(0, end), kTimeBytes),
            ",\"level\":\"error\",\"event\":\"failed\",\"what\":\"a\\\\\\u0001\"}\n");
  EXPECT_EQ(after_time(lines.substr(end), kTimeBytes),
            ",\"level\":\"info\",\"event\":\"request\",\"id\":\"1\",\"method\":\"GET\","
            "\"route\":\"recommend\",\"status\":200,\"ms\":1.500,\"bytes\":7,\"key\":\"shop\"}\n");
}

TEST_F(LogTest, AccessLogMayBeOff) {
  {
    Log log(ends_[1], LogFormat::text);
    AccessLog access(log, false);
    access.write({.request_id = "1", .method = "GET", .route = "recommend"});
    access.flush();
  }
  EXPECT_EQ(text(), "");
}

// Nobody reads: lines are dropped and counted, writers go on, and so does the end.
TEST_F(LogTest, SlowReaderHoldsNobodyUp) {
  const std::string line(1000, 'x');
  constexpr std::uint64_t kLines = 10'000;
  std::uint64_t n_dropped = 0;
  {
    Log log(ends_[1], LogFormat::text);
    for (std::uint64_t i = 0; i < kLines; ++i) log.write(LogLevel::info, line);
    n_dropped = log.n_dropped();
  }
  EXPECT_GT(n_dropped, kLines / 10);
  EXPECT_LT(n_dropped, kLines);
  // What was taken first was written first, as far as the pipe had room.
  EXPECT_EQ(text().substr(24, 7), " info x");
}

}  // namespace
}  // namespace coseno::server
