// What can be set of `sasrec`, for the program and for the trainer that it starts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/options.h"

namespace coseno {

constexpr std::string_view kSasrecName = "sasrec";

// At every position of every history the network tells what comes next, against `negatives` items
// drawn for the step, each as likely as any; s: scores, S: those drawn (or all) without what came
// next, m: how many were drawn (or all), n: all items.
//
//   softmax:  -log(e^s+ / (e^s+ + sum over S of e^(s_j) n / m))
//   gbce:     -b log(sigmoid(s+ + prior)) - sum over S of log(1 - sigmoid(s_j + prior)),
//             b = a (t (1 - 1 / a) + 1 / a), a = m / (n - 1), t: calibration, prior = log(b / m)
//
// The first stands for the softmax over all items (n / m: logQ correction), the second makes up for
// the few negatives by which plain binary cross-entropy is too sure of itself. The prior, which is
// not in the paper and stands in the loss alone, is what all scores would have to fall by first:
// without it that is all that is learnt for so long that the vectors of all items are alike by
// then.
//
// Sources: Bengio and Senecal 2008; Petrov and Macdonald, RecSys 2023 (gSASRec); Lin et al., ICCV
// 2017, 4.1 (the prior).
struct SasrecOptions {
  static constexpr std::string_view kSampledSoftmax = "softmax";
  static constexpr std::string_view kGbce = "gbce";
  static constexpr int kMostLength = 1000;

  // The network (models/sasrec_encoder.h).
  int dim = 128;
  int length = 50;
  int blocks = 1;
  int heads = 1;
  int hidden = 128;
  bool gated = false;
  bool intervals = false;
  double temperature = 0.05;  // 0: vectors keep their length
  // How it is trained.
  double dropout = 0.4;
  std::string loss = std::string(kSampledSoftmax);
  int negatives = 2048;  // 0: all items
  double calibration = 0.75;
  double learning_rate = 0.001;
  int batch = 128;
  int epochs = 40;
  int patience = 10;
  int validation_users = 2000;
  int threads = 1;
  std::string checkpoint = {};
  std::string file = {};

  static std::span<const OptionField<SasrecOptions>> fields();
};

}  // namespace coseno
