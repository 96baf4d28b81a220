#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>

namespace coseno {
namespace {

TEST(ThreadPoolTest, EveryElementOnceWithTheSameBlocks) {
  for (const int n_threads : {1, 2, 5}) {
    ThreadPool pool(n_threads);
    EXPECT_EQ(pool.n_threads(), n_threads);
    std::vector<int> visits(1000);
    std::atomic<int> blocks = 0;
    pool.parallel_for(visits.size(), 64, [&](std::size_t begin, std::size_t end, int worker) {
      EXPECT_EQ(begin % 64, 0U);
      EXPECT_LE(end, visits.size());
      EXPECT_LT(worker, n_threads);
      ++blocks;
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    EXPECT_EQ(blocks, 16);
    for (const int n : visits) EXPECT_EQ(n, 1);
  }
}

TEST(ThreadPoolTest, NothingToDoCallsNothing) {
  ThreadPool pool(2);
  pool.parallel_for(0, 1, [](std::size_t, std::size_t, int) { FAIL(); });
}

TEST(ThreadPoolTest, ManyLoopsInARow) {
  ThreadPool pool(3);
  std::atomic<int> sum = 0;
  for (int round = 0; round < 500; ++round) {
    pool.parallel_for(7, 2, [&](std::size_t begin, std::size_t end, int) {
      sum += static_cast<int>(end - begin);
    });
  }
  EXPECT_EQ(sum, 3500);
}

}  // namespace
}  // namespace coseno
