// NumPy arrays as they come in and go out. What is not of these types and contiguous has been made
// so in coseno/_arrays.py.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <memory>
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

// What keeps `value` as long as an array shows what is in it. The value's address stays.
template <class T>
nb::capsule owner_of(std::unique_ptr<T> value) {
  nb::capsule owner(value.get(), [](void* kept) noexcept {
    const std::unique_ptr<T> last(static_cast<T*>(kept));
  });
  static_cast<void>(value.release());
  return owner;
}

// An array that owns what it shows.
template <class T>
nb::ndarray<nb::numpy, T, nb::ndim<1>> to_array(std::vector<T> values) {
  auto kept = std::make_unique<std::vector<T>>(std::move(values));
  T* const data = kept->data();
  const std::size_t size = kept->size();
  return {data, {size}, owner_of(std::move(kept))};
}

}  // namespace coseno::python
