// Peripheral registers of the nRF52840 (Product Specification: the register table of each chapter).
// Only what the firmware and its tests use; names are the data sheet's, a dot in a name is an underscore here.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace nrf52840 {

using Register = volatile uint32_t;

// Space between two registers, by the offsets on its sides.
template <unsigned from, unsigned to>
struct Gap {
    static_assert(from < to && (to - from) % 4 == 0, "gaps are whole words");
    uint32_t reserved[(to - from) / 4];
};

// A register block at a fixed address, used like a pointer but without storage: `TIMER0->TASKS_START = 1`.
template <class Registers, uintptr_t address>
struct Block {
    static constexpr uintptr_t base = address;
    Registers* operator->() const { return reinterpret_cast<Registers*>(address); }
};

// Any register by address, for blocks that are not declared here.
inline Register& reg(uintptr_t address) { return *reinterpret_cast<Register*>(address); }

// Interrupt numbers (chapter "Interrupts"): the peripheral's address bits 12..19.
enum Irq : uint32_t {
    POWER_CLOCK_IRQn = 0, RADIO_IRQn = 1, UARTE0_UART0_IRQn = 2, SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQn = 3,
    SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQn = 4, NFCT_IRQn = 5, GPIOTE_IRQn = 6, SAADC_IRQn = 7,
    TIMER0_IRQn = 8, TIMER1_IRQn = 9, TIMER2_IRQn = 10, RTC0_IRQn = 11, TEMP_IRQn = 12, RNG_IRQn = 13,
    ECB_IRQn = 14, CCM_AAR_IRQn = 15, WDT_IRQn = 16, RTC1_IRQn = 17, QDEC_IRQn = 18, COMP_LPCOMP_IRQn = 19,
    SWI0_EGU0_IRQn = 20, SWI1_EGU1_IRQn = 21, SWI2_EGU2_IRQn = 22, SWI3_EGU3_IRQn = 23, SWI4_EGU4_IRQn = 24,
    SWI5_EGU5_IRQn = 25, TIMER3_IRQn = 26, TIMER4_IRQn = 27, PWM0_IRQn = 28, PDM_IRQn = 29, MWU_IRQn = 32,
    PWM1_IRQn = 33, PWM2_IRQn = 34, SPIM2_SPIS2_SPI2_IRQn = 35, RTC2_IRQn = 36, I2S_IRQn = 37,
    FPU_IRQn = 38, USBD_IRQn = 39, UARTE1_IRQn = 40, QSPI_IRQn = 41, CRYPTOCELL_IRQn = 42, PWM3_IRQn = 45,
    SPIM3_IRQn = 47,
};

constexpr uintptr_t FICR_BASE = 0x10000000;
constexpr uintptr_t UICR_BASE = 0x10001000;

struct Clock {
    Register TASKS_HFCLKSTART, TASKS_HFCLKSTOP, TASKS_LFCLKSTART, TASKS_LFCLKSTOP;              // 0x000
    Register TASKS_CAL, TASKS_CTSTART, TASKS_CTSTOP;                                            // 0x010
    Gap<0x01C, 0x100> gap_01c;
    Register EVENTS_HFCLKSTARTED, EVENTS_LFCLKSTARTED;                                          // 0x100
    Gap<0x108, 0x10C> gap_108;
    Register EVENTS_DONE, EVENTS_CTTO;                                                          // 0x10C
    Gap<0x114, 0x128> gap_114;
    Register EVENTS_CTSTARTED, EVENTS_CTSTOPPED;                                                // 0x128
    Gap<0x130, 0x304> gap_130;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x408> gap_30c;
    Register HFCLKRUN, HFCLKSTAT;                                                               // 0x408
    Gap<0x410, 0x414> gap_410;
    Register LFCLKRUN, LFCLKSTAT, LFCLKSRCCOPY;                                                 // 0x414
    Gap<0x420, 0x518> gap_420;
    Register LFCLKSRC;                                                                          // 0x518
    Gap<0x51C, 0x528> gap_51c;
    Register HFXODEBOUNCE;                                                                      // 0x528
    Gap<0x52C, 0x538> gap_52c;
    Register CTIV;                                                                              // 0x538
    Gap<0x53C, 0x55C> gap_53c;
    Register TRACECONFIG;                                                                       // 0x55C
    Gap<0x560, 0x5B4> gap_560;
    Register LFRCMODE;                                                                          // 0x5B4
};

