#include "deep/training.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <utility>

#include "base/memory.h"
#include "deep/adam.h"
#include "deep/checkpoint.h"
#include "deep/negative_sampler.h"
#include "deep/network.h"
#include "deep/packing.h"
#include "math/kernels.h"

namespace coseno {
namespace {

// Streams of random numbers.
constexpr std::uint64_t kOrder = 1;
constexpr std::uint64_t kStep = 2;
constexpr std::uint64_t kValidation = 3;

constexpr std::size_t kUsersInValidationBatch = 128;
constexpr std::size_t kCutoff = 10;  // of the NDCG

// The least of a history that a user judges by: an item before, one that is learnt, one that is
// held out.
constexpr std::size_t kLeastHistory = 3;

// As models/sasrec_file.cc takes it.
constexpr double kLeastTemperature = 1e-3;

// The rate falls to this share of the first one.
constexpr double kLastRate = 0.01;

template <class T>
void shuffle(std::vector<T>& values, Rng& rng) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[rng.below(i)]);
}

std::size_t to_size(int n) { return static_cast<std::size_t>(n); }

class Training {
 public:
  Training(const Histories& histories, const DeepTrainingOptions& options)
      : histories_(histories),
        options_(options),
        length_(to_size(options.model.length)),
        network_(options.model, histories.n_items),
        adam_(network_.parameters().size()),
        sampler_(histories.n_items, to_size(options.model.negatives)),
        is_judge_(histories.n_users()) {
    choose_judges();
  }

  Result<DeepTraining> run() {
    network_.initialise(options_.seed);
    COSENO_TRY(resume());
    for (; epoch_ < to_size(options_.model.epochs); ++epoch_) {
      COSENO_TRY(run_epoch());
      end_epoch();
      if (!judges_.empty() && epoch_ + 1 - best_.epoch >= to_size(options_.model.patience)) break;
    }
    return std::move(best_);
  }

 private:
  // Their last items judge each epoch, and are not learnt.
  void choose_judges() {
    for (std::size_t u = 0; u < histories_.n_users(); ++u) {
      if (histories_.user(u).size() >= kLeastHistory) judges_.push_back(u);
    }
    Rng rng(options_.seed, kValidation);
    shuffle(judges_, rng);
    judges_.resize(std::min(judges_.size(), to_size(options_.model.validation_users)));
    for (const std::size_t u : judges_) is_judge_[u] = 1;
  }

  // How many events of a user are learnt.
  std::size_t n_learnt(std::size_t u) const {
    return histories_.user(u).size() - (is_judge_[u] != 0 ? 1 : 0);
  }

  // Events [begin, end) of a user, and what follows the last n_asked of them.
  Window window(std::size_t u, std::size_t begin, std::size_t end, std::size_t n_asked) const {
    return {histories_.user(u).subspan(begin, end - begin),
            histories_.user(u).subspan(end + 1 - n_asked, n_asked),
            histories_.times_of(u).subspan(begin, end - begin)};
  }

  // All of each history, in windows that end elsewhere in every epoch, in an order of chance.
  std::vector<Window> windows() const {
    Rng rng(options_.seed, kOrder, epoch_);
    std::vector<Window> windows;
    for (std::size_t u = 0; u < histories_.n_users(); ++u) {
      if (n_learnt(u) < 2) continue;
      const std::size_t n = n_learnt(u) - 1;
      std::size_t end = n <= length_ ? n : 1 + rng.below(length_);
      for (std::size_t begin = 0; begin < n; begin = end, end = std::min(n, end + length_)) {
        windows.push_back(window(u, begin, end, end - begin));
      }
    }
    shuffle(windows, rng);
    return windows;
  }

  double rate(double share) const {
    const double fall = 0.5 * (1 + std::cos(std::numbers::pi * share));
    return options_.model.learning_rate * (kLastRate + (1 - kLastRate) * fall);
  }

