// NumPy arrays as they come in and go out. What is not of these types and contiguous has been made
// so in coseno/_arrays.py.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace coseno::python {

namespace nb = nanobind;

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// To be written to.
template <class T>
using Output = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T>
std::span<const T> span_of(const Array<T>& array) {
  return {array.data(), array.size()};
}

template <class T>
std::span<T> span_of(const Output<T>& array) {
  return {array.data(), array.size()};
}

// An array that owns what it shows.
template <class T>
nb::ndarray<nb::numpy, T, nb::ndim<1>> to_array(std::vector<T> values) {
  auto* const kept = new std::vector<T>(std::move(values));  // the capsule's
  const nb::capsule owner(kept,
                          [](void* owned) noexcept { delete static_cast<std::vector<T>*>(owned); });
  return {kept->data(), {kept->size()}, owner};
}

}  // namespace coseno::python
