// What LOGICAL_AND and LOGICAL_OR share. A byte that is neither 0 nor 1 counts as true.
#pragma once
#include "kernels/elementwise.h"

namespace cmsim {

Status prepare_logical(Context& context, Node& node);

}  // namespace cmsim
