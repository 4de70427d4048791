// 2,000 lines over the UART at 1 Mbaud.
#include "drivers/print.h"
#include "drivers/uarte.h"

int main() {
    uarte::begin(gpio::pin(1, 3), gpio::pin(1, 10), 0x10000000);
    for (int line = 0; line < 2000; ++line) Line() << "line " << line << ": the quick brown fox jumps over the lazy dog";
    return 0;
}
