// The part of Interpreter that turns the flatbuffer into Tensors and Nodes, and trusts nothing in it.
#include "interpreter/interpreter.h"

namespace cmsim {
namespace {

constexpr uint32_t kMaxTensorBytes = 0x10000000;
constexpr uint32_t kMaxRank = 8;
constexpr uint32_t kMaxOperators = 0x7FFF;  // lifetimes are 16 bits
constexpr uint32_t kMaxTensors = 0xFFFF;
constexpr uint16_t kNever = 0xFFFF;
constexpr uint8_t kNoDimension = 0xFF;
constexpr const char* kNotATflite = "no TFL3 flatbuffer";

bool finite_and_positive(float value) { return value > 0.0f && value < __builtin_inff(); }

}  // namespace

Status Interpreter::read_model(Reader& reader, Table& model, Table& subgraph) {
    if (reinterpret_cast<uintptr_t>(model_) % 4 != 0) return fail(Status::kModelUnsupported, "model is not aligned");
    if (reader.at<uint32_t>(4) != 0x334C4654) return fail(Status::kModelDamaged, kNotATflite);  // "TFL3"
    const uint32_t root = reader.follow(0);
    if (!reader.ok) return fail(Status::kModelDamaged, kNotATflite);
    model = Table(reader, root);
    if (model.scalar<uint32_t>(field::model::kVersion) != kSchemaVersion) {
        return reader.ok ? fail(Status::kModelUnsupported, "schema version is not 3")
                         : fail(Status::kModelDamaged, "model table");
    }
    subgraph = model.table_at(field::model::kSubgraphs, 0);
    if (!reader.ok) return fail(Status::kModelDamaged, "subgraphs");
    return Status::kOk;
}

Status Interpreter::read_tensors(Reader& reader, const Table& model, const Table& subgraph) {
    const uint32_t count = subgraph.table_count(field::subgraph::kTensors);
    const Vector<int32_t> inputs = subgraph.vector<int32_t>(field::subgraph::kInputs);
    const Vector<int32_t> outputs = subgraph.vector<int32_t>(field::subgraph::kOutputs);
    inputs_ = inputs.elements(reader);
    outputs_ = outputs.elements(reader);
    if (!reader.ok || count > kMaxTensors) return fail(Status::kModelDamaged, "subgraph table");

    tensor_count_ = count;
    context_.tensors = arena_.allocate<Tensor>(count);
    arena_use_.tensors = count * sizeof(Tensor);
    if (context_.tensors == nullptr) return fail(Status::kArenaTooSmall, "no room for the tensors");
    for (uint32_t i = 0; i < count; ++i) {
        context_.tensors[i] = Tensor();
        const Table table = subgraph.table_at(field::subgraph::kTensors, i);
        const Status status = read_tensor(reader, model, table, context_.tensors[i]);
        if (!reader.ok) return fail(Status::kModelDamaged, "tensor table");
        if (status != Status::kOk) return status;
    }
    for (uint32_t i = 0; i < inputs.size(); ++i) {
        if (!valid_index(inputs[i])) return fail(Status::kModelDamaged, "input tensor index");
    }
    for (uint32_t i = 0; i < outputs.size(); ++i) {
        if (!valid_index(outputs[i])) return fail(Status::kModelDamaged, "output tensor index");
    }
    input_count_ = inputs.size();
    output_count_ = outputs.size();
    return Status::kOk;
}

Status Interpreter::read_tensor(Reader& reader, const Table& model, const Table& table, Tensor& tensor) {
    tensor.type = static_cast<TensorType>(table.scalar<int8_t>(field::tensor::kType));
    const uint32_t element = type_size(tensor.type);
    const Vector<int32_t> shape = table.vector<int32_t>(field::tensor::kShape);
    tensor.dims = shape.elements(reader);
    if (!reader.ok) return Status::kModelDamaged;
    if (shape.size() > kMaxRank) return fail(Status::kModelUnsupported, "tensor with more than 8 dimensions");
    if (table.has(field::tensor::kSparsity)) return fail(Status::kModelUnsupported, "sparse tensor");
    tensor.rank = static_cast<uint8_t>(shape.size());
    uint32_t bytes = element;
    for (uint32_t axis = 0; axis < shape.size(); ++axis) {
        const int32_t dim = shape[axis];
        if (dim < 1) return fail(Status::kModelUnsupported, "tensor with an empty or unknown dimension");
        if (static_cast<uint32_t>(dim) > kMaxTensorBytes / (bytes > 0 ? bytes : 1)) {
            return fail(Status::kModelUnsupported, "tensor is too large");
        }
        bytes *= static_cast<uint32_t>(dim);
    }
    tensor.bytes = bytes;

    const Table quantization = table.table(field::tensor::kQuantization);
    const Vector<float> scales = quantization.vector<float>(field::quantization::kScale);
    const Vector<int64_t> zero_points = quantization.vector<int64_t>(field::quantization::kZeroPoint);
    const auto dimension = quantization.scalar<int32_t>(field::quantization::kQuantizedDimension);
    tensor.scales = scales.elements(reader);
    if (!reader.ok) return Status::kModelDamaged;
    for (uint32_t i = 0; i < scales.size(); ++i) {
        if (!finite_and_positive(scales[i])) return fail(Status::kModelDamaged, "quantisation scale");
    }
    const int64_t zero_point = zero_points.size() > 0 ? zero_points[0] : 0;
    if (zero_point != static_cast<int32_t>(zero_point)) return fail(Status::kModelDamaged, "zero point");
    tensor.scale_count = scales.size();
    tensor.zero_point = static_cast<int32_t>(zero_point);
    // May be wrong for a bias, as converters write it: an operator that reads the scales checks it, see has_scale_for().
    tensor.quantized_dimension = dimension >= 0 && dimension < kNoDimension ? static_cast<uint8_t>(dimension) : kNoDimension;

    const auto buffer_index = table.scalar<uint32_t>(field::tensor::kBuffer);
    if (buffer_index != 0) {  // buffer 0 is empty by convention
        const Table buffer = model.table_at(field::model::kBuffers, buffer_index);
        const Vector<uint8_t> data = buffer.vector<uint8_t>(field::buffer::kData);
        if (!reader.ok) return Status::kModelDamaged;
        if (buffer.scalar<uint64_t>(field::buffer::kOffset) > 1) {
            return fail(Status::kModelUnsupported, "buffer outside the flatbuffer");
        }
        if (data.size() > 0) {
            if (data.size() < bytes) return fail(Status::kModelDamaged, "constant tensor is cut off");
            if (element > 1 && reinterpret_cast<uintptr_t>(data.bytes()) % element != 0) {
                return fail(Status::kModelUnsupported, "constant tensor is not aligned");
            }
            tensor.constant = true;
            tensor.data = const_cast<uint8_t*>(data.bytes());  // never written: checked in set_lifetimes()
        }
    }
    if (!tensor.constant) {
        if (element == 0) return fail(Status::kModelUnsupported, "tensor type");
        tensor.first_use = kNever;
        if (table.scalar<uint8_t>(field::tensor::kIsVariable) != 0) {  // keeps its value from one inference to the next
            tensor.first_use = 0;
            tensor.last_use = kNever - 1;
        }
    }
    return Status::kOk;
}

Status Interpreter::read_operators(Reader& reader, const Table& model, const Table& subgraph) {
    const uint32_t count = subgraph.table_count(field::subgraph::kOperators);
    if (!reader.ok || count > kMaxOperators) return fail(Status::kModelDamaged, "operators");
    node_count_ = count;
    nodes_ = arena_.allocate<Node>(count);
    arena_use_.nodes = count * sizeof(Node);
    if (nodes_ == nullptr) return fail(Status::kArenaTooSmall, "no room for the operators");
    for (uint32_t i = 0; i < count; ++i) {
        error_.operator_index = static_cast<int32_t>(i);
        const Status status = read_node(reader, model, subgraph.table_at(field::subgraph::kOperators, i), nodes_[i]);
        if (!reader.ok) return fail(Status::kModelDamaged, "operator table");
        if (status != Status::kOk) return status;
    }
    error_ = Error();
    return Status::kOk;
}

Status Interpreter::read_node(Reader& reader, const Table& model, const Table& table, Node& node) {
    const Table code = model.table_at(field::model::kOperatorCodes, table.scalar<uint32_t>(field::op::kOpcodeIndex));
    // Older files have the code in one byte; the larger of the two counts.
    const int32_t old_code = code.scalar<int8_t>(field::operator_code::kDeprecatedBuiltinCode);
    const int32_t new_code = code.scalar<int32_t>(field::operator_code::kBuiltinCode);
    error_.builtin_code = new_code > old_code ? new_code : old_code;
    error_.version = code.scalar<int32_t>(field::operator_code::kVersion, 1);
    if (error_.builtin_code == builtin::kCustom) {
        error_.custom_name = code.string(field::operator_code::kCustomCode);
        if (error_.custom_name == nullptr) return fail(Status::kModelDamaged, "custom operator without a name");
    }
    const Vector<int32_t> inputs = table.vector<int32_t>(field::op::kInputs);
    const Vector<int32_t> outputs = table.vector<int32_t>(field::op::kOutputs);
    node.inputs = inputs.elements(reader);
    node.outputs = outputs.elements(reader);
    if (!reader.ok) return Status::kModelDamaged;
    if (inputs.size() > 255 || outputs.size() > 255) return fail(Status::kModelUnsupported, "more than 255 inputs");
    node.input_count = static_cast<uint8_t>(inputs.size());
    node.output_count = static_cast<uint8_t>(outputs.size());
    node.data = nullptr;
    for (uint32_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] != -1 && !valid_index(inputs[i])) return fail(Status::kModelDamaged, "operator's input index");
    }
    for (uint32_t i = 0; i < outputs.size(); ++i) {
        if (!valid_index(outputs[i])) return fail(Status::kModelDamaged, "operator's output index");
    }
    node.registration = find(error_.builtin_code, error_.custom_name);
    if (node.registration == nullptr) return fail(Status::kOperatorMissing, "");
    if (error_.version > node.registration->max_version) return fail(Status::kOperatorVersion, "");
    error_.builtin_code = -1;
    error_.custom_name = nullptr;
    return Status::kOk;
}