  Result<void> run_epoch() {
    const std::vector<Window> windows = this->windows();
    for (; window_ < windows.size(); window_ += to_size(options_.model.batch)) {
      if (options_.interrupted()) return stop();
      const std::size_t n = std::min(to_size(options_.model.batch), windows.size() - window_);
      const double share = static_cast<double>(window_) / static_cast<double>(windows.size());
      step(std::span(windows).subspan(window_, n), static_cast<double>(epoch_) + share);
      tell(share);
    }
    window_ = 0;
    return {};
  }

  void step(std::span<const Window> windows, double epochs_done) {
    Rng rng(options_.seed, kStep, adam_.n_steps());
    const PackedBatch batch = pack(windows, length_);
    const Negatives negatives = sampler_.draw(rng);
    const double loss = network_.add_gradients(batch, negatives, rng);
    loss_ += loss * static_cast<double>(batch.asked.size());
    n_positions_ += batch.asked.size();
    adam_.step(rate(epochs_done / options_.model.epochs), network_.parameters(),
               network_.gradients());
  }

  void end_epoch() {
    const double ndcg = validate();
    if (ndcg > best_.ndcg || best_.epoch == 0 || judges_.empty()) {
      best_.ndcg = ndcg;
      best_.epoch = epoch_ + 1;
      best_.parameters.assign(network_.parameters().begin(), network_.parameters().end());
    }
    last_loss_ = loss_ / static_cast<double>(std::max<std::uint64_t>(n_positions_, 1));
    last_ndcg_ = ndcg;
    loss_ = 0;
    n_positions_ = 0;
    tell(1);
  }

  void tell(double share) {
    options_.progress({.epochs = static_cast<double>(epoch_) + share,
                       .loss = last_loss_,
                       .ndcg = last_ndcg_,
                       .best_ndcg = best_.ndcg});
  }

  // NDCG@10 of the items that are held out.
  double validate() {
    double sum = 0;
    for (std::size_t begin = 0; begin < judges_.size(); begin += kUsersInValidationBatch) {
      const std::size_t n = std::min(kUsersInValidationBatch, judges_.size() - begin);
      sum += gain(std::span(judges_).subspan(begin, n));
    }
    return judges_.empty() ? 0 : sum / static_cast<double>(judges_.size());
  }

  double gain(std::span<const std::size_t> users) {
    std::vector<Window> windows;
    for (const std::size_t u : users) {
      windows.push_back(window(u, n_learnt(u) - std::min(n_learnt(u), length_), n_learnt(u), 1));
    }
    const std::size_t n_items = histories_.n_items;
    std::vector<float> scores(users.size() * n_items);
    network_.scores(pack(windows, length_), scores);
    double sum = 0;
    for (std::size_t i = 0; i < users.size(); ++i) {
      const std::span row = std::span(scores).subspan(i * n_items, n_items);
      const float score = row[windows[i].next.front()];
      for (const std::uint32_t seen : histories_.user(users[i]).first(n_learnt(users[i]))) {
        row[seen] = -INFINITY;
      }
      // Of equal scores the others come first.
      const auto n_above = static_cast<std::size_t>(
          std::ranges::count_if(row, [&](float other) { return other >= score; }));
      if (n_above <= kCutoff) sum += 1 / std::log2(static_cast<double>(n_above) + 1);
    }
    return sum;
  }

  // Which training it is: everything that decides what comes out.
  std::string about() const {
    SasrecOptions decisive = options_.model;
    decisive.checkpoint.clear();
    decisive.threads = 1;
    std::string text = fmt::format("{} users, {} items, {} events, seed {}", histories_.n_users(),
                                   histories_.n_items, histories_.items.size(), options_.seed);
    for (const auto& [name, value] : to_settings(SasrecOptions::fields(), decisive)) {
      text += fmt::format(", {}={}", name, value);
    }
    return text;
  }

