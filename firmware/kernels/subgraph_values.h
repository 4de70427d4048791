// Values that IF and WHILE hand to a subgraph and take back from it: copied, one tensor after the other.
#pragma once
#include "interpreter/operator.h"
#include "interpreter/subgraph.h"

namespace cmsim {

// In prepare(): whether operator tensors `indices[0..count)` match a subgraph's `others` in number, type and size. `indices` may
// not have -1.
bool same_values(const Context& context, const int32_t* indices, uint32_t count, const Subgraph& subgraph,
                 const int32_t* others);

// In invoke(): from the operator's tensors to the subgraph's inputs, and from its outputs to the operator's.
void copy_to_inputs(const Context& context, const int32_t* indices, const Subgraph& subgraph);
void copy_from_outputs(const Context& context, const int32_t* indices, const Subgraph& subgraph);

}  // namespace cmsim
