// What can be set of `sasrec`, for the program and for the trainer that it starts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/options.h"

namespace coseno {

constexpr std::string_view kSasrecName = "sasrec";

struct SasrecOptions {
  static constexpr std::string_view kSampledSoftmax = "softmax";
  static constexpr std::string_view kGbce = "gbce";
  static constexpr int kMostLength = 1000;

  // The network (models/sasrec_encoder.h).
  int dim = 64;
  int length = 50;
  int blocks = 1;
  int heads = 1;
  int hidden = 256;
  bool gated = false;
  double temperature = 0.05;  // 0: vectors keep their length
  // How it is trained.
  double dropout = 0.3;
  std::string loss = std::string(kSampledSoftmax);
  int negatives = 256;  // 0: all items
  double calibration = 0.75;
  double learning_rate = 0.001;
  int batch = 128;
  int epochs = 60;
  int patience = 60;
  int validation_users = 2000;
  int threads = 1;
  std::string checkpoint = {};
  std::string file = {};

  static std::span<const OptionField<SasrecOptions>> fields();
};

}  // namespace coseno
