"""What the LSM9DS1's rate and range codes mean (DocID025715 rev 3: Tables 3, 5, 45 to 47, 67, 68, 111, 114)."""

from __future__ import annotations

from cmsim.kernel import Rate, cycles_of

BOOT_CYCLES, RESET_CYCLES = cycles_of(0.020), cycles_of(0.010)

# --- accelerometer and gyroscope --------------------------------------------------------------------------------
GYRO_RATES = (None, *(Rate.hertz(tenths, 10) for tenths in (149, 595, 1190, 2380, 4760, 9520)), None)
"""By ODR_G; both sensors run at it."""
XL_RATES = (None, *(Rate.hertz(hz) for hz in (10, 50, 119, 238, 476, 952)), None)
"""By ODR_XL, while the gyroscope is off."""
TEMPERATURE_RATE, TEMPERATURE_RATE_GYRO = Rate.hertz(50), Rate.hertz(595, 10)
"""TODR (Table 5); 10 Hz with an accelerometer at 10 Hz alone."""
GYRO_UDPS = (8750, 17500, 17500, 70000)
"""Micro-dps per count by FS_G: 245, 500, 2000 dps; code 2 is not available."""
XL_UG = (61, 732, 122, 244)
"""Micro-g per count by FS_XL: 2, 16, 4, 8 g."""
TEMPERATURE_UDEGC = 62_500
"""16 counts per degC, 0 at 25 degC."""
SELF_TEST_G = 0.5
SELF_TEST_DPS = (130.0, 200.0, 200.0, 530.0)
ORIENTATION = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0), (0, 1, 2), (0, 1, 2))
"""Orient[2:0]: which axis the outputs X, Y, Z show."""

# --- magnetometer -----------------------------------------------------------------------------------------------
MAG_RATES = tuple(Rate.hertz(5 << code, 8) for code in range(8))
"""By DO: 0.625 Hz to 80 Hz, doubling."""
MAG_FAST_RATES = tuple(Rate.hertz(hz) for hz in (1000, 560, 300, 155))
"""By OM while FAST_ODR is set."""
MAG_UGAUSS = (140, 290, 430, 580)
"""Micro-gauss per count by FS: 4, 8, 12, 16 gauss."""
MAG_SELF_TEST = (2.0, 2.0, 0.5)
"""Gauss on X, Y, Z."""
