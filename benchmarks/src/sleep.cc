// An hour of waking up once a second.
#include "drivers/rtc.h"

int main() {
    rtc::begin();
    uint32_t wake = rtc::now();
    for (int second = 0; second < 3600; ++second) rtc::sleep_until(wake += rtc::kTicksPerSecond);
    return 0;
}
