#include "watch.h"

namespace nb = nanobind;

namespace coseno::python {

bool Watch::is_due(Clock::time_point& last) {
  const Clock::time_point now = Clock::now();
  if (now - last < kPause) return false;
  last = now;
  return true;
}

void Watch::report(std::string_view stage, double share) {
  if (is_stopped_ || (stage == stage_ && share < 1 && !is_due(reported_))) return;
  stage_ = stage;
  const nb::gil_scoped_acquire acquire;
  try {
    const nb::object answer = callback_(nb::str(stage.data(), stage.size()), share);
    if (answer.ptr() == Py_False) is_stopped_ = true;
  } catch (nb::python_error& error) {
    raised_.emplace(std::move(error));
    is_stopped_ = true;
  }
}

bool Watch::is_stopped() {
  if (is_stopped_ || !is_due(asked_)) return is_stopped_;
  const nb::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) {
    raised_.emplace();
    is_stopped_ = true;
  }
  return is_stopped_;
}

}  // namespace coseno::python
