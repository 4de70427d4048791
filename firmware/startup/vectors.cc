// The vector table: 16 entries of the core (ARMv7-M B1.5.3), 48 of the nRF52840. Every handler is weak: define a
// function of that name (extern "C") and the linker takes it instead.
#include <stdint.h>

extern "C" {

extern uint32_t __StackTop;
void Reset_Handler();

// An exception nobody handles: stay here, where a debugger or simulator sees which one in IPSR.
void Default_Handler() {
    for (;;) {
    }
}

#define HANDLER(name) void name() __attribute__((weak, alias("Default_Handler")));
HANDLER(NMI_Handler)
HANDLER(HardFault_Handler)
HANDLER(MemManage_Handler)
HANDLER(BusFault_Handler)
HANDLER(UsageFault_Handler)
HANDLER(SVC_Handler)
HANDLER(DebugMon_Handler)
HANDLER(PendSV_Handler)
HANDLER(SysTick_Handler)
HANDLER(POWER_CLOCK_IRQHandler)
HANDLER(RADIO_IRQHandler)
HANDLER(UARTE0_UART0_IRQHandler)
HANDLER(SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQHandler)
HANDLER(SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQHandler)
HANDLER(NFCT_IRQHandler)
HANDLER(GPIOTE_IRQHandler)
HANDLER(SAADC_IRQHandler)
HANDLER(TIMER0_IRQHandler)
HANDLER(TIMER1_IRQHandler)
HANDLER(TIMER2_IRQHandler)
HANDLER(RTC0_IRQHandler)
HANDLER(TEMP_IRQHandler)
HANDLER(RNG_IRQHandler)
HANDLER(ECB_IRQHandler)
HANDLER(CCM_AAR_IRQHandler)
HANDLER(WDT_IRQHandler)
HANDLER(RTC1_IRQHandler)
HANDLER(QDEC_IRQHandler)
HANDLER(COMP_LPCOMP_IRQHandler)
HANDLER(SWI0_EGU0_IRQHandler)
HANDLER(SWI1_EGU1_IRQHandler)
HANDLER(SWI2_EGU2_IRQHandler)
HANDLER(SWI3_EGU3_IRQHandler)
HANDLER(SWI4_EGU4_IRQHandler)
HANDLER(SWI5_EGU5_IRQHandler)
HANDLER(TIMER3_IRQHandler)
HANDLER(TIMER4_IRQHandler)
HANDLER(PWM0_IRQHandler)
HANDLER(PDM_IRQHandler)
HANDLER(MWU_IRQHandler)
HANDLER(PWM1_IRQHandler)
HANDLER(PWM2_IRQHandler)
HANDLER(SPIM2_SPIS2_SPI2_IRQHandler)
HANDLER(RTC2_IRQHandler)
HANDLER(I2S_IRQHandler)
HANDLER(FPU_IRQHandler)
HANDLER(USBD_IRQHandler)
HANDLER(UARTE1_IRQHandler)
HANDLER(QSPI_IRQHandler)
HANDLER(CRYPTOCELL_IRQHandler)
HANDLER(PWM3_IRQHandler)
HANDLER(SPIM3_IRQHandler)
#undef HANDLER

using Handler = void (*)();

struct VectorTable {
    uint32_t* initial_sp;
    Handler core[15];
    Handler irq[48];
};
static_assert(sizeof(Handler) != 4 || sizeof(VectorTable) == 0x100, "64 vectors");

extern const VectorTable __isr_vector;  // a declaration first: a const object would be local to this file
__attribute__((used, section(".isr_vector"))) const VectorTable __isr_vector = {
    &__StackTop,
    {Reset_Handler, NMI_Handler, HardFault_Handler, MemManage_Handler, BusFault_Handler, UsageFault_Handler, 0, 0, 0, 0,
     SVC_Handler, DebugMon_Handler, 0, PendSV_Handler, SysTick_Handler},
    {
    POWER_CLOCK_IRQHandler, RADIO_IRQHandler, UARTE0_UART0_IRQHandler,
    SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQHandler, SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQHandler,
    NFCT_IRQHandler, GPIOTE_IRQHandler, SAADC_IRQHandler, TIMER0_IRQHandler, TIMER1_IRQHandler,
    TIMER2_IRQHandler, RTC0_IRQHandler, TEMP_IRQHandler, RNG_IRQHandler, ECB_IRQHandler, CCM_AAR_IRQHandler,
    WDT_IRQHandler, RTC1_IRQHandler, QDEC_IRQHandler, COMP_LPCOMP_IRQHandler, SWI0_EGU0_IRQHandler,
    SWI1_EGU1_IRQHandler, SWI2_EGU2_IRQHandler, SWI3_EGU3_IRQHandler, SWI4_EGU4_IRQHandler,
    SWI5_EGU5_IRQHandler, TIMER3_IRQHandler, TIMER4_IRQHandler, PWM0_IRQHandler, PDM_IRQHandler, 0, 0,
    MWU_IRQHandler, PWM1_IRQHandler, PWM2_IRQHandler, SPIM2_SPIS2_SPI2_IRQHandler, RTC2_IRQHandler,
    I2S_IRQHandler, FPU_IRQHandler, USBD_IRQHandler, UARTE1_IRQHandler, QSPI_IRQHandler,
    CRYPTOCELL_IRQHandler, 0, 0, PWM3_IRQHandler, 0, SPIM3_IRQHandler,
    },
};

}  // extern "C"
