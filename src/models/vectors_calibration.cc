#include "models/vectors_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "math/kernels.h"

namespace coseno {
namespace {

constexpr std::size_t kMostUsers = 256;
constexpr std::size_t kLeastUsers = 16;
// Multiplications of one look at all users: about a second of a core.
constexpr double kMostWork = 3e9;
constexpr std::size_t kCalibratedInBlock = 4;

// Of the mean squared length of the items' vectors, in powers of 10.
constexpr double kLeastRidge = -4;
constexpr double kMostRidge = 3;
// In powers of 10; beside them 0.
constexpr double kLeastUnobserved = -4;
constexpr double kMostUnobserved = 0;

constexpr double kFirstPower = 0.5;
constexpr double kLastPower = 1.0 / 16;

// Three digits: what is found stands in reports and files.
double rounded(double x) { return std::strtod(fmt::format("{:.3g}", x).c_str(), nullptr); }

double power_of_10(double exponent) { return rounded(std::pow(10, exponent)); }

double ridge(double scale, double exponent) {
  return std::clamp(rounded(scale * std::pow(10, exponent)), 1e-9, 1e9);
}

// Multiplications of a fold-in (models/half_step.h).
double work_of(const Vectors& model, const TrainedUser& user) {
  const auto n = static_cast<double>(user.history.size());
  const auto dim = static_cast<double>(model.dim());
  const double narrow = std::min(n, dim);
  return n * dim * narrow / 2 + narrow * narrow * narrow / 3;
}

std::vector<TrainedUser> judges(const Vectors& model, std::span<const TrainedUser> users) {
  std::vector<TrainedUser> telling;
  std::ranges::copy_if(users, std::back_inserter(telling),
                       [&](const TrainedUser& user) { return tells(model, user); });
  std::vector<TrainedUser> some;
  const std::size_t n = std::min(kMostUsers, telling.size());
  double all_work = 0;
  for (std::size_t i = 0; i < n; ++i) all_work += work_of(model, telling[i * telling.size() / n]);
  const double share = std::min(1.0, kMostWork / std::max(all_work, 1.0));
  const auto n_taken =
      std::max(std::min(kLeastUsers, n), static_cast<std::size_t>(share * static_cast<double>(n)));
  for (std::size_t i = 0; i < n_taken; ++i) some.push_back(telling[i * telling.size() / n_taken]);
  return some;
}

class Search {
 public:
  Search(const Vectors& model, std::vector<TrainedUser> users, const Settings& fixed,
         ThreadPool& pool, Progress& progress)
      : model_(model), users_(std::move(users)), fixed_(fixed), pool_(pool), progress_(progress) {}

  Result<VectorsCalibration> run() {
    const std::vector<Vectors::Options> likely = likely_options(model_, fixed_);
    best_ = {likely.front(), -2};
    for (std::size_t n = 0; n < likely.size(); ++n) {
      progress_.report("calibrating", n, likely.size(),
                       fmt::format("cosine {:.4f}", best_.agreement));
      if (progress_.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
      take(likely[n]);
    }
    for (double step = kFirstPower; step >= kLastPower; step /= 2) {
      while (climb(std::pow(10, step))) {
        if (progress_.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
      }
    }
    return best_;
  }

 private:
  // True where it is better than the best.
  bool take(const Vectors::Options& options) {
    const double found = agreement(model_, users_, options, pool_);
    if (found <= best_.agreement) return false;
    best_ = {options, found};
    return true;
  }

  bool climb(double factor) {
    bool has_moved = false;
    for (double Vectors::Options::* const number :
         {&Vectors::Options::regularization, &Vectors::Options::unobserved}) {
      const bool is_ridge = number == &Vectors::Options::regularization;
      if (fixed_.contains(is_ridge ? "regularization" : "unobserved")) continue;
      if (!is_ridge && best_.options.form == Vectors::kExplicit) continue;
      for (const double by : {factor, 1 / factor}) {
        Vectors::Options options = best_.options;
        options.*number =
            std::clamp(rounded(options.*number * by), is_ridge ? 1e-9 : 0.0, is_ridge ? 1e9 : 1e3);
        if (options.*number != best_.options.*number) has_moved |= take(options);
      }
    }
    return has_moved;
  }

  const Vectors& model_;
  std::vector<TrainedUser> users_;
  const Settings& fixed_;
  ThreadPool& pool_;
  Progress& progress_;
  VectorsCalibration best_;
};

}  // namespace

bool tells(const Vectors& model, const TrainedUser& user) {
  return dot(user.vector, user.vector) > 0 &&
         std::ranges::any_of(user.history,
                             [&](const Interaction& act) { return model.has_vector(act.item); });
}

double agreement(const Vectors& model, std::span<const TrainedUser> users,
                 const Vectors::Options& options, ThreadPool& pool) {
  std::vector<double> cosines(users.size());
  std::vector<char> counts(users.size());
  pool.parallel_for(users.size(), kCalibratedInBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t u = begin; u < end; ++u) {
      if (!tells(model, users[u])) continue;
      counts[u] = 1;
      const std::vector<float> vector = model.fold_in({.history = users[u].history}, options);
      const std::span<const float> folded = std::span(vector).first(model.dim());
      const std::span<const float> given = users[u].vector.first(model.dim());
      const double lengths =
          std::sqrt(static_cast<double>(dot(folded, folded)) * dot(given, given));
      if (lengths > 0) cosines[u] = dot(folded, given) / lengths;
    }
  });
  const auto n = std::ranges::count(counts, 1);
  if (n == 0) return 0;
  return std::accumulate(cosines.begin(), cosines.end(), 0.0) / static_cast<double>(n);
}

std::vector<Vectors::Options> likely_options(const Vectors& model, const Settings& fixed) {
  // Checked by the caller, as the header asks.
  const Vectors::Options set =
      apply_settings<Vectors::Options>(Vectors::kName, Vectors::fields(), fixed).value();
  std::vector<double> unobserved = {0};
  for (double e = kLeastUnobserved; e <= kMostUnobserved; ++e) unobserved.push_back(power_of_10(e));
  std::vector<std::string_view> forms = {Vectors::kImplicit};
  if (model.knows_ratings()) forms.push_back(Vectors::kExplicit);
  const double scale = std::max(model.mean_squared_length(), 1e-4);
  std::vector<Vectors::Options> likely;
  for (const std::string_view form : forms) {
    for (double e = kLeastRidge; e <= kMostRidge; ++e) {
      for (const double a : unobserved) {
        for (const bool centred : {true, false}) {
          Vectors::Options options = set;
          if (!fixed.contains("form")) options.form = form;
          if (!fixed.contains("regularization")) options.regularization = ridge(scale, e);
          // What the form does not use stays as it is, so that nothing is tried twice.
          const bool is_explicit = options.form == Vectors::kExplicit;
          if (!is_explicit && !fixed.contains("unobserved")) options.unobserved = a;
          if (is_explicit && !fixed.contains("centred")) options.centred = centred;
          if (std::ranges::find(likely, options) == likely.end()) likely.push_back(options);
        }
      }
    }
  }
  return likely;
}

Result<VectorsCalibration> calibrate(const Vectors& model, std::span<const TrainedUser> users,
                                     const Settings& fixed, ThreadPool& pool, Progress& progress) {
  return Search(model, judges(model, users), fixed, pool, progress).run();
}

}  // namespace coseno
