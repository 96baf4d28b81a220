#include "engine/vectors_request.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "evaluation/auto_model.h"
#include "models/registry.h"
#include "models/vectors.h"

namespace coseno {
namespace {

constexpr std::size_t kMaxModelNameBytes = 64;

// What answers call other parts of a score (coseno/engine.h, Source).
constexpr std::array<std::string_view, 5> kTaken = {"covisitation", "trending", "content",
                                                    "freshness", "boost"};

Result<void> check_size(std::string_view field, std::size_t size, std::size_t n_rows,
                        std::size_t dim) {
  if (size == n_rows * dim) return {};
  return invalid_argument("{} has {} numbers, not {} x {}", field, size, n_rows, dim);
}

Result<void> check_numbers(std::string_view field, std::span<const float> numbers,
                           std::size_t dim) {
  const auto bad = std::ranges::find_if(
      numbers, [](float x) { return !(std::abs(x) <= Vectors::kLargest); });  // NaN too
  if (bad == numbers.end()) return {};
  const auto at = static_cast<std::size_t>(bad - numbers.begin());
  return invalid_argument("{}: number {} of row {} is {}, and must be in [-{:.0f}, {:.0f}]", field,
                          at % dim, at / dim, *bad, Vectors::kLargest, Vectors::kLargest);
}

Result<void> check_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (name.empty() || name.size() > kMaxModelNameBytes || !std::ranges::all_of(name, fits)) {
    return invalid_argument("name must be 1 to {} letters, digits, '_', '-' and '.'",
                            kMaxModelNameBytes);
  }
  if (name == auto_model().name || find_model(name) ||
      std::ranges::find(kTaken, name) != kTaken.end()) {
    return invalid_argument("name: '{}' is the name of something else", name);
  }
  return {};
}

}  // namespace

Result<void> check_vectors(const VectorsRequest& request) {
  if (request.dim < 1 || request.dim > Vectors::kMaxDim) {
    return invalid_argument("dim must be in [1, {}], not {}", Vectors::kMaxDim, request.dim);
  }
  if (request.items.empty()) return invalid_argument("items: there are none");
  COSENO_TRY(
      check_size("item_vectors", request.item_vectors.size(), request.items.size(), request.dim));
  if (!request.item_biases.empty()) {
    COSENO_TRY(check_size("item_biases", request.item_biases.size(), request.items.size(), 1));
  }
  COSENO_TRY(
      check_size("user_vectors", request.user_vectors.size(), request.users.size(), request.dim));
  COSENO_TRY(check_numbers("item_vectors", request.item_vectors, request.dim));
  COSENO_TRY(check_numbers("item_biases", request.item_biases, 1));
  COSENO_TRY(check_numbers("user_vectors", request.user_vectors, request.dim));
  COSENO_TRY(check_name(request.name));
  const Settings settings(request.settings.begin(), request.settings.end());
  if (const Result<void> taken = vectors_model().check(settings); !taken) {
    return invalid_argument("settings: {}", taken.error().message);
  }
  return {};
}

}  // namespace coseno
