// Runs hostile models: fuzz_models FILE... Each file holds models one after the other: a 4-byte length (little-endian), then
// so many bytes. Built with sanitizers, which end it with a report at the first wild access; otherwise it prints how
// many models were refused and how many ran.
#include <stdio.h>

#include "host/run_model.h"

int main(int argc, char** argv) {
    unsigned refused = 0, ran = 0;
    for (int i = 1; i < argc; ++i) {
        FILE* file = fopen(argv[i], "rb");
        if (file == nullptr) return perror(argv[i]), 2;
        uint32_t size;
        while (fread(&size, sizeof size, 1, file) == 1) {
            auto* model = static_cast<uint8_t*>(malloc(size + 1));
            if (fread(model, 1, size, file) != size) return fprintf(stderr, "%s is cut off\n", argv[i]), 2;
            ++(cmsim::run_model(model, size, 64 * 1024) ? ran : refused);
            free(model);
        }
        fclose(file);
    }
    printf("refused %u ran %u\n", refused, ran);
    return 0;
}
