// A USB serial port (CDC-ACM) on the bare USBD (nRF52840 PS v1.8, section 6.35), for the tests of the host: greets when a
// terminal opens it, answers each line, takes the 1200-baud touch as the wish for the bootloader and restarts. UARTE0 is
// the log.
#include <stdint.h>

#include "drivers/print.h"
#include "drivers/uarte.h"

namespace {

volatile uint32_t& reg(uint32_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }
volatile uint32_t& usbd(uint32_t offset) { return reg(0x40027000 + offset); }
volatile uint32_t& power(uint32_t offset) { return reg(0x40000000 + offset); }
uint32_t address_of(const volatile void* place) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(place)); }

// Tasks, events and registers of USBD, by the names of the data sheet.
constexpr uint32_t kStartEpIn = 0x004, kStartEpOut = 0x028, kEp0RcvOut = 0x04C, kEp0Status = 0x050, kEp0Stall = 0x054;
constexpr uint32_t kUsbReset = 0x100, kEndEpIn = 0x108, kEp0DataDone = 0x128, kEndEpOut = 0x130, kUsbEvent = 0x158,
                   kEp0Setup = 0x15C, kEpData = 0x160;
constexpr uint32_t kEventCause = 0x400, kEpDataStatus = 0x46C, kSetup = 0x480, kSizeEpOut = 0x4A0, kEnable = 0x500,
                   kPullUp = 0x504, kEpInEn = 0x510, kEpOutEn = 0x514, kEpIn = 0x600, kEpOut = 0x700;
constexpr uint32_t kReady = 1u << 11;
// Registers of POWER and CLOCK.
constexpr uint32_t kHfclkStart = 0x000, kHfclkStarted = 0x100, kUsbRegStatus = 0x438, kGpRegRet = 0x51C;
constexpr uint32_t kVbusDetect = 1, kOutputReady = 2, kMagic = 0x57;

constexpr uint8_t kNotify = 2, kData = 1;  // endpoints
constexpr uint8_t kDeviceDescriptor[] = {18, 1, 0, 2, 2, 0, 0, 64, 0x09, 0x12, 0x01, 0x00, 0, 1, 0, 1, 0, 1};
constexpr uint8_t kConfiguration[] = {
    9, 2, 67, 0, 2, 1, 0, 0x80, 50,                                           // two interfaces, bus-powered, 100 mA
    9, 4, 0, 0, 1, 2, 2, 1, 0,                                                // communications, ACM
    5, 0x24, 0, 0x10, 1, 5, 0x24, 1, 0, 1, 4, 0x24, 2, 2, 5, 0x24, 6, 0, 1,   // header, call, ACM, union
    7, 5, 0x80 | kNotify, 3, 8, 0, 255,                                       // interrupt IN
    9, 4, 1, 0, 2, 0x0A, 0, 0, 0,                                             // data
    7, 5, 0x80 | kData, 2, 64, 0, 0, 7, 5, kData, 2, 64, 0, 0,                // bulk IN, bulk OUT
};
static_assert(sizeof kConfiguration == 67, "wTotalLength");
constexpr uint8_t kLanguage[] = {4, 3, 0x09, 0x04};
constexpr uint8_t kProduct[] = {20, 3, 't', 0, 'e', 0, 's', 0, 't', 0, ' ', 0, 'p', 0, 'o', 0, 'r', 0, 't', 0};

uint8_t packet[64];                                    // of endpoint 0
uint8_t line_coding[7] = {0x00, 0xC2, 0x01, 0, 0, 0, 8};  // 115200 8N1
const uint8_t* answer;                                 // what of a descriptor is still to be sent
uint32_t answer_left;
bool answer_ends_short, awaits_coding, open, touched;

void wait_for(uint32_t event) {
    while (!usbd(event)) {}
    usbd(event) = 0;
}

// EasyDMA reads RAM only, so everything goes through a buffer there.
void give(uint8_t endpoint, const uint8_t* data, uint32_t size) {
    static uint8_t buffer[64];
    for (uint32_t n = 0; n < size; ++n) buffer[n] = data[n];
    __asm__ volatile("" ::"r"(buffer) : "memory");
    usbd(kEpIn + 0x14 * endpoint) = address_of(buffer);
    usbd(kEpIn + 0x14 * endpoint + 4) = size;
    usbd(kStartEpIn + 4 * endpoint) = 1;
    wait_for(kEndEpIn + 4 * endpoint);
}

void send_answer() {
    const uint32_t size = answer_left < 64 ? answer_left : 64;
    give(0, answer, size);
    answer += size;
    answer_left -= size;
    if (size < 64) answer_ends_short = false;
}

void describe(uint8_t type, uint8_t index, uint32_t most) {
    const struct {
        const uint8_t* data;
        uint32_t size;
    } known = type == 1   ? decltype(known){kDeviceDescriptor, sizeof kDeviceDescriptor}
              : type == 2 ? decltype(known){kConfiguration, sizeof kConfiguration}
              : type == 3 && index == 0 ? decltype(known){kLanguage, sizeof kLanguage}
              : type == 3 && index == 1 ? decltype(known){kProduct, sizeof kProduct}
                                        : decltype(known){nullptr, 0};
    if (!known.data) {
        usbd(kEp0Stall) = 1;
        return;
    }
    answer = known.data;
    answer_left = known.size < most ? known.size : most;
    answer_ends_short = known.size < most;  // then a last packet shorter than 64 bytes ends the stage
    send_answer();
}

uint32_t baud() { return line_coding[0] | line_coding[1] << 8 | line_coding[2] << 16 | line_coding[3] << 24; }