  Result<void> resume() {
    const std::string& path = options_.model.checkpoint;
    if (path.empty() || !std::filesystem::exists(path)) return {};
    COSENO_ASSIGN(checkpoint, read_checkpoint(path));
    const std::size_t n = network_.parameters().size();
    if (checkpoint.about != about() || checkpoint.parameters.size() != n) {
      return make_error(ErrorCode::conflict, "{}: is of another training ({})", path,
                        checkpoint.about);
    }
    std::ranges::copy(checkpoint.parameters, network_.parameters().begin());
    std::ranges::copy(checkpoint.mean, adam_.mean().begin());
    std::ranges::copy(checkpoint.square, adam_.square().begin());
    adam_.set_n_steps(checkpoint.n_steps);
    best_ = {.parameters = std::move(checkpoint.best),
             .epoch = checkpoint.best_epoch,
             .ndcg = checkpoint.best_ndcg};
    epoch_ = checkpoint.epoch;
    window_ = checkpoint.window;
    loss_ = checkpoint.loss;
    n_positions_ = checkpoint.n_positions;
    return {};
  }

  Result<void> stop() {
    if (!options_.model.checkpoint.empty()) {
      const auto vector = [](std::span<const float> values) {
        return std::vector<float>(values.begin(), values.end());
      };
      COSENO_TRY(write_checkpoint({.about = about(),
                                   .n_steps = adam_.n_steps(),
                                   .epoch = epoch_,
                                   .window = window_,
                                   .loss = loss_,
                                   .n_positions = n_positions_,
                                   .best_ndcg = best_.ndcg,
                                   .best_epoch = best_.epoch,
                                   .parameters = vector(network_.parameters()),
                                   .mean = vector(adam_.mean()),
                                   .square = vector(adam_.square()),
                                   .best = best_.parameters},
                                  options_.model.checkpoint));
    }
    return make_error(ErrorCode::cancelled, "cancelled");
  }

  const Histories& histories_;
  const DeepTrainingOptions& options_;
  std::size_t length_;
  SequenceNetwork network_;
  Adam adam_;
  NegativeSampler sampler_;
  std::vector<std::size_t> judges_;
  std::vector<char> is_judge_;  // of each user
  std::uint64_t epoch_ = 0;
  std::size_t window_ = 0;  // of this epoch's, the next
  double loss_ = 0;         // sum over the positions of this epoch
  std::uint64_t n_positions_ = 0;
  double last_loss_ = 0;  // of the epoch before
  double last_ndcg_ = 0;
  DeepTraining best_;
};

// Of a training, about: five copies of the parameters; of a batch, what each step of the network
// keeps for its gradient, and the scores.
double needed_bytes(const Histories& histories, const SasrecOptions& options) {
  const auto n_items = static_cast<double>(histories.n_items);
  const double length = options.length;
  const auto n_events = static_cast<double>(histories.items.size());
  const double n_positions = std::min(options.batch * length, n_events);
  const double n_scored = options.negatives == 0 ? n_items : options.negatives;
  const double of_attention = (options.intervals ? 8.0 : 6.0) * options.heads * length;
  const double of_position =
      options.blocks * (12.0 * options.dim + 3.0 * options.hidden + of_attention) +
      (options.intervals ? 2 * length : 0) + 4 * n_scored;
  const double of_judges = kUsersInValidationBatch * n_items;
  const auto n = static_cast<double>(n_parameters(sasrec_shape(options, histories.n_items)));
  return sizeof(float) * (5 * n + n_positions * of_position + of_judges);
}

}  // namespace

Result<DeepTraining> train_deep(const Histories& histories, const DeepTrainingOptions& options) {
  if (options.model.dim % options.model.heads != 0) {
    return invalid_argument("heads={} does not divide dim={}", options.model.heads,
                            options.model.dim);
  }
  const double temperature = options.model.temperature;
  if (temperature > 0 && temperature < kLeastTemperature) {
    return invalid_argument("temperature must be 0 or at least {}, not {}", kLeastTemperature,
                            temperature);
  }
  const double needed = needed_bytes(histories, options.model);
  const auto available = available_memory_bytes();
  if (available && needed > *available) {
    return make_error(
        ErrorCode::unavailable,
        "training takes about {:.1f} GB, and there are {:.1f} GB; a smaller dim, batch "
        "or negatives takes less",
        needed / 1e9, *available / 1e9);
  }
  Training training(histories, options);
  return training.run();
}

}  // namespace coseno
