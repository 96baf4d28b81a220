// Large dense products and factorisations by OpenBLAS, loaded on demand.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace coseno {

// The few routines that we need of OpenBLAS, on square or rectangular tiles of float32, row after
// row; row i of a matrix with stride s begins at element i s.
//
// Loaded at the first use rather than linked, because it takes its kernels when it is loaded, and
// on a processor that is newer than itself it silently takes those of SSE3: a fifth of the speed.
// So the kernels are chosen for it first, by what the processor can do (OPENBLAS_CORETYPE:
// SkylakeX with AVX-512, Haswell with AVX2), unless the user has set that variable.
//
// Every routine runs on the thread that calls it, whoever calls: OpenBLAS would cut a product
// differently for each number of threads, and then the last bits depend on it. Callers run tiles
// of fixed size side by side instead. Thread-safe.
class Blas {
 public:
  // The one of the process. Errors: unavailable where OpenBLAS is not installed.
  static Result<const Blas*> load();

  // The kernels that it runs: "SkylakeX".
  std::string_view core_name() const { return core_name_; }

  // C += scale A B', C: m x n, A: m x depth, B: n x depth, all of one stride.
  void add_product(std::size_t m, std::size_t n, std::size_t depth, std::size_t stride, float scale,
                   const float* a, const float* b, float* c) const;
  // The lower triangle of C += scale A A', C: n x n, A: n x depth.
  void add_square(std::size_t n, std::size_t depth, std::size_t stride, float scale, const float* a,
                  float* c) const;
  // The lower triangle of A (n x n) becomes L, A = L L'. False where A is not positive definite.
  bool cholesky(std::size_t n, std::size_t stride, float* a) const;
  // The lower triangle of L becomes that of (L L')^-1.
  void inverse_from_cholesky(std::size_t n, std::size_t stride, float* l) const;
  // B (m x n) becomes B L'^-1 or B L^-1, L: n x n, lower.
  void solve_transposed(std::size_t m, std::size_t n, std::size_t stride, const float* l,
                        float* b) const;
  void solve(std::size_t m, std::size_t n, std::size_t stride, const float* l, float* b) const;

 private:
  // As cblas.h and LAPACK declare them; 32-bit sizes are those of a tile.
  using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                         float alpha, const float* a, int lda, const float* b, int ldb, float beta,
                         float* c, int ldc);
  using Ssyrk = void (*)(int order, int uplo, int transpose, int n, int k, float alpha,
                         const float* a, int lda, float beta, float* c, int ldc);
  using Strsm = void (*)(int order, int side, int uplo, int transpose, int diagonal, int m, int n,
                         float alpha, const float* a, int lda, float* b, int ldb);
  using Factor = void (*)(const char* uplo, const int* n, float* a, const int* lda, int* info);

  static Result<Blas> open();

  Sgemm sgemm_ = nullptr;
  Ssyrk ssyrk_ = nullptr;
  Strsm strsm_ = nullptr;
  Factor spotrf_ = nullptr;
  Factor spotri_ = nullptr;
  std::string_view core_name_;
};

// For a program that has OpenBLAS linked to it, as LibTorch does, and so loaded before it can
// choose: starts the program again with the kernels chosen. Returns where they were already, or
// where that fails. First thing in main(); `arguments`: argv.
void start_again_with_blas_kernels(char** arguments);

}  // namespace coseno
