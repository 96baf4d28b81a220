// _coseno: include/coseno for Python. It translates and decides nothing; what Python's people
// expect of models and arrays is made of it in ../coseno.
#include "module.h"

NB_MODULE(_coseno, module) {
  module.doc() = "The engine and the models of coseno. Use them by the package coseno.";
  coseno::python::add_ratings(module);
  coseno::python::add_model(module);
  coseno::python::add_engine_types(module);
  coseno::python::add_engine(module);
}
