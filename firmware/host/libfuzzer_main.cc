// The fuzzer of the reader, of prepare and of the operators, for libFuzzer.
#include "host/mutate.h"
#include "host/run_model.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    return cmsim::run_model(data, size, cmsim::fuzz_arena(data, size)), 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    if (size < 16 || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
    cmsim::mutate(data, size, seed);
    return size;
}