struct Power {
    Gap<0x000, 0x078> gap_000;
    Register TASKS_CONSTLAT, TASKS_LOWPWR;                                                      // 0x078
    Gap<0x080, 0x108> gap_080;
    Register EVENTS_POFWARN;                                                                    // 0x108
    Gap<0x10C, 0x114> gap_10c;
    Register EVENTS_SLEEPENTER, EVENTS_SLEEPEXIT, EVENTS_USBDETECTED, EVENTS_USBREMOVED;        // 0x114
    Register EVENTS_USBPWRRDY;                                                                  // 0x124
    Gap<0x128, 0x304> gap_128;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x400> gap_30c;
    Register RESETREAS;                                                                         // 0x400
    Gap<0x404, 0x428> gap_404;
    Register RAMSTATUS;                                                                         // 0x428
    Gap<0x42C, 0x438> gap_42c;
    Register USBREGSTATUS;                                                                      // 0x438
    Gap<0x43C, 0x500> gap_43c;
    Register SYSTEMOFF;                                                                         // 0x500
    Gap<0x504, 0x510> gap_504;
    Register POFCON;                                                                            // 0x510
    Gap<0x514, 0x51C> gap_514;
    Register GPREGRET, GPREGRET2;                                                               // 0x51C
    Gap<0x524, 0x578> gap_524;
    Register DCDCEN;                                                                            // 0x578
    Gap<0x57C, 0x580> gap_57c;
    Register DCDCEN0;                                                                           // 0x580
    Gap<0x584, 0x640> gap_584;
    Register MAINREGSTATUS;                                                                     // 0x640
    Gap<0x644, 0x900> gap_644;
    struct { Register POWER, POWERSET, POWERCLR; } RAM[9];                                      // 0x900
};

struct Gpio {
    Gap<0x000, 0x504> gap_000;
    Register OUT, OUTSET, OUTCLR, IN, DIR, DIRSET, DIRCLR, LATCH, DETECTMODE;                   // 0x504
    Gap<0x528, 0x700> gap_528;
    Register PIN_CNF[32];                                                                       // 0x700
};

struct Gpiote {
    Register TASKS_OUT[8];                                                                      // 0x000
    Gap<0x020, 0x030> gap_020;
    Register TASKS_SET[8];                                                                      // 0x030
    Gap<0x050, 0x060> gap_050;
    Register TASKS_CLR[8];                                                                      // 0x060
    Gap<0x080, 0x100> gap_080;
    Register EVENTS_IN[8];                                                                      // 0x100
    Gap<0x120, 0x17C> gap_120;
    Register EVENTS_PORT;                                                                       // 0x17C
    Gap<0x180, 0x304> gap_180;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x510> gap_30c;
    Register CONFIG[8];                                                                         // 0x510
};

