// What sessions like yours went on with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/act_weights.h"
#include "models/model.h"
#include "models/options.h"
#include "models/session_index.h"

namespace coseno {

class TensorFile;

// Nearest neighbours among past sessions, the order of acts and their times counting. A session is
// a user's history, or a part of it (session_gap_hours). c: the session asked for, n: a past one,
// each item at its last place:
//
//   near(c, n) = age(n) |n|^-b sum over shared items i of w_i(c) w_i(n) idf_i d(steps from c's end)
//   score(i)   = sum over the K nearest n of near(c, n) w_i(n) idf_i e(n) f(|p_i - p*|)
//   idf_i      = 1 + idf ln(n_sessions / n_sessions with i)
//   age(n)     = 2^(-days that n is older than c's last act / half_life_days)
//   f(steps)   = exp(-steps / position)
//
// p_i: the place of i in n; p*: that of the item shared with c that c had last. By `weighting`
//
//   stan    d(s) = exp(-s / recency),  e = 1
//   vsknn   d(s) = 1 - s / |c|,        e(n) = 1 / (1 + steps from c's end to the item of p*)
//
// Only the `sample` newest sessions that share an item with c are looked at. Of c the newest 50
// items count. w: weights of acts (models/act_weights.h), so what was rated badly says less.
//
// Source: Ludewig and Jannach, UMUAI 2018, VS-KNN (vsknn); Garg et al., SIGIR 2019, STAN. Where we
// depart: b, idf and the position's decay are options of both, each turned off by 0; VS-KNN has
// e(n) = 1 - s / 10 there and no age, STAN no idf. The merge of lists by time is that of
// Kersbergen, Sprangers and Schelter, SIGMOD 2022 (Serenade).
class SessionKnn final : public Model {
 public:
  static constexpr std::string_view kName = "session_knn";

  struct Options {
    // Chosen on YooChoose (train_tr and train_valid of the sample of 100,000 clicks, NDCG@20 of
    // every next click: 0.428; of those on items new to the session: 0.294) and MovieLens 100K
    // (ua.base, NDCG@10 of each user's last: 0.085). Behind each, the three with another value.
    int neighbours = 500;            // 100: 0.427, 0.287, 0.083
    int sample = 1000;               // 200: 0.426, 0.290, 0.064
    std::string weighting = "stan";  // vsknn: 0.428, 0.295, 0.091
    double recency = 1;              // 0.5: 0.433, 0.295, 0.082; 3: 0.415, 0.286, 0.083
    double position = 4;             // 0: 0.424, 0.291, 0.061; 10: 0.427, 0.294, 0.087
    double half_life_days = 0;       // 10: 0.429, 0.295, 0.079
    double session_length = 0.2;     // 0: 0.428, 0.293, 0.087; 0.5: 0.427, 0.292, 0.082
    double idf = 1.5;                // 0: 0.421, 0.286, 0.071; 3: 0.429, 0.294, 0.087
    double session_gap_hours = 0;    // 24: the same; for histories of many visits
    double rating_weight = 0.1;      // 0.35: the third 0.082
  };
  static std::span<const OptionField<Options>> fields();

  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return popularity_.size(); }

  // Items of no neighbour are ordered by popularity. Cost: n_items, `sample` times the items of the
  // history, and the neighbours' items.
  void score(const Profile& profile, std::span<float> out) const override;

  // What a history of `item` alone gets.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;

  void save(TensorFileWriter& file) const override;

 private:
  // Of the options, what scoring needs.
  struct Scoring {
    std::size_t neighbours;
    std::size_t sample;
    bool is_stan;
    float recency;
    float position;
    float half_life_days;
    float session_length;
    float idf;
  };
  struct Neighbour {
    std::uint32_t session;
    std::uint32_t act;  // p*
    float nearness;     // with e(n)
  };
  // The session asked for, newest item first.
  struct Asked {
    std::vector<ItemIndex> items;
    std::vector<float> weights;  // w idf d
    std::int64_t time;
  };

  SessionKnn(SessionIndex sessions, ActWeights acts, const Scoring& scoring);

  Asked asked(const Profile& profile) const;
  std::vector<Neighbour> nearest(const Asked& asked) const;
  // Without the share of popularity.
  void add_scores(const Asked& asked, std::span<float> out) const;

  SessionIndex sessions_;
  ActWeights acts_;
  Scoring scoring_;
  // What follows from them.
  std::vector<float> popularity_;      // n_items; the largest is far below any score
  std::vector<float> idf_;             // n_items
  std::vector<float> length_weights_;  // |n|^-b, n_sessions
  std::vector<float> position_weights_;
};

}  // namespace coseno
