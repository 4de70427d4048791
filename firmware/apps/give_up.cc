#include "apps/give_up.h"

#include "drivers/print.h"
#include "startup/cortex_m4.h"

void give_up(const cmsim::Error& error) {
    {
        Line line;
        line << "error: " << cmsim::status_text(error.status);
        if (error.operator_index >= 0) {
            line << ", operator " << error.operator_index << " " << cmsim::operator_name(error);
            if (error.version > 0) line << " version " << error.version;
        }
        if (error.reason[0] != 0) line << ": " << error.reason;
        if (error.missing_bytes > 0) line << ", " << error.missing_bytes << " bytes are missing";
    }
    cortex_m4::halt();
}
