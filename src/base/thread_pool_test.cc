#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

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

TEST(ThreadPoolTest, FewerThreadsWhereTheSystemRefusesMore) {
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t huge;
  ASSERT_EQ(pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 50), 0);  // more than there can be
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  ThreadPool pool(4);
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
  EXPECT_EQ(pool.n_threads(), 1);
  std::size_t n_seen = 0;
  pool.parallel_for(10, 3, [&](std::size_t begin, std::size_t end, int) { n_seen += end - begin; });
  EXPECT_EQ(n_seen, 10U);
  pthread_attr_destroy(&huge);
  pthread_attr_destroy(&usual);
}

}  // namespace
}  // namespace coseno
