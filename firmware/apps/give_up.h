// How the applications end when the interpreter fails: the error in one line on the UART, then nothing more.
#pragma once
#include "interpreter/status.h"

[[noreturn]] void give_up(const cmsim::Error& error);
