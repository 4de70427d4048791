# generated/all_operators.h: `cmsim::all_operators`, a resolver with every registration in kernels/*.cc.

set(names "")
foreach(source IN LISTS kernel_sources)
    file(STRINGS ${source} registrations REGEX "^const Registration op::")
    foreach(line IN LISTS registrations)
        string(REGEX REPLACE "^const Registration op::([A-Z0-9_]+) .*" "op::\\1" name "${line}")
        list(APPEND names ${name})
    endforeach()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
endforeach()
list(SORT names)
list(JOIN names ",\n    " names)
file(CONFIGURE OUTPUT generated/all_operators.h CONTENT "// A resolver with every operator that there is. Made by cmake/all_operators.cmake.
#pragma once
#include \"kernels/operators.h\"

namespace cmsim {

constexpr auto all_operators = op_resolver(
    @names@);

}  // namespace cmsim
" @ONLY)
set(CMSIM_GENERATED_DIR ${CMAKE_CURRENT_BINARY_DIR}/generated)
