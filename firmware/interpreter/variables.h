// Resource variables: values that VAR_HANDLE, ASSIGN_VARIABLE and READ_VARIABLE keep from one inference to the next, shared by
// name between the subgraphs. A tensor of type kResource holds a variable's number.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/operator.h"

namespace cmsim {

struct Variable {
    Variable* next;
    int32_t number;
    const char* container;  // "" where the model has none
    const char* name;
    void* data;             // null until an ASSIGN_VARIABLE has been prepared
    uint32_t bytes;
    int8_t initial;         // each of its bytes before the first assignment
};

// The variable of that name, made if there is none; null: no memory.
Variable* find_or_add_variable(Context& context, const char* container, const char* name);

// The variable whose number the tensor holds, null if there is none.
Variable* variable_of(const Context& context, const Tensor& handle);

// Sets all to their initial values.
void reset_variables(Variable* first);

}  // namespace cmsim
