# The libraries: cmsim_core (interpreter/), cmsim_kernels (kernels/), cmsim_kernels_dsp (kernels/dsp/). All are archives, from which
# the linker takes only what a resolver names. The dsp set comes first on the command line: what it has replaces the file of
# the same name in kernels/, which then is not linked. cmsim_interpreter_reference and cmsim_interpreter_dsp are the two
# combinations, cmsim_interpreter the one that CMSIM_KERNELS says.

file(GLOB core_sources CONFIGURE_DEPENDS interpreter/*.cc)
file(GLOB kernel_sources CONFIGURE_DEPENDS kernels/*.cc)
file(GLOB dsp_sources CONFIGURE_DEPENDS kernels/dsp/*.cc)

set(cmsim_libraries cmsim_core cmsim_kernels)
add_library(cmsim_core STATIC ${core_sources})
add_library(cmsim_kernels STATIC ${kernel_sources})
if(dsp_sources)
    add_library(cmsim_kernels_dsp STATIC EXCLUDE_FROM_ALL ${dsp_sources})  # for other machines only tests want them
    list(APPEND cmsim_libraries cmsim_kernels_dsp)
else()
    add_library(cmsim_kernels_dsp INTERFACE)
endif()
foreach(library IN LISTS cmsim_libraries)
    target_include_directories(${library} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_features(${library} PUBLIC cxx_std_17)
    target_compile_options(${library} PRIVATE -ffp-contract=off)  # the same bits with every compiler
endforeach()
if(CMAKE_CROSSCOMPILING)
    # Runs once, at the start: small rather than fast. As a source's option it comes after the target's -O2.
    set_source_files_properties(${core_sources} PROPERTIES COMPILE_OPTIONS "-Os")
endif()

add_library(cmsim_interpreter_reference INTERFACE)
target_link_libraries(cmsim_interpreter_reference INTERFACE cmsim_kernels cmsim_core)
add_library(cmsim_interpreter_dsp INTERFACE)
target_link_libraries(cmsim_interpreter_dsp INTERFACE cmsim_kernels_dsp cmsim_kernels cmsim_core)
target_link_libraries(cmsim_kernels PUBLIC cmsim_core)
add_library(cmsim_interpreter INTERFACE)
target_link_libraries(cmsim_interpreter INTERFACE cmsim_interpreter_${CMSIM_KERNELS})
