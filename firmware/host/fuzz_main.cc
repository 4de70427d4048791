// Runs hostile models: fuzz_models FILE... Each file holds models one after the other: a 4-byte length (little-endian), then
// so many bytes. Built with sanitizers, which end it with a report at the first wild access; otherwise it prints how
// many models were refused and how many ran.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/all_operators.h"
#include "interpreter/interpreter.h"

namespace {

alignas(16) uint8_t arena[64 * 1024];

// A copy in memory of exactly its size, so that one byte too far is seen. Returns whether it ran.
bool run(const uint8_t* model, size_t size) {
    void* copy = nullptr;
    if (posix_memalign(&copy, 16, size > 0 ? size : 1) != 0) abort();
    memcpy(copy, model, size);
    cmsim::Interpreter interpreter(copy, size, cmsim::all_operators, arena, sizeof arena);
    bool ran = false;
    if (interpreter.prepare() == cmsim::Status::kOk) {
        for (size_t i = 0; i < interpreter.input_count(); ++i) {
            memset(interpreter.input(i)->data, 0x5A, interpreter.input(i)->bytes);
        }
        ran = interpreter.invoke() == cmsim::Status::kOk;
    } else {
        const cmsim::Error& error = interpreter.error();
        if (strlen(error.reason) + strlen(cmsim::operator_name(error)) + strlen(cmsim::status_text(error.status)) == 0) abort();
    }
    free(copy);
    return ran;
}

}  // namespace

int main(int argc, char** argv) {
    unsigned refused = 0, ran = 0;
    for (int i = 1; i < argc; ++i) {
        FILE* file = fopen(argv[i], "rb");
        if (file == nullptr) return perror(argv[i]), 2;
        uint32_t size;
        while (fread(&size, sizeof size, 1, file) == 1) {
            auto* model = static_cast<uint8_t*>(malloc(size + 1));
            if (fread(model, 1, size, file) != size) return fprintf(stderr, "%s is cut off\n", argv[i]), 2;
            ++(run(model, size) ? ran : refused);
            free(model);
        }
        fclose(file);
    }
    printf("refused %u ran %u\n", refused, ran);
    return 0;
}
