#include "interpreter/status.h"

namespace cmsim {

const char* status_text(Status status) {
    switch (status) {
        case Status::kOk: return "ok";
        case Status::kModelDamaged: return "model is damaged or not a .tflite file";
        case Status::kModelUnsupported: return "model is not supported";
        case Status::kOperatorMissing: return "operator is missing in the resolver";
        case Status::kOperatorVersion: return "operator version is not supported";
        case Status::kOperatorUnsupported: return "operator is used in an unsupported way";
        case Status::kArenaTooSmall: return "arena is too small";
        case Status::kNotPrepared: return "prepare() has not succeeded";
    }
    return "unknown status";
}

}  // namespace cmsim
