/* Allocates and frees in a fixed order that looks random. Behind every inner call that changes the heap it asks the C
 * library's own mallinfo() what is in use: --wrap leads all calls of _malloc_r, _realloc_r and _free_r through here. */
#include <malloc.h>
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void say(const char* text);

volatile uint32_t peak_in_use, last_in_use, last_arena, sum;

#ifdef WRAPPED
static void look(void) {
    const struct mallinfo info = mallinfo();
    last_in_use = info.uordblks;
    last_arena = info.arena;
    if (last_in_use > peak_in_use) peak_in_use = last_in_use;
}
void* __real__malloc_r(struct _reent*, size_t);
void __real__free_r(struct _reent*, void*);
void* __real__realloc_r(struct _reent*, void*, size_t);
void* __wrap__malloc_r(struct _reent* r, size_t size) {
    void* const block = __real__malloc_r(r, size);
    look();
    return block;
}
void __wrap__free_r(struct _reent* r, void* block) {
    __real__free_r(r, block);
    look();
}
void* __wrap__realloc_r(struct _reent* r, void* old, size_t size) {
    void* const block = __real__realloc_r(r, old, size);
    look();
    return block;
}
#endif

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
#ifndef WRAPPED
    free(first == NULL ? first : malloc(12));
#endif
    return 0;
}
