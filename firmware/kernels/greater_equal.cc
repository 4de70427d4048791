// GREATER_EQUAL: float32, int8, int32, int64.
#include "kernels/comparison.h"

namespace cmsim {
namespace {

struct Compare {
    template <class T>
    bool operator()(T a, T b) const {
        return a >= b;
    }
};

}  // namespace

const Registration op::GREATER_EQUAL = {"GREATER_EQUAL", builtin::kGreaterEqual, 3, prepare_comparison,
                                           invoke_comparison<Compare>};

}  // namespace cmsim
