// Each kernel against its plain version, at sizes around the width of a vector.
#include "math/kernels.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "math/kernels_plain.h"

namespace coseno {
namespace {

using Floats = std::vector<float>;

Floats random_floats(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  Floats values(n);
  for (float& value : values) value = static_cast<float>(rng.uniform() - 0.5);
  return values;
}

void expect_near(const Floats& actual, const Floats& expected, float tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], tolerance) << "at " << i;
  }
}

TEST(KernelsTest, DotEqualsPlainAtEverySize) {
  for (std::size_t n = 0; n < 150; ++n) {
    const Floats a = random_floats(n, 1);
    const Floats b = random_floats(n, 2);
    EXPECT_NEAR(dot(a, b), plain::dot(a, b), 1e-5F) << n;
  }
}

TEST(KernelsTest, MultiplyEqualsPlain) {
  for (const std::size_t dim : {1, 3, 16, 33}) {
    const Floats values = random_floats(7 * dim, 1);
    const Floats vector = random_floats(dim, 2);
    const MatrixView rows{values.data(), 7, dim};
    Floats actual(7);
    Floats expected(7);
    multiply(rows, vector, actual);
    plain::multiply(rows, vector, expected);
    expect_near(actual, expected, 1e-5F);
  }
}

// So items with equal vectors tie, whatever is beside them, and a search may use either.
TEST(KernelsTest, MultiplyGivesTheBitsOfDot) {
  for (const std::size_t dim : {1, 16, 37, 64, 200}) {
    for (const std::size_t n : {1, 2, 3, 4, 5, 11}) {
      const Floats values = random_floats(n * dim, 3);
      const Floats vector = random_floats(dim, 4);
      const MatrixView rows{values.data(), n, dim};
      Floats actual(n);
      multiply(rows, vector, actual);
      Floats expected(n);
      for (std::size_t i = 0; i < n; ++i) expected[i] = dot(rows.row(i), vector);
      EXPECT_EQ(actual, expected);
    }
  }
}

// Enough rows for several blocks, and a dim of which a block has but one.
TEST(KernelsTest, MultiplyManyEqualsMultiplyOfEachVector) {
  struct Shape {
    std::size_t n_rows, dim;
  };
  for (const Shape shape : {Shape{0, 5}, {700, 1}, {300, 37}, {130, 64}, {3, 5000}}) {
    const Floats values = random_floats(shape.n_rows * shape.dim, 1);
    const MatrixView rows{values.data(), shape.n_rows, shape.dim};
    for (const std::size_t n_vectors : {0, 1, 2, 5}) {
      const Floats vectors = random_floats(n_vectors * rows.dim, 2);
      const MatrixView view{vectors.data(), n_vectors, rows.dim};
      Floats actual(n_vectors * rows.n_rows);
      Floats expected(actual.size());
      multiply_many(rows, view, actual);
      plain::multiply_many(rows, view, expected);
      expect_near(actual, expected, 1e-4F);
      for (std::size_t v = 0; v < n_vectors; ++v) {
        multiply(rows, view.row(v), std::span(expected).subspan(v * rows.n_rows, rows.n_rows));
      }
      EXPECT_EQ(actual, expected);
    }
  }
}

TEST(KernelsTest, CombineEqualsPlain) {
  for (const std::size_t n : {0, 1, 2, 7, 16}) {
    const Floats values = random_floats(n * 2 * kPad, 1);
    const Floats weights = random_floats(n, 2);
    const MatrixView rows{values.data(), n, 2 * kPad};
    Floats actual(2 * kPad);
    Floats expected(2 * kPad);
    combine(rows, weights, actual);
    plain::combine(rows, weights, expected);
    expect_near(actual, expected, 1e-5F);
  }
}

Floats upper_triangle(Floats square, std::size_t width) {
  for (std::size_t r = 0; r < width; ++r) {
    for (std::size_t c = 0; c < r; ++c) square[r * width + c] = 0;
  }
  return square;
}

TEST(KernelsTest, NormalEquationsEqualPlain) {
  for (const std::size_t width : {kPad, 2 * kPad, 4 * kPad}) {
    for (const std::size_t n : {0, 1, 5, 40}) {
      const Floats rows = random_floats(n * width, 1);
      const Floats weights = random_floats(n, 2);
      const Floats targets = random_floats(n, 3);
      Floats gram = random_floats(width * width, 4);
      Floats right = random_floats(width, 5);
      Floats plain_gram = gram;
      Floats plain_right = right;
      add_normal_equations(rows.data(), weights, targets, width, gram.data(), right.data());
      plain::add_normal_equations(rows.data(), weights, targets, width, plain_gram.data(),
                                  plain_right.data());
      expect_near(upper_triangle(gram, width), upper_triangle(plain_gram, width), 1e-5F);
      expect_near(right, plain_right, 1e-5F);
    }
  }
}

// X'X + I of random X is positive definite.
Floats positive_definite(std::size_t n, std::size_t width) {
  const Floats rows = random_floats(3 * n * width, 6);
  const Floats ones(3 * n, 1.0F);
  Floats a(width * width);
  Floats right(width);
  for (std::size_t i = 0; i < width; ++i) a[i * width + i] = 1;
  plain::add_normal_equations(rows.data(), ones, ones, width, a.data(), right.data());
  return a;
}