void on_setup() {
    uint8_t setup[8];
    for (unsigned n = 0; n < 8; ++n) setup[n] = static_cast<uint8_t>(usbd(kSetup + 4 * n));
    const uint32_t length = setup[6] | setup[7] << 8;
    switch (setup[0] << 8 | setup[1]) {
        case 0x0005:  // SET_ADDRESS: the hardware answers
            break;
        case 0x8006:  // GET_DESCRIPTOR
            describe(setup[3], setup[2], length);
            break;
        case 0x0009:  // SET_CONFIGURATION
            usbd(kEpInEn) = 1 | 1 << kData | 1 << kNotify;
            usbd(kEpOutEn) = 1 | 1 << kData;
            usbd(kSizeEpOut + 4 * kData) = 0;  // the buffer is free
            usbd(kEp0Status) = 1;
            break;
        case 0x2120:  // SET_LINE_CODING
            awaits_coding = true;
            usbd(kEp0RcvOut) = 1;
            break;
        case 0x2122:  // SET_CONTROL_LINE_STATE: bit 0 is DTR
            open = setup[2] & 1;
            touched = !open && baud() == 1200;
            usbd(kEp0Status) = 1;
            break;
        default:
            usbd(kEp0Stall) = 1;
    }
}

void on_control_data() {
    if (awaits_coding) {
        usbd(kEpOut) = address_of(packet);
        usbd(kEpOut + 4) = sizeof packet;
        usbd(kStartEpOut) = 1;
        wait_for(kEndEpOut);
        for (unsigned n = 0; n < sizeof line_coding; ++n) line_coding[n] = packet[n];
        awaits_coding = false;
        usbd(kEp0Status) = 1;
    } else if (answer_left || answer_ends_short) {
        send_answer();
    } else {
        usbd(kEp0Status) = 1;
    }
}

bool flying;  // a packet waits in the IN buffer
char out[256];
uint32_t out_first, out_last;  // a ring: what waits to be sent

void say(const char* text) {
    for (; *text; ++text) out[out_last++ % sizeof out] = *text;
}

void pump() {
    if (!open || flying || out_first == out_last) return;
    uint8_t chunk[64];
    uint32_t size = 0;
    while (size < sizeof chunk && out_first != out_last) chunk[size++] = static_cast<uint8_t>(out[out_first++ % sizeof out]);
    flying = true;
    give(kData, chunk, size);
}

char typed[65];
uint32_t typed_size;

void on_data() {
    const uint32_t which = usbd(kEpDataStatus);
    usbd(kEpDataStatus) = which;
    if (which & 1 << kData) flying = false;
    if (!(which & 1 << (16 + kData))) return;
    const uint32_t size = usbd(kSizeEpOut + 4 * kData);
    uint8_t taken[64];
    usbd(kEpOut + 0x14 * kData) = address_of(taken);
    usbd(kEpOut + 0x14 * kData + 4) = size;
    __asm__ volatile("" ::"r"(taken) : "memory");
    usbd(kStartEpOut + 4 * kData) = 1;  // and the endpoint takes the next packet
    wait_for(kEndEpOut + 4 * kData);
    __asm__ volatile("" ::"r"(taken) : "memory");
    for (uint32_t n = 0; n < size; ++n) {
        if (taken[n] != '\n') {
            if (typed_size < sizeof typed - 1) typed[typed_size++] = static_cast<char>(taken[n]);
            continue;
        }
        typed[typed_size] = 0;
        typed_size = 0;
        say("you said ");
        say(typed);
        say("\n");
    }
}

bool came(uint32_t event) {
    if (!usbd(event)) return false;
    usbd(event) = 0;
    return true;
}

[[noreturn]] void restart() {
    power(kGpRegRet) = kMagic;
    reg(0xE000ED0C) = 0x05FA0004;  // AIRCR.SYSRESETREQ
    for (;;) {}
}

}  // namespace

int main() {
    uarte::begin();
    if (power(kGpRegRet) == kMagic) {
        print("bootloader\n");
        for (;;) __asm__ volatile("wfi");
    }
    while (!(power(kUsbRegStatus) & kVbusDetect)) {}
    usbd(kEnable) = 1;
    wait_for(kUsbEvent);
    if (!(usbd(kEventCause) & kReady)) print("not ready\n");
    usbd(kEventCause) = kReady;
    power(kHfclkStarted) = 0;
    power(kHfclkStart) = 1;
    while (!power(kHfclkStarted)) {}
    while (!(power(kUsbRegStatus) & kOutputReady)) {}
    usbd(kPullUp) = 1;
    print("attached\n");
    usbd(0x304) = 1u << 0 | 1u << 10 | 1u << 23 | 1u << 24;  // INTENSET, to wake: USBRESET, EP0DATADONE, EP0SETUP, EPDATA
    reg(0xE000ED10) = 1u << 4;                                  // SCR.SEVONPEND: WFE wakes though the NVIC lets nothing through
    for (bool greeted = false;;) {
        if (came(kUsbReset)) open = flying = greeted = false;
        if (came(kEp0DataDone)) on_control_data();
        if (came(kEp0Setup)) on_setup();
        if (came(kEpData)) on_data();
        if (open && !greeted) {
            say("hello\n");
            greeted = true;
        }
        if (touched && !usbd(kEp0Status)) restart();
        pump();
        reg(0xE000E284) = 1u << 7;  // NVIC_ICPR1: the next event must make USBD's interrupt pending anew
        if (!(usbd(kUsbReset) | usbd(kEp0DataDone) | usbd(kEp0Setup) | usbd(kEpData))) __asm__ volatile("wfe");
    }
}
