// The parts of the module, one a file.
#pragma once

#include <nanobind/nanobind.h>

namespace coseno::python {

void add_ratings(nanobind::module_& module);
void add_model(nanobind::module_& module);
void add_engine_types(nanobind::module_& module);
void add_engine(nanobind::module_& module);

}  // namespace coseno::python
