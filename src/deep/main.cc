// coseno-train-deep: trains a sasrec on histories in a file. models/deep_trainer.h has what it says
// to who runs it.

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "deep/network.h"
#include "deep/training.h"
#include "math/blas.h"
#include "models/deep_trainer.h"
#include "models/sasrec_file.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

using Clock = std::chrono::steady_clock;

// A line of progress is written this often at most.
constexpr std::chrono::milliseconds kBetweenLines{100};

struct Arguments {
  std::string histories;
  std::string out;
  std::uint64_t seed = 1;
  std::vector<std::string> set;
};

Result<SasrecOptions> options_of(const std::vector<std::string>& set) {
  Settings settings;
  for (const std::string& one : set) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos) return invalid_argument("--set {}: is not NAME=VALUE", one);
    settings[one.substr(0, equals)] = one.substr(equals + 1);
  }
  return apply_settings(kSasrecName, SasrecOptions::fields(), settings);
}

// A thousand lines' worth of epochs, as whole numbers.
constexpr double kParts = 1000;

class ProgressLines {
 public:
  explicit ProgressLines(int n_epochs) : n_epochs_(n_epochs) {}

  void tell(const DeepTrainingProgress& progress) {
    const auto now = Clock::now();
    if (now - last_ < kBetweenLines) return;
    last_ = now;
    std::string note = fmt::format("epoch {}", static_cast<int>(progress.epochs) + 1);
    if (progress.ndcg > 0) {
      note += fmt::format(", ndcg {:.4f}, best {:.4f}", progress.ndcg, progress.best_ndcg);
    }
    fmt::print("{} {} {}\n", static_cast<std::uint64_t>(progress.epochs * kParts),
               static_cast<std::uint64_t>(n_epochs_ * kParts), note);
    std::fflush(stdout);
  }

 private:
  int n_epochs_;
  Clock::time_point last_;
};

Result<void> train(const Arguments& arguments) {
  COSENO_ASSIGN(model, options_of(arguments.set));
  COSENO_ASSIGN(histories, read_histories(arguments.histories));
  if (histories.items.empty()) return invalid_argument("there are no events to learn from");
  set_torch_threads(model.threads);
  ProgressLines lines(model.epochs);
  COSENO_ASSIGN(trained,
                train_deep(histories, {.model = model,
                                       .seed = arguments.seed,
                                       .progress = [&](const auto& now) { lines.tell(now); },
                                       .interrupted = interrupted}));
  const SasrecShape shape = sasrec_shape(model, histories.n_items);
  const auto rest = std::span(trained.parameters).subspan(shape.n_items * shape.dim);
  const auto n_embeddings = static_cast<std::ptrdiff_t>(shape.n_items * shape.dim);
  TensorFileWriter file;
  add_sasrec(shape, static_cast<float>(model.temperature),
             {trained.parameters.begin(), trained.parameters.begin() + n_embeddings}, rest, file);
  file.set_metadata("sasrec.epoch", fmt::format("{}", trained.epoch));
  file.set_metadata("sasrec.ndcg", fmt::format("{:.6f}", trained.ndcg));
  return file.write(arguments.out);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::cancelled:
      return kDeepCancelled;
    case ErrorCode::unavailable:
      return kDeepNoMemory;
    case ErrorCode::invalid_argument:
      return kDeepWrongUse;
    default:
      return kDeepFailed;
  }
}

int run(int argc, char** argv) {
  handle_signals();  // who reads the progress is gone: then nobody wants the model
  CLI::App app("Trains the model sasrec of coseno on a file of histories, with LibTorch");
  Arguments arguments;
  app.add_option("HISTORIES", arguments.histories, "Histories (docs/formats.md)")->required();
  app.add_option("--out", arguments.out, "The safetensors file to write")->required();
  app.add_option("--seed", arguments.seed, "Of all random numbers");
  app.add_option("--set", arguments.set, "An option of sasrec, NAME=VALUE (coseno models sasrec)")
      ->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  const Result<void> done = train(arguments);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return status_of(done.error().code);
}

}  // namespace
}  // namespace coseno

int main(int argc, char** argv) {
  // OpenBLAS comes with LibTorch, before main, with the kernels that it then takes for good.
  coseno::start_again_with_blas_kernels(argv);
  try {
    return coseno::run(argc, argv);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "memory is out\n");
    return coseno::kDeepNoMemory;
  } catch (const std::exception& error) {
    const std::string_view what = error.what();
    // LibTorch's allocator throws an error of its own; the lines after the first are a stack trace.
    const bool is_memory = what.contains("allocate memory");
    fmt::print(stderr, "{}\n", what.substr(0, what.find('\n')));
    return is_memory ? coseno::kDeepNoMemory : coseno::kDeepFailed;
  }
}
