#include "interpreter/variables.h"

namespace cmsim {
namespace {

bool equal(const char* a, const char* b) {
    while (*a != 0 && *a == *b) ++a, ++b;
    return *a == *b;
}

}  // namespace

Variable* find_or_add_variable(Context& context, const char* container, const char* name) {
    int32_t number = 0;
    Variable** link = &context.variables;
    for (; *link != nullptr; link = &(*link)->next, ++number) {
        Variable* variable = *link;
        // A model may leave the container out to save space: then the name alone counts.
        if (equal(name, variable->name) && (*container == 0 || equal(container, variable->container))) return variable;
    }
    if (context.arena->missing() > 0) return nullptr;  // or it would be counted at each use
    auto* variable = context.allocate<Variable>();
    if (variable == nullptr) return nullptr;
    *variable = {nullptr, number, container, name, nullptr, 0, 0};
    *link = variable;
    return variable;
}

Variable* variable_of(const Context& context, const Tensor& handle) {
    const int32_t number = *handle.as<const int32_t>();
    Variable* variable = context.variables;
    while (variable != nullptr && variable->number != number) variable = variable->next;
    return variable;
}

void reset_variables(Variable* first) {
    for (Variable* variable = first; variable != nullptr; variable = variable->next) {
        if (variable->data != nullptr) __builtin_memset(variable->data, variable->initial, variable->bytes);
    }
}

}  // namespace cmsim