struct Uarte {
    Register TASKS_STARTRX, TASKS_STOPRX, TASKS_STARTTX, TASKS_STOPTX;                          // 0x000
    Gap<0x010, 0x02C> gap_010;
    Register TASKS_FLUSHRX;                                                                     // 0x02C
    Gap<0x030, 0x100> gap_030;
    Register EVENTS_CTS, EVENTS_NCTS, EVENTS_RXDRDY;                                            // 0x100
    Gap<0x10C, 0x110> gap_10c;
    Register EVENTS_ENDRX;                                                                      // 0x110
    Gap<0x114, 0x11C> gap_114;
    Register EVENTS_TXDRDY, EVENTS_ENDTX, EVENTS_ERROR;                                         // 0x11C
    Gap<0x128, 0x144> gap_128;
    Register EVENTS_RXTO;                                                                       // 0x144
    Gap<0x148, 0x14C> gap_148;
    Register EVENTS_RXSTARTED, EVENTS_TXSTARTED;                                                // 0x14C
    Gap<0x154, 0x158> gap_154;
    Register EVENTS_TXSTOPPED;                                                                  // 0x158
    Gap<0x15C, 0x200> gap_15c;
    Register SHORTS;                                                                            // 0x200
    Gap<0x204, 0x300> gap_204;
    Register INTEN, INTENSET, INTENCLR;                                                         // 0x300
    Gap<0x30C, 0x480> gap_30c;
    Register ERRORSRC;                                                                          // 0x480
    Gap<0x484, 0x500> gap_484;
    Register ENABLE;                                                                            // 0x500
    Gap<0x504, 0x508> gap_504;
    Register PSEL_RTS, PSEL_TXD, PSEL_CTS, PSEL_RXD;                                            // 0x508
    Gap<0x518, 0x524> gap_518;
    Register BAUDRATE;                                                                          // 0x524
    Gap<0x528, 0x534> gap_528;
    Register RXD_PTR, RXD_MAXCNT, RXD_AMOUNT;                                                   // 0x534
    Gap<0x540, 0x544> gap_540;
    Register TXD_PTR, TXD_MAXCNT, TXD_AMOUNT;                                                   // 0x544
    Gap<0x550, 0x56C> gap_550;
    Register CONFIG;                                                                            // 0x56C
};

struct Twim {
    Register TASKS_STARTRX;                                                                     // 0x000
    Gap<0x004, 0x008> gap_004;
    Register TASKS_STARTTX;                                                                     // 0x008
    Gap<0x00C, 0x014> gap_00c;
    Register TASKS_STOP;                                                                        // 0x014
    Gap<0x018, 0x01C> gap_018;
    Register TASKS_SUSPEND, TASKS_RESUME;                                                       // 0x01C
    Gap<0x024, 0x104> gap_024;
    Register EVENTS_STOPPED;                                                                    // 0x104
    Gap<0x108, 0x124> gap_108;
    Register EVENTS_ERROR;                                                                      // 0x124
    Gap<0x128, 0x148> gap_128;
    Register EVENTS_SUSPENDED, EVENTS_RXSTARTED, EVENTS_TXSTARTED;                              // 0x148
    Gap<0x154, 0x15C> gap_154;
    Register EVENTS_LASTRX, EVENTS_LASTTX;                                                      // 0x15C
    Gap<0x164, 0x200> gap_164;
    Register SHORTS;                                                                            // 0x200
    Gap<0x204, 0x300> gap_204;
    Register INTEN, INTENSET, INTENCLR;                                                         // 0x300
    Gap<0x30C, 0x4C4> gap_30c;
    Register ERRORSRC;                                                                          // 0x4C4
    Gap<0x4C8, 0x500> gap_4c8;
    Register ENABLE;                                                                            // 0x500
    Gap<0x504, 0x508> gap_504;
    Register PSEL_SCL, PSEL_SDA;                                                                // 0x508
    Gap<0x510, 0x524> gap_510;
    Register FREQUENCY;                                                                         // 0x524
    Gap<0x528, 0x534> gap_528;
    Register RXD_PTR, RXD_MAXCNT, RXD_AMOUNT, RXD_LIST, TXD_PTR, TXD_MAXCNT, TXD_AMOUNT;        // 0x534
    Register TXD_LIST;                                                                          // 0x550
    Gap<0x554, 0x588> gap_554;
    Register ADDRESS;                                                                           // 0x588
};

