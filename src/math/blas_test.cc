#include "math/blas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/rng.h"

namespace coseno {
namespace {

const Blas& blas() { return *Blas::load().value(); }

std::vector<float> random_numbers(std::size_t n) {
  Rng rng(1);
  std::vector<float> numbers(n);
  for (float& number : numbers) number = static_cast<float>(rng.uniform() - 0.5);
  return numbers;
}

// Left to itself, OpenBLAS 0.3.21 takes "Prescott" on a processor that it does not know, with SSE3.
TEST(BlasTest, RunsTheKernelsOfThisProcessor) {
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) GTEST_SKIP() << "the user has chosen";
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    EXPECT_EQ(blas().core_name(), "SkylakeX");
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    EXPECT_EQ(blas().core_name(), "Haswell");
  }
#endif
}

TEST(BlasTest, LeavesTheEnvironmentAsItWas) {
  const char* const before = std::getenv("OPENBLAS_NUM_THREADS");
  blas();
  EXPECT_EQ(std::getenv("OPENBLAS_NUM_THREADS"), before);
}

TEST(BlasTest, ProductsAreThoseOfThePlainLoop) {
  constexpr std::size_t kStride = 40;
  const std::vector<float> a = random_numbers(33 * kStride);
  const std::vector<float> b = random_numbers(17 * kStride);
  std::vector<float> c(33 * kStride, 1);
  blas().add_product(33, 17, 35, kStride, -2, a.data(), b.data(), c.data());
  std::vector<float> square(33 * kStride, 1);
  blas().add_square(33, 35, kStride, 2, a.data(), square.data());
  const auto dot = [&](const std::vector<float>& x, std::size_t i, const std::vector<float>& y,
                       std::size_t j) {
    double sum = 0;
    for (std::size_t k = 0; k < 35; ++k) {
      sum += static_cast<double>(x[i * kStride + k]) * y[j * kStride + k];
    }
    return sum;
  };
  for (std::size_t i = 0; i < 33; ++i) {
    for (std::size_t j = 0; j < 17; ++j) {
      EXPECT_NEAR(c[i * kStride + j], 1 - 2 * dot(a, i, b, j), 1e-5);
    }
    for (std::size_t j = 0; j < 33; ++j) {
      const double expected = j <= i ? 1 + 2 * dot(a, i, a, j) : 1;
      EXPECT_NEAR(square[i * kStride + j], expected, 1e-5);
    }
  }
}

// L = (2 0; 1 3), so A = L L' = (4 2; 2 10), A^-1 = (10 -2; -2 4) / 36.
TEST(BlasTest, CholeskyByHand) {
  std::vector<float> a = {4, 99, 2, 10};
  ASSERT_TRUE(blas().cholesky(2, 2, a.data()));
  EXPECT_EQ(a, (std::vector<float>{2, 99, 1, 3}));

  std::vector<float> b = {4, 11};  // (2 3) L'
  blas().solve_transposed(1, 2, 2, a.data(), b.data());
  EXPECT_EQ(b, (std::vector<float>{2, 3}));
  b = {7, 9};  // (2 3) L
  blas().solve(1, 2, 2, a.data(), b.data());
  EXPECT_EQ(b, (std::vector<float>{2, 3}));

  blas().inverse_from_cholesky(2, 2, a.data());
  EXPECT_NEAR(a[0], 10.0 / 36, 1e-6);
  EXPECT_EQ(a[1], 99);
  EXPECT_NEAR(a[2], -2.0 / 36, 1e-6);
  EXPECT_NEAR(a[3], 4.0 / 36, 1e-6);
}

TEST(BlasTest, TellsWhatIsNotPositiveDefinite) {
  std::vector<float> a = {1, 0, 2, 1};
  EXPECT_FALSE(blas().cholesky(2, 2, a.data()));
}

}  // namespace
}  // namespace coseno
