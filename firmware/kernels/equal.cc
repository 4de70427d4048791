// EQUAL: float32, int8, int32, int64, bool.
#include "kernels/comparison.h"

namespace cmsim {
namespace {

struct Compare {
    template <class T>
    bool operator()(T a, T b) const {
        return a == b;
    }
};

}  // namespace

const Registration op::EQUAL = {"EQUAL", builtin::kEqual, 4, prepare_equality, invoke_comparison<Compare>};

}  // namespace cmsim
