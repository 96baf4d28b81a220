# cmake -DADDON=... -DPREBUILT=... -DLICENSES=... -DLICENSE=... -P bundle_libraries.cmake
#
# Copies the shared libraries that the addon needs, and what those need, beside it; and the licences
# of the packages that they come from. What stays outside is what Node needs itself: the libraries of
# the C and C++ compilers.
cmake_minimum_required(VERSION 3.25)

file(GET_RUNTIME_DEPENDENCIES MODULES ${ADDON}
  RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR missing
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s|clang_rt.*|asan|ubsan|tsan)\\.so")
if(missing)
  message(FATAL_ERROR "not found: ${missing}")
endif()

file(REMOVE_RECURSE ${LICENSES})
file(MAKE_DIRECTORY ${LICENSES})
file(COPY_FILE ${LICENSE} ${LICENSES}/coseno)
set(list "")
foreach(library ${libraries})
  get_filename_component(name ${library} NAME)
  get_filename_component(from ${library} REALPATH)
  get_filename_component(folder ${library} DIRECTORY)
  string(APPEND list "${name}\n")
  if(folder STREQUAL PREBUILT)
    continue()  # copied before
  endif()
  file(COPY_FILE ${from} ${PREBUILT}/${name} ONLY_IF_DIFFERENT)
  execute_process(COMMAND dpkg-query --search ${from} OUTPUT_VARIABLE owner ERROR_QUIET)
  if(NOT owner)
    execute_process(COMMAND dpkg-query --search */${name} OUTPUT_VARIABLE owner ERROR_QUIET)
  endif()
  string(REGEX REPLACE "[:,].*" "" owner "${owner}")
  if(EXISTS /usr/share/doc/${owner}/copyright)
    file(COPY_FILE /usr/share/doc/${owner}/copyright ${LICENSES}/${owner})
  endif()
endforeach()
file(WRITE ${PREBUILT}/libraries.txt "${list}")
