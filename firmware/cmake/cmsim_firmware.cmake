# cmsim_firmware(NAME source...): NAME.elf from the sources, the start-up code, link.ld, and of the drivers, the interpreter
# and the kernels what it uses.

set(CMSIM_FIRMWARE_DIR ${CMAKE_CURRENT_SOURCE_DIR})

add_library(cmsim_startup OBJECT startup/vectors.cc startup/startup.cc startup/memory.cc)
target_link_libraries(cmsim_startup PUBLIC cmsim_target)
set_source_files_properties(startup/memory.cc PROPERTIES
    COMPILE_OPTIONS "-fno-builtin;-fno-tree-loop-distribute-patterns")

file(GLOB driver_sources CONFIGURE_DEPENDS drivers/*.cc)
add_library(cmsim_drivers STATIC ${driver_sources})
target_link_libraries(cmsim_drivers PUBLIC cmsim_target)

function(cmsim_firmware name)
    add_executable(${name} ${ARGN} $<TARGET_OBJECTS:cmsim_startup>)
    set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS ${CMSIM_FIRMWARE_DIR}/link.ld)
    target_link_libraries(${name} PRIVATE cmsim_interpreter cmsim_drivers gcc)
    target_link_options(${name} PRIVATE
        -T${CMSIM_FIRMWARE_DIR}/link.ld -Wl,--defsym=__flash_origin=${CMSIM_FLASH_ORIGIN})
endfunction()
