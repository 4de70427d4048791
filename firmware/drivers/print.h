// Text output without printf.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Sends `text` through uarte::write, as it is.
void print(const char* text);

// A line put together from pieces and sent in one transfer when the statement ends:
//     Line() << "arena: " << used << " of " << size << " bytes";
// The end of line "\n" is added. What does not fit into the buffer is cut off.
class Line {
public:
    Line() = default;
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    Line& operator<<(const char* text);
    Line& operator<<(int value) { return *this << static_cast<long>(value); }
    Line& operator<<(unsigned value) { return *this << static_cast<unsigned long>(value); }
    Line& operator<<(long value);
    Line& operator<<(unsigned long value);
    Line& hex(uint32_t value, unsigned digits = 8);
    // value / 10^decimals: fixed(-1234, 2) gives "-12.34".
    Line& fixed(int32_t value, unsigned decimals);

private:
    void put(char character);
    void put_number(uint32_t value, unsigned base, unsigned least_digits, unsigned decimals);

    char buffer_[126];
    size_t used_ = 0;
};