struct Timer {
    Register TASKS_START, TASKS_STOP, TASKS_COUNT, TASKS_CLEAR, TASKS_SHUTDOWN;                 // 0x000
    Gap<0x014, 0x040> gap_014;
    Register TASKS_CAPTURE[6];                                                                  // 0x040
    Gap<0x058, 0x140> gap_058;
    Register EVENTS_COMPARE[6];                                                                 // 0x140
    Gap<0x158, 0x200> gap_158;
    Register SHORTS;                                                                            // 0x200
    Gap<0x204, 0x304> gap_204;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x504> gap_30c;
    Register MODE, BITMODE;                                                                     // 0x504
    Gap<0x50C, 0x510> gap_50c;
    Register PRESCALER;                                                                         // 0x510
    Gap<0x514, 0x540> gap_514;
    Register CC[6];                                                                             // 0x540
};

struct Rtc {
    Register TASKS_START, TASKS_STOP, TASKS_CLEAR, TASKS_TRIGOVRFLW;                            // 0x000
    Gap<0x010, 0x100> gap_010;
    Register EVENTS_TICK, EVENTS_OVRFLW;                                                        // 0x100
    Gap<0x108, 0x140> gap_108;
    Register EVENTS_COMPARE[4];                                                                 // 0x140
    Gap<0x150, 0x304> gap_150;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x340> gap_30c;
    Register EVTEN, EVTENSET, EVTENCLR;                                                         // 0x340
    Gap<0x34C, 0x504> gap_34c;
    Register COUNTER, PRESCALER;                                                                // 0x504
    Gap<0x50C, 0x540> gap_50c;
    Register CC[4];                                                                             // 0x540
};

struct Ppi {
    struct { Register EN, DIS; } TASKS_CHG[6];                                                  // 0x000
    Gap<0x030, 0x500> gap_030;
    Register CHEN, CHENSET, CHENCLR;                                                            // 0x500
    Gap<0x50C, 0x510> gap_50c;
    struct { Register EEP, TEP; } CH[20];                                                       // 0x510
    Gap<0x5B0, 0x800> gap_5b0;
    Register CHG[6];                                                                            // 0x800
    Gap<0x818, 0x910> gap_818;
    Register FORK_TEP[32];                                                                      // 0x910
};

struct Egu {
    Register TASKS_TRIGGER[16];                                                                 // 0x000
    Gap<0x040, 0x100> gap_040;
    Register EVENTS_TRIGGERED[16];                                                              // 0x100
    Gap<0x140, 0x300> gap_140;
    Register INTEN, INTENSET, INTENCLR;                                                         // 0x300
};

struct Nvmc {
    Gap<0x000, 0x400> gap_000;
    Register READY;                                                                             // 0x400
    Gap<0x404, 0x408> gap_404;
    Register READYNEXT;                                                                         // 0x408
    Gap<0x40C, 0x504> gap_40c;
    Register CONFIG, ERASEPAGE, ERASEALL, ERASEPCR0, ERASEUICR, ERASEPAGEPARTIAL;               // 0x504
    Register ERASEPAGEPARTIALCFG;                                                               // 0x51C
    Gap<0x520, 0x540> gap_520;
    Register ICACHECNF;                                                                         // 0x540
    Gap<0x544, 0x548> gap_544;
    Register IHIT, IMISS;                                                                       // 0x548
};

struct Rng {
    Register TASKS_START, TASKS_STOP;                                                           // 0x000
    Gap<0x008, 0x100> gap_008;
    Register EVENTS_VALRDY;                                                                     // 0x100
    Gap<0x104, 0x200> gap_104;
    Register SHORTS;                                                                            // 0x200
    Gap<0x204, 0x304> gap_204;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x504> gap_30c;
    Register CONFIG, VALUE;                                                                     // 0x504
};

