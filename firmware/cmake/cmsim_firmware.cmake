# cmsim_firmware(NAME [KERNELS reference|dsp] source...): NAME.elf from the sources, the start-up code, link.ld, and of the drivers, the interpreter
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
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "KERNELS" "")
    if(NOT arg_KERNELS)
        set(arg_KERNELS ${CMSIM_KERNELS})
    endif()
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS} $<TARGET_OBJECTS:cmsim_startup>)
    set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS ${CMSIM_FIRMWARE_DIR}/link.ld)
    target_link_libraries(${name} PRIVATE cmsim_interpreter_${arg_KERNELS} cmsim_drivers)
    target_link_options(${name} PRIVATE
        -T${CMSIM_FIRMWARE_DIR}/link.ld -Wl,-Map=$<TARGET_FILE_DIR:${name}>/${name}.map -Wl,--defsym=__flash_origin=${CMSIM_FLASH_ORIGIN})
endfunction()

# cmsim_embed(VARIABLE model.tflite): sets VARIABLE to a source file that defines g_model and g_model_size, the model unconverted.
function(cmsim_embed variable model)
    get_filename_component(name ${model} NAME_WE)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}_model.S)
    configure_file(${CMSIM_FIRMWARE_DIR}/cmake/model.S.in ${source} @ONLY)
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${model})
    set(${variable} ${source} PARENT_SCOPE)
endfunction()
