// The part of Interpreter that turns the flatbuffer into Subgraphs, Tensors and Nodes, and trusts nothing in it.
#include "interpreter/interpreter.h"

namespace cmsim {
namespace {

constexpr uint32_t kMaxTensorBytes = 0x10000000;
constexpr uint32_t kMaxRank = 8;
constexpr uint32_t kMaxOperators = 0x7FFF;
constexpr uint32_t kMaxTensors = 0xFFFE;
constexpr uint32_t kIdentifier = 0x334C4654;  // "TFL3"
constexpr const char* kNotATflite = "no TFL3 flatbuffer";
constexpr const char* kNoRoom = "structures do not fit";
// Of the model, or of the operator that the error names.
constexpr const char* kInputIndex = "input tensor index";
constexpr const char* kOutputIndex = "output tensor index";

// By its bits: in these all positive floats up to infinity have their order.
bool finite_and_positive(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits - 1 < 0x7F800000 - 1;
}

bool valid_indices(const Vector<int32_t>& indices, uint32_t count, int32_t lowest) {
    for (uint32_t i = 0; i < indices.size(); ++i) {
        if (indices[i] < lowest || (indices[i] >= 0 && static_cast<uint32_t>(indices[i]) >= count)) return false;
    }
    return true;
}

}  // namespace

Status Interpreter::read_model(Reader& reader, Table& model) {
    if (reinterpret_cast<uintptr_t>(model_) % 4 != 0) return fail(Status::kModelUnsupported, "model is not aligned");
    if (reader.at<uint32_t>(4) != kIdentifier) return fail(Status::kModelDamaged, kNotATflite);
    const uint32_t root = reader.follow(0);
    if (!reader.ok) return fail(Status::kModelDamaged, kNotATflite);
    model = Table(reader, root);
    const auto version = model.scalar<uint32_t>(field::model::kVersion);
    if (!reader.ok) return fail(Status::kModelDamaged, "model table");
    if (version != kSchemaVersion) return fail(Status::kModelUnsupported, "schema version is not 3");
    return read_subgraphs(reader, model);
}

// The main subgraph, and those that it leads to. What nothing calls is not looked at.
Status Interpreter::read_subgraphs(Reader& reader, const Table& model) {
    const uint32_t count = model.table_count(field::model::kSubgraphs);
    if (!reader.ok || count == 0) return fail(Status::kModelDamaged, "subgraphs");
    if (count > kMaxSubgraphs) return fail(Status::kModelUnsupported, "more than 255 subgraphs");
    subgraph_count_ = count;
    context_.subgraphs = arena_->allocate<Subgraph>(count);
    arena_use_.nodes = count * sizeof(Subgraph);
    if (context_.subgraphs == nullptr) return fail(Status::kArenaTooSmall, kNoRoom);
    for (uint32_t i = 0; i < count; ++i) {
        context_.subgraphs[i] = Subgraph();
        context_.subgraphs[i].inputs = context_.subgraphs[i].outputs = Vector<int32_t>().elements(reader);
    }
    context_.subgraphs[0].reached = true;
    for (uint32_t i = 0; i < count;) {
        Subgraph& subgraph = context_.subgraphs[i];
        if (!subgraph.reached || subgraph.tensors != nullptr) {
            ++i;
            continue;
        }
        error_.subgraph = static_cast<int32_t>(i);
        const Status status = read_subgraph(reader, model, model.table_at(field::model::kSubgraphs, i), subgraph);
        if (!reader.ok) return fail(Status::kModelDamaged, error_.operator_index < 0 ? "subgraph table" : "operator table");
        if (status != Status::kOk) return status;
        i = 0;  // it may have reached one before itself
    }
    clear_error();
    return Status::kOk;
}

Status Interpreter::read_subgraph(Reader& reader, const Table& model, const Table& table, Subgraph& subgraph) {
    const Vector<int32_t> inputs = table.vector<int32_t>(field::subgraph::kInputs);
    const Vector<int32_t> outputs = table.vector<int32_t>(field::subgraph::kOutputs);
    subgraph.inputs = inputs.elements(reader);
    subgraph.outputs = outputs.elements(reader);
    const uint32_t tensor_count = table.table_count(field::subgraph::kTensors);
    const uint32_t node_count = table.table_count(field::subgraph::kOperators);
    if (!reader.ok) return Status::kModelDamaged;
    if (tensor_count > kMaxTensors || node_count > kMaxOperators) return fail(Status::kModelUnsupported, "too many tensors");
    subgraph.tensor_count = static_cast<uint16_t>(tensor_count);
    subgraph.node_count = static_cast<uint16_t>(node_count);
    subgraph.tensors = arena_->allocate<Tensor>(tensor_count);
    subgraph.nodes = arena_->allocate<Node>(node_count);
    arena_use_.tensors += tensor_count * sizeof(Tensor);
    arena_use_.nodes += node_count * sizeof(Node);
    if (subgraph.tensors == nullptr || subgraph.nodes == nullptr) {
        return fail(Status::kArenaTooSmall, kNoRoom);
    }
    const Status status = read_tensors(reader, model, table, subgraph);
    if (status != Status::kOk || !reader.ok) return status;
    if (!valid_indices(inputs, subgraph.tensor_count, 0)) return fail(Status::kModelDamaged, kInputIndex);
    if (!valid_indices(outputs, subgraph.tensor_count, 0)) return fail(Status::kModelDamaged, kOutputIndex);
    return read_nodes(reader, model, table, subgraph);
}

Status Interpreter::read_tensors(Reader& reader, const Table& model, const Table& table, Subgraph& subgraph) {
    for (uint32_t i = 0; i < subgraph.tensor_count; ++i) {
        const Status status = read_tensor(reader, model, table.table_at(field::subgraph::kTensors, i), subgraph.tensors[i]);
        if (!reader.ok) return fail(Status::kModelDamaged, "tensor table");
        if (status != Status::kOk) return status;
    }
    return Status::kOk;
}

Status Interpreter::read_tensor(Reader& reader, const Table& model, const Table& table, Tensor& tensor) {
    tensor = Tensor();
    tensor.block = Tensor::kNoBlock;
    tensor.type = static_cast<TensorType>(table.scalar<int8_t>(field::tensor::kType));
    const uint32_t element = type_size(tensor.type);
    const Vector<int32_t> shape = table.vector<int32_t>(field::tensor::kShape);
    tensor.dims = shape.elements(reader);
    if (!reader.ok) return Status::kModelDamaged;
    if (shape.size() > kMaxRank) return fail(Status::kModelUnsupported, "more than 8 dimensions");
    if (table.has(field::tensor::kSparsity)) return fail(Status::kModelUnsupported, "sparse tensor");
    const bool list = shape.size() == 1 && tensor.type == TensorType::kInt32;  // of axes, say: may be empty
    uint32_t bytes = element;
    bool empty = false;
    for (uint32_t axis = 0; axis < shape.size(); ++axis) {
        const int32_t dim = shape[axis];
        if (dim == 0 && list) empty = true;
        if (dim < 1 && !empty) return fail(Status::kModelUnsupported, "empty or unknown dimension");
        if (static_cast<uint32_t>(dim) > kMaxTensorBytes / (bytes > 0 ? bytes : 1)) {
            return fail(Status::kModelUnsupported, "tensor is too large");
        }
        bytes *= static_cast<uint32_t>(dim);
    }

    const Table quantization = table.table(field::tensor::kQuantization);
    const Vector<float> scales = quantization.vector<float>(field::quantization::kScale);
    const Vector<int64_t> zero_points = quantization.vector<int64_t>(field::quantization::kZeroPoint);
    quantization.scalar<int32_t>(field::quantization::kQuantizedDimension);
    scales.elements(reader);  // must be aligned
    tensor.parameters = quantization.bytes();
    if (!reader.ok) return Status::kModelDamaged;
    for (uint32_t i = 0; i < scales.size(); ++i) {
        if (!finite_and_positive(scales[i])) return fail(Status::kModelDamaged, "quantisation scale");
    }
    const int64_t zero_point = zero_points.size() > 0 ? zero_points[0] : 0;
    if (zero_point != static_cast<int32_t>(zero_point)) return fail(Status::kModelDamaged, "zero point");
    // quantized_dimension may be wrong for a bias, as converters write it: has_scale_for() checks it where it counts.

    const auto buffer_index = table.scalar<uint32_t>(field::tensor::kBuffer);
    if (buffer_index != 0) {  // buffer 0 is empty by convention
        const Table buffer = model.table_at(field::model::kBuffers, buffer_index);
        const Vector<uint8_t> data = buffer.vector<uint8_t>(field::buffer::kData);
        if (!reader.ok) return Status::kModelDamaged;
        if (buffer.scalar<uint64_t>(field::buffer::kOffset) > 1) {
            return fail(Status::kModelUnsupported, "buffer outside the flatbuffer");
        }
        if (data.size() > 0) {
            if (data.size() < bytes) return fail(Status::kModelDamaged, "constant is cut off");
            if (element > 1 && reinterpret_cast<uintptr_t>(data.bytes()) % element != 0) {
                return fail(Status::kModelUnsupported, "constant is not aligned");
            }
            if (tensor.type == TensorType::kResource) return fail(Status::kModelDamaged, "constant resource");
            tensor.data = const_cast<uint8_t*>(data.bytes());  // never written: checked in set_lifetimes()
        }
    }
    if (tensor.data == nullptr && empty) tensor.data = const_cast<int32_t*>(tensor.dims);  // no data, but not null
    if (tensor.data != nullptr) {
        tensor.flags = Tensor::kConstant;
    } else if (element == 0) {
        return fail(Status::kModelUnsupported, "tensor type");
    } else if (table.scalar<uint8_t>(field::tensor::kIsVariable) != 0 && tensor.type != TensorType::kResource) {
        tensor.flags = Tensor::kVariable;
        tensor.data = arena_->allocate_bytes(bytes, Arena::kAlignment);
        arena_use_.variables += bytes;
        if (tensor.data == nullptr) return fail(Status::kArenaTooSmall, kNoRoom);
    }
    return Status::kOk;
}

Status Interpreter::read_nodes(Reader& reader, const Table& model, const Table& table, Subgraph& subgraph) {
    for (uint32_t i = 0; i < subgraph.node_count; ++i) {
        error_.operator_index = static_cast<int32_t>(i);
        const Table node = table.table_at(field::subgraph::kOperators, i);
        const Status status = read_node(reader, model, node, subgraph.tensor_count, subgraph.nodes[i]);
        if (status != Status::kOk || !reader.ok) return status;
    }
    error_.operator_index = -1;
    return Status::kOk;
}

Status Interpreter::read_node(Reader& reader, const Table& model, const Table& table, uint32_t tensor_count, Node& node) {
    const Table code = model.table_at(field::model::kOperatorCodes, table.scalar<uint32_t>(field::op::kOpcodeIndex));
    // Older files have the code in one byte; the larger of the two counts.
    const int32_t old_code = code.scalar<int8_t>(field::operator_code::kDeprecatedBuiltinCode);
    const int32_t new_code = code.scalar<int32_t>(field::operator_code::kBuiltinCode);
    error_.builtin_code = new_code > old_code ? new_code : old_code;
    error_.version = code.scalar<int32_t>(field::operator_code::kVersion, 1);
    if (error_.builtin_code == builtin::kCustom) {
        error_.custom_name = code.string(field::operator_code::kCustomCode);
        if (error_.custom_name == nullptr) return fail(Status::kModelDamaged, "custom code");
    }
    const Vector<int32_t> inputs = table.vector<int32_t>(field::op::kInputs);
    const Vector<int32_t> outputs = table.vector<int32_t>(field::op::kOutputs);
    node = Node();
    node.inputs = inputs.elements(reader);
    node.outputs = outputs.elements(reader);
    if (!reader.ok) return Status::kModelDamaged;
    if (!valid_indices(inputs, tensor_count, -1)) return fail(Status::kModelDamaged, kInputIndex);
    if (!valid_indices(outputs, tensor_count, 0)) return fail(Status::kModelDamaged, kOutputIndex);
    node.registration = find(error_.builtin_code, error_.custom_name);
    if (node.registration == nullptr) return fail(Status::kOperatorMissing, "");
    if (error_.version > node.registration->max_version) return fail(Status::kOperatorVersion, "");
    if (node.registration->subgraph_count > 0) {
        control_ = node.registration->control;
        const Table options = table.table(field::op::kOptions);
        SubgraphCalls* calls = control_->read_calls(context_, options, node.registration->subgraph_count, subgraph_count_);
        if (calls == nullptr) return error_.status;
        node.data = calls;
        arena_use_.nodes += sizeof(SubgraphCalls);
    }
    error_.builtin_code = -1;
    error_.custom_name = nullptr;
    error_.version = 0;
    return Status::kOk;
}

const Registration* Interpreter::find(int32_t builtin_code, const char* custom_name) const {
    for (size_t i = 0; i < operator_count_; ++i) {
        const Registration* candidate = operators_[i];
        if (candidate->builtin_code != builtin_code) continue;
        if (builtin_code != builtin::kCustom) return candidate;
        const char* a = candidate->name;
        const char* b = custom_name;
        while (*a != 0 && *a == *b) ++a, ++b;
        if (*a == *b) return candidate;
    }
    return nullptr;
}

}  // namespace cmsim
