#include "math/symmetric_matrix.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <vector>

#include "base/rng.h"

namespace coseno {
namespace {

// X'X + I of 2 n random rows: its condition is some hundreds.
Eigen::MatrixXd random_positive_definite(std::size_t n) {
  Rng rng(n);
  const auto size = static_cast<Eigen::Index>(n);
  const Eigen::MatrixXd x =
      Eigen::MatrixXd::NullaryExpr(2 * size, size, [&] { return rng.uniform() < 0.2 ? 1.0 : 0.0; });
  return x.transpose() * x + Eigen::MatrixXd::Identity(size, size);
}

SymmetricMatrix tiles_of(const Eigen::MatrixXd& matrix, std::size_t tile_size) {
  const auto n = static_cast<std::size_t>(matrix.rows());
  SymmetricMatrix tiles(n, tile_size);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      tiles.at(i, j) =
          static_cast<float>(matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)));
    }
  }
  return tiles;
}

// All rows, as copy_rows gives them, up to three at a time.
std::vector<float> rows_of(const SymmetricMatrix& tiles) {
  const std::size_t n = tiles.n();
  std::vector<float> rows(n * n);
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t tile_end = (begin / tiles.tile_size() + 1) * tiles.tile_size();
    const std::size_t end = std::min({begin + 3, tile_end, n});
    tiles.copy_rows(begin, end, std::span(rows).subspan(begin * n, (end - begin) * n));
    begin = end;
  }
  return rows;
}

Result<void> invert(SymmetricMatrix& matrix, int n_threads) {
  ThreadPool pool(n_threads);
  Progress progress;
  return coseno::invert(matrix, "inverting", pool, progress);
}

TEST(SymmetricMatrixTest, HoldsWhatWasPutThere) {
  for (const std::size_t n : {1UL, 4UL, 5UL, 39UL}) {
    const Eigen::MatrixXd matrix = random_positive_definite(n);
    const Eigen::MatrixXf expected = matrix.cast<float>();
    const std::vector<float> rows = rows_of(tiles_of(matrix, 4));
    EXPECT_TRUE(std::ranges::equal(rows, std::span(expected.data(), n * n))) << n;
  }
}

TEST(SymmetricMatrixTest, TakesHalfOfTheSquare) {
  EXPECT_EQ(SymmetricMatrix::size_bytes(9, 4), 6 * 16 * 4);
  EXPECT_LT(SymmetricMatrix::size_bytes(40981), 0.51 * 40981 * 40981 * 4);
}

// Sizes below, on and past the border of a tile; against Eigen in double.
TEST(InvertTest, AgreesWithDouble) {
  for (const std::size_t n : {1UL, 3UL, 7UL, 8UL, 9UL, 16UL, 37UL, 64UL, 101UL}) {
    const Eigen::MatrixXd matrix = random_positive_definite(n);
    const Eigen::MatrixXd expected = matrix.inverse();
    SymmetricMatrix tiles = tiles_of(matrix, 8);
    ASSERT_TRUE(invert(tiles, 1).has_value());
    const std::vector<float> rows = rows_of(tiles);
    const double tolerance = 1e-5 * expected.cwiseAbs().maxCoeff();
    for (std::size_t i = 0; i < n * n; ++i) {
      EXPECT_NEAR(rows[i], expected.data()[i], tolerance) << n << ' ' << i;
    }
  }
}

// Tiles of the real size, so that OpenBLAS takes its blocked paths.
TEST(InvertTest, AgreesWithDoubleInLargeTiles) {
  const std::size_t n = 2 * SymmetricMatrix::kTileSize + 91;
  const Eigen::MatrixXd matrix = random_positive_definite(n);
  const Eigen::MatrixXd expected = matrix.inverse();
  SymmetricMatrix tiles = tiles_of(matrix, SymmetricMatrix::kTileSize);
  ASSERT_TRUE(invert(tiles, 2).has_value());
  const std::vector<float> rows = rows_of(tiles);
  double largest_error = 0;
  for (std::size_t i = 0; i < n * n; ++i) {
    largest_error = std::max(largest_error, std::abs(rows[i] - expected.data()[i]));
  }
  EXPECT_LT(largest_error, 1e-5 * expected.cwiseAbs().maxCoeff());
}

TEST(InvertTest, AnyNumberOfThreadsGivesTheSameBits) {
  const Eigen::MatrixXd matrix = random_positive_definite(101);
  SymmetricMatrix one = tiles_of(matrix, 16);
  SymmetricMatrix three = tiles_of(matrix, 16);
  ASSERT_TRUE(invert(one, 1).has_value());
  ASSERT_TRUE(invert(three, 3).has_value());
  EXPECT_EQ(rows_of(one), rows_of(three));
}

TEST(InvertTest, RefusesWhatIsNotPositiveDefinite) {
  Eigen::MatrixXd matrix = random_positive_definite(20);
  matrix(17, 17) = -1;
  SymmetricMatrix tiles = tiles_of(matrix, 8);
  const Result<void> inverted = invert(tiles, 1);
  ASSERT_FALSE(inverted.has_value());
  EXPECT_EQ(inverted.error().code, ErrorCode::invalid_argument);
}

// Counts what is reported, and cancels after some.
class Watch : public Progress {
 public:
  explicit Watch(int n) : n_left_(n) {}
  void report(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {
    --n_left_;
  }
  bool cancelled() const override { return n_left_ <= 0; }
  int n_left() const { return n_left_; }

 private:
  int n_left_;
};

TEST(InvertTest, CancellingEndsIt) {
  SymmetricMatrix tiles = tiles_of(random_positive_definite(64), 8);
  ThreadPool pool(1);
  Watch watch(3);
  const Result<void> inverted = coseno::invert(tiles, "inverting", pool, watch);
  ASSERT_FALSE(inverted.has_value());
  EXPECT_EQ(inverted.error().code, ErrorCode::cancelled);
  EXPECT_EQ(watch.n_left(), 0);
}

}  // namespace
}  // namespace coseno