TEST(KernelsTest, CholeskyEqualsPlainAndClearsTheRest) {
  for (const std::size_t n : {1, 2, 7, 15, 16, 17, 31, 50}) {
    const std::size_t width = padded(n);
    Floats actual = positive_definite(n, width);
    Floats expected = actual;
    ASSERT_TRUE(cholesky(actual.data(), n, width));
    ASSERT_TRUE(plain::cholesky(expected.data(), n, width));
    expect_near(actual, expected, 1e-4F);
  }
}

TEST(KernelsTest, CholeskyRefusesWhatIsNotPositiveDefinite) {
  Floats a(kPad * kPad);
  a[0] = 1;
  a[1] = 2;  // [1 2; 2 1] has the eigenvalue -1
  a[kPad + 1] = 1;
  EXPECT_FALSE(cholesky(a.data(), 2, kPad));
}

TEST(KernelsTest, ARidgeMakesASingularMatrixSolvable) {
  // [1 1; 1 1] has rank 1: with a ridge r, x of (1, 1) is (1, 1) / (2 + r).
  Floats a(kPad * kPad);
  a[0] = a[1] = a[kPad + 1] = 1;
  Floats copy(kPad * kPad);
  Floats b(kPad);
  b[0] = b[1] = 1;
  solve_positive_definite(a.data(), 2, kPad, copy.data(), b.data());
  EXPECT_NEAR(b[0], 0.5F, 0.1F);
  EXPECT_NEAR(b[0] + b[1], 1.0F, 1e-3F);
}

TEST(KernelsTest, NoRidgeWhereNoneIsNeeded) {
  Floats with_ridge = positive_definite(7, kPad);
  Floats plain = with_ridge;
  Floats copy(kPad * kPad);
  cholesky_with_ridge(with_ridge.data(), 7, kPad, copy.data());
  ASSERT_TRUE(cholesky(plain.data(), 7, kPad));
  EXPECT_EQ(with_ridge, plain);
}

TEST(KernelsTest, SolvesUndoMultiplication) {
  for (const std::size_t n : {1, 7, 15, 16, 31}) {
    const std::size_t width = padded(n);
    Floats u = positive_definite(n, width);
    ASSERT_TRUE(cholesky(u.data(), n, width));
    Floats b = random_floats(width, 7);
    std::fill(b.begin() + static_cast<std::ptrdiff_t>(n), b.end(), 0.0F);
    Floats expected = b;
    Floats actual = b;
    solve_transposed_upper(u.data(), n, width, actual.data());
    plain::solve_transposed_upper(u.data(), n, width, expected.data());
    expect_near(actual, expected, 1e-5F);
    solve_upper(u.data(), n, width, actual.data());
    plain::solve_upper(u.data(), n, width, expected.data());
    expect_near(actual, expected, 1e-5F);
  }
}

TEST(KernelsTest, SparseRowSumsEqualPlain) {
  const std::vector<RowWeight> entries = {{0, 0.5F}, {9, -1.0F}, {3, 2.0F}, {9, 0.25F}};
  for (const std::size_t width : {kLanes, 3 * kLanes}) {
    Floats rows = random_floats(10 * width, 8);
    Floats plain_rows = rows;
    Floats sum(width);
    Floats plain_sum(width);
    add_weighted_rows(entries, rows.data(), width, sum.data());
    plain::add_weighted_rows(entries, rows.data(), width, plain_sum.data());
    expect_near(sum, plain_sum, 1e-6F);
    subtract_from_rows(entries, sum.data(), width, rows.data());
    plain::subtract_from_rows(entries, sum.data(), width, plain_rows.data());
    expect_near(rows, plain_rows, 1e-6F);
  }
}

TEST(KernelsTest, ProductsOfMatricesEqualPlain) {
  for (const std::size_t n : {0, 1, 7, 8, 19}) {
    for (const std::size_t inner : {1, 5, 16}) {
      const Floats left = random_floats(n * inner, 1);
      const Floats right = random_floats(inner * 2 * kPad, 2);
      const MatrixView rows{left.data(), n, inner};
      const MatrixView matrix{right.data(), inner, 2 * kPad};
      Floats actual(n * matrix.dim);
      Floats expected(n * matrix.dim);
      multiply_rows(rows, matrix, actual.data());
      plain::multiply_rows(rows, matrix, expected.data());
      expect_near(actual, expected, 1e-5F);
    }
  }
}

TEST(KernelsTest, ResidualsEqualPlain) {
  constexpr std::size_t kDim = 3 * kPad;
  const Floats values = random_floats(9 * kDim, 1);
  const Floats vector = random_floats(kDim, 2);
  const MatrixView rows{values.data(), 9, kDim};
  std::vector<RowWeight> entries;
  for (const std::uint32_t row : {8U, 0U, 3U, 3U, 5U, 1U, 7U}) {
    Floats actual = random_floats(kDim, 3);
    Floats expected = actual;
    const float error = add_residuals(rows, entries, 0.7F, vector, actual);
    EXPECT_NEAR(error, plain::add_residuals(rows, entries, 0.7F, vector, expected), 1e-5F);
    expect_near(actual, expected, 1e-5F);
    entries.push_back({row, 0.5F + static_cast<float>(row)});
  }
}

}  // namespace
}  // namespace coseno
