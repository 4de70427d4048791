#include "drivers/print.h"

#include "drivers/uarte.h"

void print(const char* text) {
    size_t size = 0;
    while (text[size] != 0) ++size;
    uarte::write(text, size);
}

Line::~Line() {
    buffer_[used_++] = '\n';  // put() keeps this place free
    uarte::write(buffer_, used_);
}

void Line::put(char character) {
    if (used_ + 1 < sizeof buffer_) buffer_[used_++] = character;
}

void Line::put_number(uint32_t value, unsigned base, unsigned least_digits, unsigned decimals) {
    char digits[11];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (count < sizeof digits && (value != 0 || count < least_digits));
    while (count > 0) {
        put(digits[--count]);
        if (decimals != 0 && count == decimals) put('.');
    }
}

Line& Line::operator<<(const char* text) {
    while (*text != 0) put(*text++);
    return *this;
}

Line& Line::operator<<(long value) { return fixed(static_cast<int32_t>(value), 0); }

Line& Line::operator<<(unsigned long value) {
    put_number(static_cast<uint32_t>(value), 10, 1, 0);
    return *this;
}

Line& Line::hex(uint32_t value, unsigned digits) {
    put_number(value, 16, digits, 0);
    return *this;
}

Line& Line::fixed(int32_t value, unsigned decimals) {
    const auto magnitude = static_cast<uint32_t>(value);
    if (value < 0) put('-');
    put_number(value < 0 ? 0u - magnitude : magnitude, 10, decimals + 1, decimals);
    return *this;
}
