// ELU: float32; int8 by a table of all 256 values.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {
namespace {

struct Table {
    int8_t values[256];
};

float elu(float x) { return x < 0 ? float_expm1_on_negative(x) : x; }

// As TensorFlow Lite Micro fills it, each operation rounded to float; steps beyond int8 saturate.
void fill(const Tensor& input, const Tensor& output, Table* table) {
    const float per_step = 1 / output.scale();
    for (int32_t quantized = -128; quantized <= 127; ++quantized) {
        const float x = input.scale() * static_cast<float>(quantized - input.zero_point());
        const float y = x < 0 ? float_exp(x) - 1.0f : x;
        const float steps = round_half_away(y * per_step) + static_cast<float>(output.zero_point());
        const int32_t value = steps >= 127.0f ? 127 : steps > -128.0f ? static_cast<int32_t>(steps) : -128;
        table->values[static_cast<uint8_t>(quantized)] = static_cast<int8_t>(value);
    }
}

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.input->type != tensors.output->type) return context.unsupported("input and output differ in type");
    if (tensors.input->type == TensorType::kFloat32) return Status::kOk;
    if (!is_int8(*tensors.input) || !is_int8(*tensors.output)) {
        return context.unsupported("input and output must be float32 or quantised int8");
    }
    auto* table = context.allocate<Table>();
    if (table == nullptr) return Status::kArenaTooSmall;
    node.data = table;
    fill(*tensors.input, *tensors.output, table);
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    if (tensors.input->type == TensorType::kFloat32) return invoke_float<elu>(context, node);
    const int8_t* table = static_cast<const Table*>(node.data)->values;
    for_each<uint8_t, int8_t>(tensors, [table](uint8_t value) { return table[value]; });
    return Status::kOk;
}

}  // namespace

const Registration op::ELU = {"ELU", builtin::kElu, 1, prepare, invoke};

}  // namespace cmsim
