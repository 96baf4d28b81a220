// How a command fails, and with which exit code.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace coseno::cli {

// Exit codes of the program beside 0. kInterrupted is what shells report for SIGINT.
constexpr int kFailed = 1;
constexpr int kWrongUse = 2;
constexpr int kInterrupted = 130;

struct Failure {
  Failure(int code, std::string text) : exit_code(code), message(std::move(text)) {}
  // Implicit, so that COSENO_TRY hands on what a room below could not do.
  Failure(Error error)  // NOLINT(google-explicit-constructor)
      : exit_code(error.code == ErrorCode::cancelled ? kInterrupted : kFailed),
        message(std::move(error.message)) {}

  int exit_code;
  std::string message;  // one sentence without a full stop
};

template <class T>
using Outcome = std::expected<T, Failure>;

// `return wrong_use("--user and --users exclude each other");`
template <class... Args>
std::unexpected<Failure> wrong_use(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Failure(kWrongUse, fmt::format(format, std::forward<Args>(args)...)));
}

template <class... Args>
std::unexpected<Failure> failed(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Failure(kFailed, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace coseno::cli
