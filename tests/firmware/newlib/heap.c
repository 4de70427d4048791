/* Allocates and frees in a fixed order that looks random. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void say(const char* text);

volatile uint32_t sum;

static uint32_t state = 1;
static uint32_t next(uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static void* kept[24];

__attribute__((noinline)) static void shuffle(unsigned rounds) {
    for (unsigned n = 0; n < rounds; ++n) {
        void** const slot = &kept[next(24)];
        switch (next(5)) {
            case 0:
                free(*slot);
                *slot = NULL;
                break;
            case 1:
                *slot = realloc(*slot, 1 + next(600));
                break;
            case 2:
                free(*slot);
                *slot = calloc(1 + next(20), 1 + next(20));
                break;
            case 3:
                free(*slot);
                *slot = memalign(32, 1 + next(100));
                break;
            default:
                free(*slot);
                *slot = malloc(1 + next(900));
        }
        if (*slot != NULL) sum += *(uint8_t*)*slot;
    }
}

__attribute__((noinline)) void* leaky(size_t size) {
    void* const block = malloc(size);
    if (block != NULL) memset(block, 1, size);
    return block;
}

__attribute__((noinline)) void begin_session(void) { __asm__ volatile(""); }
__attribute__((noinline)) void end_session(void) { __asm__ volatile(""); }

int main(void) {
    shuffle(400);
    if (malloc(10u << 20) != NULL) return 1; /* more than there is */
    say("ready\n");
    begin_session();
    void* const first = leaky(100);
    leaky(40);
    leaky(40);
    free(first);
    end_session();
    free(first == NULL ? first : malloc(12));
    return 0;
}
