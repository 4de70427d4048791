# The shared library for ctypes, or with CMSIM_SANITIZE the program that runs hostile models.

set_target_properties(cmsim_interpreter PROPERTIES POSITION_INDEPENDENT_CODE ON)
if(CMSIM_SANITIZE)
    target_compile_options(cmsim_target INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(cmsim_target INTERFACE -fsanitize=address,undefined)
    add_executable(fuzz_models host/fuzz_main.cc)
    target_link_libraries(fuzz_models PRIVATE cmsim_interpreter)
else()
    add_library(cmsim_host SHARED host/host_api.cc)
    target_link_libraries(cmsim_host PRIVATE cmsim_interpreter)
endif()
