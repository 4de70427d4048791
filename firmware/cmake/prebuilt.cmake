# The target `prebuilt`: the ELFs that ship with the Python package, and what they were built with.

set(CMSIM_PREBUILT_DIR ${CMAKE_CURRENT_SOURCE_DIR}/prebuilt CACHE PATH "Where the target prebuilt copies to")
get_target_property(flags cmsim_target INTERFACE_COMPILE_OPTIONS)
list(FILTER flags EXCLUDE REGEX "prefix-map")
list(TRANSFORM flags REPLACE "\\$<[^:]*:[^:]*:(.*)" "\\1")
list(TRANSFORM flags REPLACE ">$" "")
list(JOIN flags " " flags)
execute_process(COMMAND ${CMAKE_CXX_COMPILER} --version OUTPUT_VARIABLE version)
string(REGEX REPLACE "\n.*" "" version "${version}")
file(CONFIGURE OUTPUT BUILD.txt CONTENT "gesture.elf, person.elf, bench-dsp.elf, bench-reference.elf
compiler: @version@
flags: -std=gnu++17 @flags@; interpreter/ with -Os
")
add_custom_target(prebuilt
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMSIM_PREBUILT_DIR}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/BUILD.txt ${CMSIM_PREBUILT_DIR})

# Adds files of a target to it.
function(cmsim_prebuilt target)
    add_custom_target(prebuilt_${target}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMSIM_PREBUILT_DIR}
        COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${target}> ${ARGN} ${CMSIM_PREBUILT_DIR}
        DEPENDS ${target} ${ARGN})
    add_dependencies(prebuilt prebuilt_${target})
endfunction()
