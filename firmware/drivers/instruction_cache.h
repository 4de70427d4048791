// The cache between the CPU and the flash (nRF52840 Product Specification, NVMC, ICACHECNF). It is off after a reset; with it
// off a fetch waits at each line of 16 bytes.
#pragma once
#include "startup/nrf52840.h"

namespace instruction_cache {

inline void enable() { nrf52840::NVMC->ICACHECNF = 1; }

}  // namespace instruction_cache
