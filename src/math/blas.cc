#include "math/blas.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

#include "base/check.h"

namespace coseno {
namespace {

constexpr const char* kLibrary = "libopenblas.so.0";
constexpr const char* kCoreType = "OPENBLAS_CORETYPE";
constexpr const char* kThreads = "OPENBLAS_NUM_THREADS";

// The numbers of cblas.h.
constexpr int kRowMajor = 101;
constexpr int kAsIs = 111;
constexpr int kTransposed = 112;
constexpr int kLower = 122;
constexpr int kNonUnit = 131;
constexpr int kRight = 142;

// LAPACK counts columns first, so that our lower triangle is its upper one.
constexpr const char* kLapackLower = "U";

// What OpenBLAS calls the kernels for this processor; empty: it may choose itself.
const char* core_type() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return "";
}

// Sets a variable of the environment for as long as it lives, where it is not set already.
class Environment {
 public:
  Environment(const char* name, const char* value)
      : name_(name), is_ours_(*value != '\0' && std::getenv(name) == nullptr) {
    if (is_ours_) ::setenv(name, value, 0);
  }
  ~Environment() {
    if (is_ours_) ::unsetenv(name_);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  bool is_ours_;
};

template <class Function>
Result<void> find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function != nullptr) return {};
  return make_error(ErrorCode::unavailable, "{} has no function '{}'", kLibrary, name);
}

}  // namespace

void start_again_with_blas_kernels(char** arguments) {
  const char* const kernels = core_type();
  if (*kernels == '\0' || std::getenv(kCoreType) != nullptr) return;
  ::setenv(kCoreType, kernels, 0);
  ::execv("/proc/self/exe", arguments);
}

Result<const Blas*> Blas::load() {
  static const Result<Blas> one = open();
  if (!one) return std::unexpected(one.error());
  return &*one;
}

Result<Blas> Blas::open() {
  void* library = nullptr;
  {
    const Environment cores(kCoreType, core_type());
    const Environment threads(kThreads, "1");  // it starts none that would only wait
    library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) {
    return make_error(ErrorCode::unavailable,
                      "{} cannot be loaded (install OpenBLAS: Debian's libopenblas0-pthread)",
                      kLibrary);
  }
  Blas blas;
  void (*set_n_threads)(int) = nullptr;
  char* (*core_name)() = nullptr;
  COSENO_TRY(find(library, "cblas_sgemm", blas.sgemm_));
  COSENO_TRY(find(library, "cblas_ssyrk", blas.ssyrk_));
  COSENO_TRY(find(library, "cblas_strsm", blas.strsm_));
  COSENO_TRY(find(library, "spotrf_", blas.spotrf_));
  COSENO_TRY(find(library, "spotri_", blas.spotri_));
  COSENO_TRY(find(library, "openblas_set_num_threads", set_n_threads));
  COSENO_TRY(find(library, "openblas_get_corename", core_name));
  set_n_threads(1);
  blas.core_name_ = core_name();
  return blas;
}

void Blas::add_product(std::size_t m, std::size_t n, std::size_t depth, std::size_t stride,
                       float scale, const float* a, const float* b, float* c) const {
  const auto ld = static_cast<int>(stride);
  sgemm_(kRowMajor, kAsIs, kTransposed, static_cast<int>(m), static_cast<int>(n),
         static_cast<int>(depth), scale, a, ld, b, ld, 1, c, ld);
}

void Blas::add_square(std::size_t n, std::size_t depth, std::size_t stride, float scale,
                      const float* a, float* c) const {
  const auto ld = static_cast<int>(stride);
  ssyrk_(kRowMajor, kLower, kAsIs, static_cast<int>(n), static_cast<int>(depth), scale, a, ld, 1, c,
         ld);
}

bool Blas::cholesky(std::size_t n, std::size_t stride, float* a) const {
  const auto size = static_cast<int>(n);
  const auto ld = static_cast<int>(stride);
  int info = 0;
  spotrf_(kLapackLower, &size, a, &ld, &info);
  COSENO_CHECK(info >= 0);
  return info == 0;
}

void Blas::inverse_from_cholesky(std::size_t n, std::size_t stride, float* l) const {
  const auto size = static_cast<int>(n);
  const auto ld = static_cast<int>(stride);
  int info = 0;
  spotri_(kLapackLower, &size, l, &ld, &info);
  COSENO_CHECK(info == 0);
}

void Blas::solve_transposed(std::size_t m, std::size_t n, std::size_t stride, const float* l,
                            float* b) const {
  const auto ld = static_cast<int>(stride);
  strsm_(kRowMajor, kRight, kLower, kTransposed, kNonUnit, static_cast<int>(m), static_cast<int>(n),
         1, l, ld, b, ld);
}

void Blas::solve(std::size_t m, std::size_t n, std::size_t stride, const float* l, float* b) const {
  const auto ld = static_cast<int>(stride);
  strsm_(kRowMajor, kRight, kLower, kAsIs, kNonUnit, static_cast<int>(m), static_cast<int>(n), 1, l,
         ld, b, ld);
}

}  // namespace coseno
