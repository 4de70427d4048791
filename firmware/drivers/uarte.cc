#include "drivers/uarte.h"

#include "drivers/gpio.h"
#include "drivers/wait.h"

namespace uarte {

using nrf52840::UARTE0;

namespace {

constexpr uint32_t kEnabled = 8;
constexpr uint32_t kDisconnected = 0xFFFFFFFF;
constexpr size_t kChunk = 64;

}  // namespace

void begin(uint32_t tx, uint32_t rx, uint32_t baudrate) {
    gpio::write(tx, true);  // an idle line is high
    gpio::configure(tx, gpio::kOutput);
    gpio::configure(rx, gpio::kInput);
    UARTE0->ENABLE = 0;
    UARTE0->PSEL_TXD = tx;
    UARTE0->PSEL_RXD = rx;
    UARTE0->PSEL_RTS = kDisconnected;
    UARTE0->PSEL_CTS = kDisconnected;
    UARTE0->BAUDRATE = baudrate;
    UARTE0->CONFIG = 0;
    UARTE0->ENABLE = kEnabled;
}

void write(const void* data, size_t size) {
    auto* bytes = static_cast<const uint8_t*>(data);
    uint8_t chunk[kChunk];
    while (size > 0) {
        const size_t count = size < kChunk ? size : kChunk;
        for (size_t i = 0; i < count; ++i) chunk[i] = bytes[i];
        __asm__ volatile("" ::"r"(chunk) : "memory");  // the DMA reads what the compiler cannot see being read
        UARTE0->EVENTS_ENDTX = 0;
        UARTE0->TXD_PTR = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(chunk));
        UARTE0->TXD_MAXCNT = static_cast<uint32_t>(count);
        const drivers::Wake wake(UARTE0, UARTE0->EVENTS_ENDTX);
        UARTE0->TASKS_STARTTX = 1;
        drivers::sleep_until([] { return UARTE0->EVENTS_ENDTX != 0; });
        bytes += count;
        size -= count;
    }
    UARTE0->EVENTS_TXSTOPPED = 0;
    const drivers::Wake wake(UARTE0, UARTE0->EVENTS_TXSTOPPED);
    UARTE0->TASKS_STOPTX = 1;  // or the transmitter keeps the high-frequency clock running
    drivers::sleep_until([] { return UARTE0->EVENTS_TXSTOPPED != 0; });
}

void start_read(void* buffer, size_t size) {
    UARTE0->EVENTS_ENDRX = 0;
    UARTE0->EVENTS_RXTO = 0;
    UARTE0->RXD_PTR = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(buffer));
    UARTE0->RXD_MAXCNT = static_cast<uint32_t>(size);
    UARTE0->TASKS_STARTRX = 1;
}

bool read_complete() { return UARTE0->EVENTS_ENDRX != 0; }

size_t stop_read() {
    const drivers::Wake wake(UARTE0, UARTE0->EVENTS_RXTO);
    UARTE0->TASKS_STOPRX = 1;
    drivers::sleep_until([] { return UARTE0->EVENTS_RXTO != 0; });
    return UARTE0->RXD_AMOUNT;
}

}  // namespace uarte
