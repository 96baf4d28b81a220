#include "models/half_step.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "base/check.h"

namespace coseno {
namespace {

// Items gathered at a time, so that scratch memory does not grow with the longest history.
constexpr std::size_t kGather = 256;

// Rows whose Gram matrix is summed in float, before the sums go on in double; and rows turned at
// once. Both a fraction of a millisecond.
constexpr std::size_t kGramRows = 1024;
constexpr std::size_t kTurnRows = 128;

Eigen::MatrixXd gram(const Factors& rows, std::span<const float> weights, std::size_t dim,
                     ThreadPool& pool) {
  const std::size_t width = rows.dim();
  std::vector<std::vector<float>> parts((rows.n_rows() + kGramRows - 1) / kGramRows);
  const std::vector<float> ones(kGramRows, 1.0F);
  pool.parallel_for(rows.n_rows(), kGramRows, [&](std::size_t begin, std::size_t end, int) {
    std::vector<float>& part = parts[begin / kGramRows];
    part.resize(width * width);
    std::vector<float> right(width);
    add_normal_equations(rows.row(begin).data(), weights.subspan(begin, end - begin),
                         std::span(ones).first(end - begin), width, part.data(), right.data());
  });
  const auto size = static_cast<Eigen::Index>(dim);
  const auto stride = static_cast<Eigen::Index>(width);
  using View = Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>;
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(size, size);
  for (const std::vector<float>& part : parts) {
    total += View(part.data(), stride, stride).topLeftCorner(size, size).cast<double>();
  }
  total.triangularView<Eigen::StrictlyLower>() = total.transpose();
  return total;
}

// Of the squared residual. Far below what floats of any size that matters can tell, and far above
// those that lose digits.
constexpr float kConverged = 1e-30F;

}  // namespace

GramBasis gram_basis(const Factors& rows, std::span<const float> weights, std::size_t dim,
                     ThreadPool& pool) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram(rows, weights, dim, pool));
  GramBasis basis = {.directions = Factors(rows.dim(), rows.dim()),
                     .squared_lengths = std::vector<float>(rows.dim())};
  for (std::size_t k = 0; k < dim; ++k) {
    const auto column = static_cast<Eigen::Index>(k);
    basis.squared_lengths[k] = std::max(0.0F, static_cast<float>(solver.eigenvalues()[column]));
    for (std::size_t r = 0; r < dim; ++r) {
      basis.directions.row(r)[k] =
          static_cast<float>(solver.eigenvectors()(static_cast<Eigen::Index>(r), column));
    }
  }
  return basis;
}

void turn(const Factors& directions, Factors& rows, ThreadPool& pool) {
  const std::size_t width = rows.dim();
  pool.parallel_for(rows.n_rows(), kTurnRows, [&](std::size_t begin, std::size_t end, int) {
    std::vector<float> turned((end - begin) * width);
    multiply_rows({rows.row(begin).data(), end - begin, width}, directions.view(), turned.data());
    std::ranges::copy(turned, rows.row(begin).data());
  });
}

HalfStep::HalfStep(MatrixView items, std::span<const float> squared_lengths, float unobserved)
    : items_(items), squared_lengths_(squared_lengths), unobserved_(unobserved) {
  COSENO_CHECK(items.dim % kPad == 0 && squared_lengths.size() == items.dim);
}

void HalfStep::set_diagonal(float ridge, Scratch& scratch) const {
  scratch.diagonal.resize(items_.dim);
  for (std::size_t k = 0; k < items_.dim; ++k) {
    scratch.diagonal[k] = unobserved_ * squared_lengths_[k] + ridge;
  }
}

void HalfStep::solve(std::span<const RowWeight> entries, float ridge, Scratch& scratch,
                     std::span<float> out) const {
  scratch.targets.assign(entries.size(), 1.0F);
  solve(entries, scratch.targets, ridge, scratch, out);
}

void HalfStep::solve(std::span<const RowWeight> entries, std::span<const float> targets,
                     float ridge, Scratch& scratch, std::span<float> out) const {
  if (entries.size() < items_.dim) {
    solve_by_entries(entries, targets, ridge, scratch, out);
  } else {
    solve_directly(entries, targets, ridge, scratch, out);
  }
}

