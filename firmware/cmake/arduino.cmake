# Lays out the interpreter as an Arduino library: one folder, to be put into the sketchbook's libraries/.
#   cmake -DOUTPUT=libraries/cmsim [-DKERNELS=reference] -P firmware/cmake/arduino.cmake
# KERNELS is dsp (for Cortex-M4, M7 and M33) or reference. A sketch includes <cmsim.h>.
if(NOT OUTPUT)
    message(FATAL_ERROR "arduino.cmake: say where: cmake -DOUTPUT=DIRECTORY -P arduino.cmake")
endif()
if(NOT KERNELS)
    set(KERNELS dsp)
endif()
get_filename_component(firmware ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

file(REMOVE_RECURSE ${OUTPUT}/src)
file(GLOB interpreter ${firmware}/interpreter/*.cc ${firmware}/interpreter/*.h)
file(GLOB kernels ${firmware}/kernels/*.cc ${firmware}/kernels/*.h)
file(COPY ${interpreter} DESTINATION ${OUTPUT}/src/interpreter)
file(COPY ${kernels} DESTINATION ${OUTPUT}/src/kernels)
if(KERNELS STREQUAL dsp)
    # All files of a library are compiled into one archive: what dsp/ replaces must not be there twice.
    file(GLOB dsp RELATIVE ${firmware}/kernels/dsp ${firmware}/kernels/dsp/*.cc)
    foreach(name IN LISTS dsp)
        file(REMOVE ${OUTPUT}/src/kernels/${name})
    endforeach()
    file(GLOB dsp ${firmware}/kernels/dsp/*)
    file(COPY ${dsp} DESTINATION ${OUTPUT}/src/kernels/dsp)
elseif(NOT KERNELS STREQUAL reference)
    message(FATAL_ERROR "arduino.cmake: KERNELS is ${KERNELS}, not dsp or reference")
endif()
file(COPY ${firmware}/../LICENSE DESTINATION ${OUTPUT})
file(WRITE ${OUTPUT}/src/cmsim.h "// Everything that a sketch needs.
#pragma once
#include \"interpreter/interpreter.h\"
#include \"kernels/operators.h\"
")
# dot_a_linkage: an archive, of which the linker takes only the operators that a sketch names.
file(WRITE ${OUTPUT}/library.properties "name=cmsim
version=0.1.0
author=the cmsim authors
maintainer=the cmsim authors
sentence=Runs TensorFlow Lite models on small processors.
paragraph=Reads a .tflite in place, checks every byte of it, and allocates from one arena.
category=Data Processing
url=
architectures=*
dot_a_linkage=true
includes=cmsim.h
")