// Which operators each activation must survive. Every tensor is written before it is read, and only once: what the
// kernels rely on when they write through `data`.
Status Interpreter::set_lifetimes() {
    Tensor* tensors = context_.tensors;
    const auto last_operator = static_cast<uint16_t>(node_count_ > 0 ? node_count_ - 1 : 0);
    for (uint32_t i = 0; i < input_count_; ++i) {
        Tensor& tensor = tensors[inputs_[i]];
        if (tensor.constant) return fail(Status::kModelDamaged, "input tensor is constant");
        if (tensor.first_use == kNever) tensor.first_use = 0;
    }
    for (uint32_t i = 0; i < node_count_; ++i) {
        const Node& node = nodes_[i];
        const auto now = static_cast<uint16_t>(i);
        error_.operator_index = static_cast<int32_t>(i);
        for (unsigned k = 0; k < node.input_count; ++k) {
            if (node.inputs[k] < 0) continue;
            Tensor& tensor = tensors[node.inputs[k]];
            if (tensor.constant) continue;
            if (tensor.first_use == kNever) return fail(Status::kModelDamaged, "tensor is read before it is written");
            if (tensor.last_use < now) tensor.last_use = now;
        }
        for (unsigned k = 0; k < node.output_count; ++k) {
            Tensor& tensor = tensors[node.outputs[k]];
            if (tensor.constant || tensor.first_use != kNever) {
                return fail(Status::kModelDamaged, "operator writes a constant, an input, or a tensor twice");
            }
            tensor.first_use = tensor.last_use = now;
        }
    }
    error_ = Error();
    for (uint32_t i = 0; i < output_count_; ++i) {
        Tensor& tensor = tensors[outputs_[i]];
        if (tensor.constant) continue;
        if (tensor.first_use == kNever) return fail(Status::kModelDamaged, "output tensor is never written");
        if (tensor.last_use < last_operator) tensor.last_use = last_operator;
    }
    if (preserve_all_) {
        for (uint32_t i = 0; i < tensor_count_; ++i) {
            if (tensors[i].first_use == kNever) continue;
            tensors[i].first_use = 0;
            tensors[i].last_use = kNever - 1;
        }
    }
    return Status::kOk;
}

}  // namespace cmsim