// With H: n x dim, row j is h_j, by Woodbury
//
//   w = D^-1 H' z,   (C^-1 + H D^-1 H') z = t
void HalfStep::solve_by_entries(std::span<const RowWeight> entries, std::span<const float> targets,
                                float ridge, Scratch& scratch, std::span<float> out) const {
  std::ranges::fill(out, 0.0F);
  if (entries.empty()) return;
  const std::size_t n = entries.size();
  const std::size_t dim = items_.dim;
  const std::size_t width = padded(n);
  set_diagonal(ridge, scratch);
  for (float& d : scratch.diagonal) d = 1 / d;
  // H': dim x width, so that H D^-1 H' is a sum over its rows.
  scratch.rows.assign(dim * width, 0.0F);
  for (std::size_t j = 0; j < n; ++j) {
    const std::span<const float> item = items_.row(entries[j].row);
    for (std::size_t k = 0; k < dim; ++k) scratch.rows[k * width + j] = item[k];
  }
  scratch.gram.assign(2 * width * width, 0.0F);
  scratch.right.assign(width, 0.0F);
  scratch.zeros.assign(dim, 0.0F);  // no right side yet
  add_normal_equations(scratch.rows.data(), scratch.diagonal, scratch.zeros, width,
                       scratch.gram.data(), scratch.right.data());
  for (std::size_t j = 0; j < n; ++j) {
    scratch.gram[j * width + j] += 1 / entries[j].weight;
    scratch.right[j] = targets[j];
  }
  solve_positive_definite(scratch.gram.data(), n, width, scratch.gram.data() + width * width,
                          scratch.right.data());
  multiply({scratch.rows.data(), dim, width}, scratch.right, out);
  for (std::size_t k = 0; k < dim; ++k) out[k] *= scratch.diagonal[k];
}

void HalfStep::solve_directly(std::span<const RowWeight> entries, std::span<const float> targets,
                              float ridge, Scratch& scratch, std::span<float> out) const {
  const std::size_t dim = items_.dim;
  set_diagonal(ridge, scratch);
  scratch.gram.assign(2 * dim * dim, 0.0F);
  scratch.right.assign(dim, 0.0F);
  for (std::size_t k = 0; k < dim; ++k) scratch.gram[k * dim + k] = scratch.diagonal[k];
  scratch.rows.resize(kGather * dim);
  scratch.weights.resize(kGather);
  for (std::size_t from = 0; from < entries.size(); from += kGather) {
    const std::size_t count = std::min(entries.size() - from, kGather);
    for (std::size_t j = 0; j < count; ++j) {
      std::ranges::copy(items_.row(entries[from + j].row),
                        scratch.rows.begin() + static_cast<std::ptrdiff_t>(j * dim));
      scratch.weights[j] = entries[from + j].weight;
    }
    add_normal_equations(scratch.rows.data(), std::span(scratch.weights).first(count),
                         targets.subspan(from, count), dim, scratch.gram.data(),
                         scratch.right.data());
  }
  solve_positive_definite(scratch.gram.data(), dim, dim, scratch.gram.data() + dim * dim,
                          scratch.right.data());
  std::ranges::copy(scratch.right, out.begin());
}

float HalfStep::improve(std::span<const RowWeight> entries, float ridge, int n_steps,
                        Scratch& scratch, std::span<float> w) const {
  if (entries.empty()) {
    std::ranges::fill(w, 0.0F);
    return 0;
  }
  const std::size_t dim = items_.dim;
  set_diagonal(ridge, scratch);
  std::vector<float>& residual = scratch.residual;
  std::vector<float>& direction = scratch.direction;
  std::vector<float>& image = scratch.image;
  residual.assign(dim, 0.0F);
  direction.resize(dim);
  image.resize(dim);
  const float error = add_residuals(items_, entries, 1, w, residual);
  float norm = 0;
  for (std::size_t k = 0; k < dim; ++k) {
    residual[k] -= scratch.diagonal[k] * w[k];
    direction[k] = residual[k] / scratch.diagonal[k];
    norm += residual[k] * direction[k];
  }
  for (int step = 0; step < n_steps && norm > kConverged; ++step) {
    // image = -A direction
    for (std::size_t k = 0; k < dim; ++k) image[k] = -scratch.diagonal[k] * direction[k];
    add_residuals(items_, entries, 0, direction, image);
    const float length = norm / -dot(direction, image);
    for (std::size_t k = 0; k < dim; ++k) {
      w[k] += length * direction[k];
      residual[k] += length * image[k];
    }
    float next = 0;
    for (std::size_t k = 0; k < dim; ++k) next += residual[k] * residual[k] / scratch.diagonal[k];
    const float turn = next / norm;
    for (std::size_t k = 0; k < dim; ++k) {
      direction[k] = residual[k] / scratch.diagonal[k] + turn * direction[k];
    }
    norm = next;
  }
  return error;
}

}  // namespace coseno
