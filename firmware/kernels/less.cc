// LESS: float32, int8, int32, int64.
#include "kernels/comparison.h"

namespace cmsim {
namespace {

struct Compare {
    template <class T>
    bool operator()(T a, T b) const {
        return a < b;
    }
};

}  // namespace

const Registration op::LESS = {"LESS", builtin::kLess, 3, prepare_comparison, invoke_comparison<Compare>};

}  // namespace cmsim
