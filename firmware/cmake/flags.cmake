# Compiler flags, as the interface target cmsim_target. CMAKE_BUILD_TYPE is not used: the flags below are the whole
# truth, so that an ELF depends on nothing else.

add_library(cmsim_target INTERFACE)
target_compile_features(cmsim_target INTERFACE cxx_std_17)
target_include_directories(cmsim_target INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(cmsim_target INTERFACE
    -O2 -g -Wall -Wextra -Werror
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>
    -ffp-contract=off)  # a product and a sum are rounded one by one, on the host as on the device

if(CMAKE_CROSSCOMPILING)
    target_compile_options(cmsim_target INTERFACE
        -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
        -ffreestanding -fbuiltin  # headers without a C library, but memcpy and the like expanded in place
        -ffunction-sections -fdata-sections
        -fno-asynchronous-unwind-tables -fno-unwind-tables
        # The same bytes from any directory: no absolute path, no record of the command line.
        -ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=firmware
        -ffile-prefix-map=${CMAKE_BINARY_DIR}=build
        -gno-record-gcc-switches -fno-ident)
    target_link_libraries(cmsim_target INTERFACE gcc)  # integer and double arithmetic that the processor lacks
    target_link_options(cmsim_target INTERFACE
        -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
        -nostdlib -nostartfiles -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments)
endif()
