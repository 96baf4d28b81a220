// The best k of many vectors by inner product with one: makes the data, and answers.
//
//   scan_bench make even|uneven N_VECTORS N_QUERIES FOLDER   writes vectors.f32 and queries.f32
//   scan_bench truth FOLDER                                  the answers in double precision
//   scan_bench codes|float32 FOLDER                          the answers of coseno
//
// Answers are printed as {"ms": [a query], "bytes": a vector, "lists": [[row, ...], ...]}.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "math/kernels.h"
#include "math/top_k.h"
#include "retrieval/exact_retriever.h"

namespace {

constexpr std::size_t kDim = 128;
constexpr std::size_t kK = 10;
// Untimed: memory and clock of the processor get going.
constexpr std::size_t kWarmUps = 10;

using coseno::Factors;
using coseno::Scored;

// --- data
// -----------------------------------------------------------------------------------------

// One value after the other by the normal distribution; the vector of a stream's unit is always the
// same.
void draw(std::uint64_t stream, std::size_t unit, bool is_even, std::span<float> out) {
  coseno::Rng rng(1, stream, unit);
  boost::random::normal_distribution<double> normal;
  // Uneven, as fitted factors are: lengths differ tenfold and more, and axes by their rank.
  const double length = is_even ? 1 : std::exp(0.7 * normal(rng));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double axis = is_even ? 1 : 1 / std::sqrt(static_cast<double>(i + 1));
    out[i] = static_cast<float>(normal(rng) * length * axis);
  }
}

bool write_vectors(const std::string& path, std::uint64_t stream, std::size_t n, bool is_even) {
  std::ofstream file(path, std::ios::binary);
  std::vector<float> vector(kDim);
  for (std::size_t i = 0; i < n; ++i) {
    draw(stream, i, is_even, vector);
    file.write(reinterpret_cast<const char*>(vector.data()), kDim * sizeof(float));
  }
  file.close();
  return !file.fail();
}

Factors read_vectors(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  Factors vectors(static_cast<std::size_t>(file.tellg()) / (kDim * sizeof(float)), kDim);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(vectors.values().data()),
            static_cast<std::streamsize>(vectors.values().size_bytes()));
  return vectors;
}

// --- answers
// --------------------------------------------------------------------------------------

using Answer = std::function<std::span<const Scored>(std::span<const float> query)>;

void answer(const Factors& queries, double bytes_a_vector, const Answer& top) {
  std::vector<double> ms;
  std::vector<std::vector<std::uint32_t>> lists;
  for (std::size_t i = 0; i < kWarmUps; ++i) top(queries.row(i % queries.n_rows()));
  for (std::size_t i = 0; i < queries.n_rows(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::span<const Scored> best = top(queries.row(i));
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                     .count());
    std::vector<std::uint32_t>& list = lists.emplace_back();
    for (const Scored& scored : best) list.push_back(scored.index);
  }
  fmt::print("{{\"ms\": {}, \"bytes\": {}, \"lists\": {}}}\n", ms, bytes_a_vector, lists);
}

void answer_by_codes(const Factors& vectors, const Factors& queries) {
  const coseno::ExactRetriever retriever(vectors.view());
  coseno::ExactRetriever::Scratch scratch;
  const std::size_t bytes = retriever.size_bytes() + vectors.values().size_bytes();
  answer(queries, static_cast<double>(bytes) / static_cast<double>(vectors.n_rows()),
         [&](std::span<const float> query) { return retriever.top({query, kK}, scratch); });
}

void answer_by_float32(const Factors& vectors, const Factors& queries) {
  std::vector<float> scores(vectors.n_rows());
  std::vector<Scored> best;
  answer(queries, kDim * sizeof(float), [&](std::span<const float> query) {
    coseno::multiply(vectors.view(), query, scores);
    best = coseno::top_k(scores, kK);
    return std::span<const Scored>(best);
  });
}

// By none of the kernels that are judged.
void answer_in_double(const Factors& vectors, const Factors& queries) {
  std::vector<Scored> best;
  answer(queries, 0, [&](std::span<const float> query) {
    std::vector<std::pair<double, std::uint32_t>> scores(vectors.n_rows());
    for (std::size_t row = 0; row < vectors.n_rows(); ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < kDim; ++i) {
        sum += static_cast<double>(query[i]) * vectors.row(row)[i];
      }
      scores[row] = {-sum, static_cast<std::uint32_t>(row)};
    }
    const auto kth = scores.begin() + static_cast<std::ptrdiff_t>(std::min(kK, scores.size()));
    std::ranges::partial_sort(scores, kth);
    best.clear();
    std::for_each(scores.begin(), kth, [&](const auto& score) {
      best.push_back({score.second, static_cast<float>(-score.first)});
    });
    return std::span<const Scored>(best);
  });
}

int fail(std::string_view why) {
  fmt::print(stderr, "scan_bench: {}\n", why);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 5 && words[0] == "make") {
    const bool is_even = words[1] == "even";
    const bool written =
        write_vectors(words[4] + "/vectors.f32", 1, std::stoul(words[2]), is_even) &&
        write_vectors(words[4] + "/queries.f32", 2, std::stoul(words[3]), is_even);
    return written ? 0 : fail("cannot write to " + words[4]);
  }
  if (words.size() != 2) return fail("see the top of bench/scan.cc for its arguments");
  const Factors vectors = read_vectors(words[1] + "/vectors.f32");
  const Factors queries = read_vectors(words[1] + "/queries.f32");
  if (vectors.n_rows() == 0 || queries.n_rows() == 0) return fail("no vectors in " + words[1]);
  if (words[0] == "codes") {
    answer_by_codes(vectors, queries);
  } else if (words[0] == "float32") {
    answer_by_float32(vectors, queries);
  } else if (words[0] == "truth") {
    answer_in_double(vectors, queries);
  } else {
    return fail("no way '" + words[0] + "' to answer");
  }
  return 0;
}
