// BATCH_MATMUL: products of matrices [..., rows, depth] and [..., depth, columns], either one also stored transposed;
// the dimensions before the last two are batches, broadcast as numpy does. float32, int8, and int16 with zero points 0.
// Neither matrix is rearranged: no memory is needed for that.
#include "kernels/fixed_point.h"
#include "kernels/operators.h"
#include "kernels/quantization.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

// Elements from one row, and from one index of the depth, to the next.
struct Steps {
    int32_t outer;
    int32_t depth;
};

struct Data {
    int32_t rows;
    int32_t columns;
    int32_t depth;
    Steps left;   // outer: rows
    Steps right;  // outer: columns
    Multiplier multiplier;
};

// Dimension `axis` of a shape that begins with ones until it has `rank` dimensions.
int32_t extended_dim(const Tensor& tensor, unsigned axis, uint32_t rank) {
    const uint32_t added = rank - tensor.rank();
    return axis < added ? 1 : tensor.dim(axis - added);
}

bool batches_fit(const Tensor& left, const Tensor& right, const Tensor& output) {
    const uint32_t rank = output.rank();
    for (unsigned axis = 0; axis + 2 < rank; ++axis) {
        const int32_t a = extended_dim(left, axis, rank), b = extended_dim(right, axis, rank);
        if ((a != b && a != 1 && b != 1) || output.dim(axis) != (a == 1 ? b : a)) return false;
    }
    return true;
}

Status set_multiplier(Context& context, const Tensor& left, const Tensor& right, const Tensor& output,
                      Multiplier* multiplier) {
    if (!is_quantized(left) || !is_quantized(right) || !is_quantized(output)) {
        return context.unsupported("one scale and a zero point that fits are needed");
    }
    if (left.type == TensorType::kInt16 &&
        (left.zero_point() != 0 || right.zero_point() != 0 || output.zero_point() != 0)) {
        return context.unsupported("int16 must have zero point 0");
    }
    const double product = static_cast<double>(left.scale()) * static_cast<double>(right.scale());
    if (!quantize_multiplier(product / static_cast<double>(output.scale()), multiplier)) {
        return context.unsupported("scales");
    }
    if (left.type == TensorType::kInt16 && multiplier->shift > kMaxWideShift) return context.unsupported("scales");
    return Status::kOk;
}

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& left = *context.input(node, 0);
    const Tensor& right = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (left.type != right.type || left.type != output.type) {
        return context.unsupported("inputs and output differ in type");
    }
    if (left.type != TensorType::kFloat32 && left.type != TensorType::kInt8 && left.type != TensorType::kInt16) {
        return context.unsupported("inputs must be float32, int8 or int16");
    }
    const uint32_t rank = left.rank() > right.rank() ? left.rank() : right.rank();
    if (left.rank() < 2 || right.rank() < 2 || output.rank() != rank) return context.unsupported("shapes");
    const bool left_transposed = context.options.scalar<uint8_t>(field::batch_matmul::kAdjX) != 0;
    const bool right_transposed = context.options.scalar<uint8_t>(field::batch_matmul::kAdjY) != 0;
    const int32_t left_height = left.dim(left.rank() - 2), left_width = left.dim(left.rank() - 1);
    const int32_t right_height = right.dim(right.rank() - 2), right_width = right.dim(right.rank() - 1);

    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    data->rows = left_transposed ? left_width : left_height;
    data->columns = right_transposed ? right_height : right_width;
    data->depth = left_transposed ? left_height : left_width;
    data->left = left_transposed ? Steps{1, left_width} : Steps{left_width, 1};
    data->right = right_transposed ? Steps{right_width, 1} : Steps{1, right_width};
    if (data->depth != (right_transposed ? right_width : right_height)) {
        return context.unsupported("the matrices do not fit");
    }
    if (output.dim(rank - 2) != data->rows || output.dim(rank - 1) != data->columns ||
        !batches_fit(left, right, output)) {
        return context.unsupported("output shape");
    }
    if (left.type == TensorType::kFloat32) return Status::kOk;
    return set_multiplier(context, left, right, output, &data->multiplier);
}

// The input's matrix for matrix `index` of the output, in elements.
int32_t matrix_begin(const Tensor& input, const Tensor& output, int32_t index) {
    const uint32_t rank = output.rank();
    const unsigned added = rank - input.rank();
    int32_t begin = 0;
    for (unsigned axis = rank - 2; axis-- > added;) {
        const int32_t at = index % output.dim(axis);
        index /= output.dim(axis);
        if (input.dim(axis - added) > 1) begin += at * stride_of(input, axis - added);
    }
    return begin;
}

// result = finish(first + left * right + ...), each product of two elements by multiply(left, right).
template <class T, class Sum, class Product, class Finish>
void multiply_all(const Data& data, const Tensor& left, const Tensor& right, const Tensor& output, Product product,
                  Finish finish) {
    const Steps row = data.left, column = data.right;
    T* result = output.as<T>();
    const int32_t matrices = count_between(output, 0, output.rank() - 2);
    for (int32_t matrix = 0; matrix < matrices; ++matrix) {
        const T* left_row = left.as<const T>() + matrix_begin(left, output, matrix);
        const T* right_begin = right.as<const T>() + matrix_begin(right, output, matrix);
        for (int32_t i = 0; i < data.rows; ++i, left_row += row.outer) {
            const T* right_column = right_begin;
            for (int32_t j = 0; j < data.columns; ++j, right_column += column.outer) {
                Sum sum = 0;
                const T* a = left_row;
                const T* b = right_column;
                for (int32_t k = 0; k < data.depth; ++k, a += row.depth, b += column.depth) sum += product(*a, *b);
                *result++ = finish(sum);
            }
        }
    }
}

Status invoke(Context& context, Node& node) {
    const Data& data = *static_cast<const Data*>(node.data);
    const Tensor& left = *context.input(node, 0);
    const Tensor& right = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const Multiplier multiplier = data.multiplier;
    if (left.type == TensorType::kFloat32) {
        multiply_all<float, float>(
            data, left, right, output, [](float a, float b) { return a * b; }, [](float sum) { return sum; });
    } else if (left.type == TensorType::kInt8) {
        const int32_t left_zero = left.zero_point(), right_zero = right.zero_point(), output_zero = output.zero_point();
        multiply_all<int8_t, uint32_t>(  // unsigned: it may wrap
            data, left, right, output,
            [=](int8_t a, int8_t b) { return static_cast<uint32_t>((a - left_zero) * (b - right_zero)); },
            [=](uint32_t sum) {
                const int32_t scaled = multiply(static_cast<int32_t>(sum), multiplier);
                return static_cast<int8_t>(clamp(add_wrapping(scaled, output_zero), -128, 127));
            });
    } else {
        multiply_all<int16_t, int64_t>(
            data, left, right, output, [](int16_t a, int16_t b) { return static_cast<int32_t>(a) * b; },
            [=](int64_t sum) { return static_cast<int16_t>(clamp(multiply_wide(sum, multiplier), -32768, 32767)); });
    }
    return Status::kOk;
}

}  // namespace

const Registration op::BATCH_MATMUL = {"BATCH_MATMUL", builtin::kBatchMatmul, 4, prepare, invoke};

}  // namespace cmsim
