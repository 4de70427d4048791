// An int8 convolution as a matrix product: output pixels, each with the values under its window, times output channels. 1x1
// convolutions and FULLY_CONNECTED are the case in which these values lie together in the input. One or two pixels go one after
// the other (dots.h); otherwise each weight is read from the model once, where memory allows: either all weights are kept as panels and the pixels pass by a
// block at a time, or all pixels are and the channels pass by, whichever is smaller.
#pragma once
#include "kernels/dsp/gemm.h"

namespace cmsim {
namespace dsp {

struct Product {
    const int8_t* input;
    uint32_t pixels;        // of all batches
    int32_t depth;          // values of a pixel, weights of a channel
    int32_t input_zero_point;
    const Window* window;   // null: pixel k's values begin at input + k * pixel_step
    int32_t pixel_step;
    int32_t image_depth;    // channels of the image, and how many of them from `input` on count (groups)
    int32_t tap_depth;

    const int8_t* weights;  // weight i of channel k at k * depth + i
    int32_t weight_zero_point;
    uint32_t channels;
    uint32_t first_channel; // index of channel 0 in bias and multipliers
    const int32_t* bias;    // or null
    ChannelMultipliers multipliers;

    int8_t* output;
    int32_t output_stride;  // from one pixel to the next
    int32_t output_zero_point;
    ActivationRange range;
};

// What prepare() decides, in persistent memory.
struct ProductPlan {
    uint32_t* scratch;
    uint32_t block;  // pixels packed at a time; 0: none, one pixel after the other
    uint32_t pairs;  // pairs of channels packed at a time; all of them stay packed
    Finish finish;
};

// `activation_bytes`: those of input and output; scratch memory is held in proportion. False: not enough memory.
bool plan_product(Context& context, uint32_t pixels, int32_t depth, uint32_t channels, bool windows,
                  int32_t weight_zero_point, uint32_t activation_bytes, ProductPlan* plan);

void run_product(const Product& product, const ProductPlan& plan);

}  // namespace dsp
}  // namespace cmsim
