// Numbers of the TensorFlow Lite schema, version 3: types, operators, and the position of each field in its table.
#pragma once
#include <stdint.h>

namespace cmsim {

constexpr uint32_t kSchemaVersion = 3;

enum class TensorType : int8_t {
    kFloat32 = 0,
    kFloat16 = 1,
    kInt32 = 2,
    kUint8 = 3,
    kInt64 = 4,
    kString = 5,
    kBool = 6,
    kInt16 = 7,
    kInt8 = 9,
};

enum class Activation : int8_t { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };
enum class Padding : int8_t { kSame = 0, kValid = 1 };

// BuiltinOperator
namespace builtin {
constexpr int32_t kAveragePool2d = 1, kConv2d = 3, kDepthwiseConv2d = 4, kDequantize = 6, kFullyConnected = 9,
                  kMaxPool2d = 17, kReshape = 22, kSoftmax = 25, kCustom = 32, kQuantize = 114;
}

namespace field {
namespace model {
constexpr unsigned kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4;
}
namespace operator_code {
constexpr unsigned kDeprecatedBuiltinCode = 0, kCustomCode = 1, kVersion = 2, kBuiltinCode = 3;
}
namespace subgraph {
constexpr unsigned kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3;
}
namespace tensor {
constexpr unsigned kShape = 0, kType = 1, kBuffer = 2, kQuantization = 4, kIsVariable = 5, kSparsity = 6;
}
namespace quantization {
constexpr unsigned kScale = 2, kZeroPoint = 3, kQuantizedDimension = 6;
}
namespace op {
constexpr unsigned kOpcodeIndex = 0, kInputs = 1, kOutputs = 2, kOptionsType = 3, kOptions = 4;
}
namespace buffer {
constexpr unsigned kData = 0, kOffset = 1;
}
namespace conv_2d {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5;
}
namespace depthwise_conv_2d {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kDepthMultiplier = 3, kActivation = 4, kDilationW = 5,
                   kDilationH = 6;
}
namespace pool_2d {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kFilterW = 3, kFilterH = 4, kActivation = 5;
}
namespace fully_connected {
constexpr unsigned kActivation = 0, kWeightsFormat = 1;
}
namespace softmax {
constexpr unsigned kBeta = 0;
}
}  // namespace field

}  // namespace cmsim
