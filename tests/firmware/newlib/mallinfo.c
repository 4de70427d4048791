/* Asks the C library's own mallinfo() what is in use, behind every inner call that changes the heap:
 * --wrap leads all calls of _malloc_r, _realloc_r and _free_r through here. */
#include <malloc.h>
#include <reent.h>
#include <stdint.h>

volatile uint32_t peak_in_use, last_in_use, last_arena;

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
