#include "errors.h"

#include <nanobind/nanobind.h>

#include "base/error_name.h"

namespace nb = nanobind;

namespace coseno::python {
void raise(const Error& error) {
  const nb::object exception = nb::module_::import_("coseno._errors")
                                   .attr("error_of")(name_of(error.code), error.message.c_str());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

}  // namespace coseno::python
