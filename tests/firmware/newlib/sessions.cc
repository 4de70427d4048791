// Sessions that leak, new and delete, one inference each: what --leaks, --no-alloc-after and --soak are to tell.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern "C" void say(const char* text);

struct Sample {
    int32_t values[10];
};
static Sample* volatile kept;
static volatile uint32_t spent;

extern "C" {

__attribute__((noinline)) void setup() { kept = new Sample; }

// Each call takes a little longer and needs a little more stack.
__attribute__((noinline)) uint32_t classify(uint32_t round) {
    volatile uint8_t* local = static_cast<volatile uint8_t*>(__builtin_alloca(32 + round * 8));
    for (uint32_t n = 0; n < 32 + round * 8; ++n) local[n] = static_cast<uint8_t>(n);
    return local[round];
}

__attribute__((noinline)) char* remember() { return strdup("forty bytes, less one, in this session."); }

__attribute__((noinline)) void session(uint32_t round) {
    Sample* sample = new Sample;
    spent = spent + classify(round);
    delete sample;
#ifdef LEAKS
    if (round % 2) remember();
#endif
}

__attribute__((noinline)) void finished() { __asm__ volatile(""); }
}

int main() {
    setup();
    say("ready\n");
    for (uint32_t round = 0; round < 20; ++round) session(round);
    finished();
    say("done\n");
    return 0;
}