struct Temp {
    Register TASKS_START, TASKS_STOP;                                                           // 0x000
    Gap<0x008, 0x100> gap_008;
    Register EVENTS_DATARDY;                                                                    // 0x100
    Gap<0x104, 0x304> gap_104;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x508> gap_30c;
    Register TEMP;                                                                              // 0x508
    Gap<0x50C, 0x520> gap_50c;
    Register A0, A1, A2, A3, A4, A5;                                                            // 0x520
    Gap<0x538, 0x540> gap_538;
    Register B0, B1, B2, B3, B4, B5;                                                            // 0x540
    Gap<0x558, 0x560> gap_558;
    Register T0, T1, T2, T3, T4;                                                                // 0x560
};

struct Wdt {
    Register TASKS_START;                                                                       // 0x000
    Gap<0x004, 0x100> gap_004;
    Register EVENTS_TIMEOUT;                                                                    // 0x100
    Gap<0x104, 0x304> gap_104;
    Register INTENSET, INTENCLR;                                                                // 0x304
    Gap<0x30C, 0x400> gap_30c;
    Register RUNSTATUS, REQSTATUS;                                                              // 0x400
    Gap<0x408, 0x504> gap_408;
    Register CRV, RREN, CONFIG;                                                                 // 0x504
    Gap<0x510, 0x600> gap_510;
    Register RR[8];                                                                             // 0x600
};

constexpr Block<Clock, 0x40000000> CLOCK;
constexpr Block<Power, 0x40000000> POWER;
constexpr Block<Uarte, 0x40002000> UARTE0;
constexpr Block<Twim, 0x40003000> TWIM0;
constexpr Block<Twim, 0x40004000> TWIM1;
constexpr Block<Gpiote, 0x40006000> GPIOTE;
constexpr Block<Timer, 0x40008000> TIMER0;
constexpr Block<Timer, 0x40009000> TIMER1;
constexpr Block<Timer, 0x4000A000> TIMER2;
constexpr Block<Rtc, 0x4000B000> RTC0;
constexpr Block<Temp, 0x4000C000> TEMP;
constexpr Block<Rng, 0x4000D000> RNG;
constexpr Block<Wdt, 0x40010000> WDT;
constexpr Block<Rtc, 0x40011000> RTC1;
constexpr Block<Egu, 0x40014000> EGU0;
constexpr Block<Egu, 0x40015000> EGU1;
constexpr Block<Egu, 0x40016000> EGU2;
constexpr Block<Egu, 0x40017000> EGU3;
constexpr Block<Egu, 0x40018000> EGU4;
constexpr Block<Egu, 0x40019000> EGU5;
constexpr Block<Timer, 0x4001A000> TIMER3;
constexpr Block<Timer, 0x4001B000> TIMER4;
constexpr Block<Nvmc, 0x4001E000> NVMC;
constexpr Block<Ppi, 0x4001F000> PPI;
constexpr Block<Rtc, 0x40024000> RTC2;
constexpr Block<Uarte, 0x40028000> UARTE1;
constexpr Block<Gpio, 0x50000000> P0;
constexpr Block<Gpio, 0x50000300> P1;

static_assert(offsetof(Clock, LFRCMODE) == 0x5B4 && offsetof(Power, RAM) == 0x900, "CLOCK, POWER");
static_assert(offsetof(Gpio, PIN_CNF) == 0x700 && offsetof(Gpiote, CONFIG) == 0x510, "GPIO, GPIOTE");
static_assert(offsetof(Uarte, CONFIG) == 0x56C && offsetof(Twim, ADDRESS) == 0x588, "UARTE, TWIM");
static_assert(offsetof(Timer, CC) == 0x540 && offsetof(Rtc, CC) == 0x540, "TIMER, RTC");
static_assert(offsetof(Ppi, FORK_TEP) == 0x910 && offsetof(Egu, INTENCLR) == 0x308, "PPI, EGU");
static_assert(offsetof(Nvmc, IMISS) == 0x54C && offsetof(Wdt, RR) == 0x600, "NVMC, WDT");
static_assert(offsetof(Rng, VALUE) == 0x508 && offsetof(Temp, T4) == 0x570, "RNG, TEMP");

}  // namespace nrf52840
