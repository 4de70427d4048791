// Runs hostile models, where there is no libFuzzer:
//     fuzz_models FILE...                        each file as it is
//     fuzz_models --mutate COUNT SEED FILE...    COUNT changes of the files, by turns, every other one of one changed before; and some files cut off
// Built with sanitizers, which end it with a report at the first wild access; otherwise it prints how many models were
// refused and how many ran.
#include <stdio.h>

#include <vector>

#include "host/mutate.h"
#include "host/run_model.h"

extern "C" void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Bytes = std::vector<uint8_t>;

Bytes read(const char* name) {
    FILE* file = fopen(name, "rb");
    if (file == nullptr) perror(name), exit(2);
    Bytes bytes;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) bytes.push_back(static_cast<uint8_t>(c));
    fclose(file);
    return bytes;
}

unsigned refused = 0, ran = 0;
const Bytes* current = nullptr;

void run(const Bytes& model, size_t arena) {
    current = &model;
    ++(cmsim::run_model(model.data(), model.size(), arena) ? ran : refused);
}

// The sanitizers call it before they end the program.
void save() {
    FILE* file = fopen("hostile.tflite", "wb");
    if (file == nullptr || current == nullptr) return;
    fwrite(current->data(), 1, current->size(), file);
    fclose(file);
    fprintf(stderr, "the model is in hostile.tflite\n");
}

}  // namespace

int main(int argc, char** argv) {
    const bool mutate = argc > 4 && strcmp(argv[1], "--mutate") == 0;
    __sanitizer_set_death_callback(save);
    std::vector<Bytes> models;
    for (int i = mutate ? 4 : 1; i < argc; ++i) models.push_back(read(argv[i]));
    if (!mutate) {
        for (const Bytes& model : models) run(model, 64 * 1024);
    } else {
        const unsigned long long count = strtoull(argv[2], nullptr, 10), seed = strtoull(argv[3], nullptr, 10);
        std::vector<Bytes> changed = models;
        for (unsigned long long i = 0; i < count; ++i) {
            const size_t index = i % models.size();
            if (i / models.size() % 2 == 0) changed[index] = models[index];
            Bytes& model = changed[index];
            cmsim::mutate(model.data(), model.size(), seed * 0x100000001 + i);
            run(model, cmsim::fuzz_arena(model.data(), model.size()));
            if (i % 16 == 0) run(Bytes(models[index].begin(), models[index].begin() + static_cast<long>(i / 16 % models[index].size())), 4096);
        }
    }
    printf("refused %u ran %u\n", refused, ran);
    return 0;
}
