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
    kFloat64 = 10,
    kResource = 13,  // number of a resource variable, see interpreter/variables.h
    kUint32 = 15,
    kUint16 = 16,
};

enum class Activation : int8_t { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3, kTanh = 4, kSignBit = 5 };
enum class Padding : int8_t { kSame = 0, kValid = 1 };
enum class MirrorPadMode : int8_t { kReflect = 0, kSymmetric = 1 };

// BuiltinOperator
namespace builtin {
constexpr int32_t kAdd = 0, kAveragePool2d = 1, kConcatenation = 2, kConv2d = 3, kDepthwiseConv2d = 4, kDepthToSpace = 5,
                  kDequantize = 6, kFloor = 8, kFullyConnected = 9, kL2Normalization = 11, kL2Pool2d = 12, kLogistic = 14,
                  kMaxPool2d = 17, kMul = 18, kRelu = 19, kReluN1To1 = 20, kRelu6 = 21, kReshape = 22, kResizeBilinear = 23,
                  kSoftmax = 25, kSpaceToDepth = 26, kSvdf = 27, kTanh = 28, kCustom = 32, kPad = 34, kGather = 36,
                  kBatchToSpaceNd = 37, kSpaceToBatchNd = 38, kTranspose = 39, kMean = 40, kSub = 41, kDiv = 42,
                  kSqueeze = 43, kUnidirectionalSequenceLstm = 44, kStridedSlice = 45, kExp = 47, kSplit = 49,
                  kLogSoftmax = 50, kCast = 53, kPrelu = 54, kMaximum = 55, kArgMax = 56, kMinimum = 57, kLess = 58,
                  kNeg = 59, kPadv2 = 60, kGreater = 61, kGreaterEqual = 62, kLessEqual = 63, kSlice = 65, kSin = 66,
                  kTransposeConv = 67, kExpandDims = 70, kEqual = 71, kNotEqual = 72, kLog = 73, kSum = 74, kSqrt = 75,
                  kRsqrt = 76, kShape = 77, kArgMin = 79, kReduceMax = 82, kPack = 83, kLogicalOr = 84, kLogicalAnd = 86,
                  kLogicalNot = 87, kUnpack = 88, kReduceMin = 89, kFloorDiv = 90, kSquare = 92, kZerosLike = 93,
                  kFill = 94, kFloorMod = 95, kResizeNearestNeighbor = 97, kLeakyRelu = 98, kSquaredDifference = 99,
                  kMirrorPad = 100, kAbs = 101,
                  kSplitV = 102, kCeil = 104, kAddN = 106, kGatherNd = 107, kCos = 108, kElu = 111, kQuantize = 114, kRound = 116,
                  kHardSwish = 117, kIf = 118, kWhile = 119, kSelectV2 = 123, kBatchMatmul = 126, kCumsum = 128,
                  kCallOnce = 129, kBroadcastTo = 130, kVarHandle = 142, kReadVariable = 143, kAssignVariable = 144,
                  kBroadcastArgs = 145;
}

namespace field {
namespace model {
constexpr unsigned kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4, kMetadata = 6;
}
namespace metadata {
constexpr unsigned kName = 0, kBuffer = 1;
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
constexpr unsigned kOpcodeIndex = 0, kInputs = 1, kOutputs = 2, kOptionsType = 3, kOptions = 4, kCustomOptions = 5;
}
namespace buffer {
constexpr unsigned kData = 0, kOffset = 1;
}

// Options of operators. Where the schema's default is not zero it stands behind the name.
namespace conv_2d {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4 /* 1 */, kDilationH = 5 /* 1 */;
}
namespace depthwise_conv_2d {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kDepthMultiplier = 3, kActivation = 4, kDilationW = 5 /* 1 */,
                   kDilationH = 6 /* 1 */;
}
namespace transpose_conv {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3;
}
namespace pool_2d {
constexpr unsigned kPadding = 0, kStrideW = 1, kStrideH = 2, kFilterW = 3, kFilterH = 4, kActivation = 5;
}
namespace fully_connected {
constexpr unsigned kActivation = 0, kWeightsFormat = 1, kKeepNumDims = 2;
}
namespace batch_matmul {
constexpr unsigned kAdjX = 0, kAdjY = 1;
}
namespace add {  // and sub
constexpr unsigned kActivation = 0, kPotScaleInt16 = 1 /* true */;
}
namespace mul {  // and div, L2 normalisation
constexpr unsigned kActivation = 0;
}
namespace leaky_relu {
constexpr unsigned kAlpha = 0;
}
namespace softmax {
constexpr unsigned kBeta = 0;
}
namespace cast {
constexpr unsigned kInType = 0, kOutType = 1;
}
namespace reshape {
constexpr unsigned kNewShape = 0;
}
namespace squeeze {
constexpr unsigned kDims = 0;
}
namespace shape {
constexpr unsigned kOutType = 0;
}
namespace pack {
constexpr unsigned kCount = 0, kAxis = 1;
}
namespace unpack {
constexpr unsigned kCount = 0, kAxis = 1;
}
namespace concatenation {
constexpr unsigned kAxis = 0, kActivation = 1;
}
namespace split {  // and split_v
constexpr unsigned kCount = 0;
}
namespace strided_slice {
constexpr unsigned kBeginMask = 0, kEndMask = 1, kEllipsisMask = 2, kNewAxisMask = 3, kShrinkAxisMask = 4, kOffset = 5;
}
namespace mirror_pad {
constexpr unsigned kMode = 0;
}
namespace gather {
constexpr unsigned kAxis = 0, kBatchDims = 1;
}
namespace reducer {
constexpr unsigned kKeepDims = 0;
}
namespace arg_max {  // and arg_min
constexpr unsigned kOutputType = 0;
}
namespace resize_nearest_neighbor {
constexpr unsigned kAlignCorners = 0, kHalfPixelCenters = 1;
}
namespace resize_bilinear {
constexpr unsigned kAlignCorners = 2, kHalfPixelCenters = 3;
}
namespace space_to_depth {  // and depth_to_space
constexpr unsigned kBlockSize = 0;
}
namespace svdf {
constexpr unsigned kRank = 0, kActivation = 1;
}
namespace unidirectional_sequence_lstm {
constexpr unsigned kActivation = 0, kCellClip = 1, kProjectionClip = 2, kTimeMajor = 3;
}
namespace cumsum {
constexpr unsigned kExclusive = 0, kReverse = 1;
}
namespace var_handle {
constexpr unsigned kContainer = 0, kSharedName = 1;
}
namespace call_once {
constexpr unsigned kInit = 0;
}
namespace if_ {
constexpr unsigned kThen = 0, kElse = 1;
}
namespace while_ {
constexpr unsigned kCond = 0, kBody = 1;
}
}  // namespace field

}  // namespace cmsim
