// How things end: a code, and what an application can print about it.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cmsim {

enum class Status : uint8_t {
    kOk,
    kModelDamaged,         // not a TensorFlow Lite flatbuffer, cut off, or an offset that leads out of it
    kModelUnsupported,     // intact, but needs what this interpreter does not have
    kOperatorMissing,      // the resolver does not have this operator
    kOperatorVersion,      // it has, but not this version
    kOperatorUnsupported,  // type, shape, option or quantisation that the operator does not take
    kArenaTooSmall,
    kNotPrepared,
};

const char* status_text(Status status);

// The last failure of an interpreter. Texts are constants or lie in the model.
struct Error {
    Status status = Status::kOk;
    const char* reason = "";            // what exactly was wrong, "" where the status says it all
    int32_t operator_index = -1;        // position in the subgraph's list, -1: no operator is to blame
    int32_t subgraph = 0;
    int32_t builtin_code = -1;          // TFLite's BuiltinOperator; see operator_name()
    const char* custom_name = nullptr;  // set for a custom operator
    int32_t version = 0;                // which the model asks for
    size_t missing_bytes = 0;           // kArenaTooSmall: the arena needs at least so many bytes more
};

// TFLite's name of a builtin operator, "CONV_2D" for 3. A table of all names, linked only into what calls this.
const char* builtin_operator_name(int32_t builtin_code);

inline const char* operator_name(const Error& error) {
    return error.custom_name != nullptr ? error.custom_name : builtin_operator_name(error.builtin_code);
}

}  // namespace cmsim
