#include "kernels/dsp/conv_gemm.h"

#include "kernels/dsp/dots.h"

namespace cmsim {
namespace dsp {
namespace {

void copy(int8_t* to, const int8_t* from, int32_t count) {
    for (; count >= 4; count -= 4, to += 4, from += 4) store_word(to, load_word(from));
    for (; count > 0; --count) *to++ = *from++;
}

// The output pixel whose window comes next.
class WindowReader {
public:
    explicit WindowReader(const Product& product) : product_(product), image_(product.input) {}

    // Its values, in the order of the filter; zero points where the window is outside the image.
    void read(int8_t* column) {
        const WindowAxis& y = product_.window->y;
        const WindowAxis& x = product_.window->x;
        const int32_t y_begin = y.begin(out_y_), y_end = y.end(out_y_), x_begin = x.begin(out_x_), x_end = x.end(out_x_);
        const int32_t tap = product_.tap_depth;
        if (y_begin > 0 || y_end < y.filter || x_begin > 0 || x_end < x.filter) {
            for (int32_t i = 0; i < product_.depth; ++i) column[i] = static_cast<int8_t>(product_.input_zero_point);
        }
        const bool together = x.dilation == 1 && tap == product_.image_depth;
        const int32_t step = x.dilation * product_.image_depth;
        for (int32_t k_y = y_begin; k_y < y_end; ++k_y) {
            int8_t* to = column + (k_y * x.filter + x_begin) * tap;
            const int32_t in_y = y.origin(out_y_) + k_y * y.dilation, in_x = x.origin(out_x_) + x_begin * x.dilation;
            const int8_t* from = image_ + (in_y * x.input + in_x) * product_.image_depth;
            if (together) {
                copy(to, from, (x_end - x_begin) * tap);
            } else {
                for (int32_t k_x = x_begin; k_x < x_end; ++k_x, to += tap, from += step) copy(to, from, tap);
            }
        }
        if (++out_x_ < x.output) return;
        out_x_ = 0;
        if (++out_y_ < y.output) return;
        out_y_ = 0;
        image_ += y.input * x.input * product_.image_depth;
    }

private:
    const Product& product_;
    const int8_t* image_;
    int32_t out_y_ = 0;
    int32_t out_x_ = 0;
};

int32_t column_bytes(int32_t depth) { return static_cast<int32_t>(4 * quads(depth)); }

// Packs `count` panels of `pixels` pixels from pixel `first` on; returns the end.
uint32_t* pack_some(const Product& product, WindowReader& windows, uint32_t first, uint32_t pixels, uint32_t count,
                    uint32_t* panel, int8_t* columns) {
    const int32_t base = -product.input_zero_point;
    if (product.window == nullptr) {
        const int8_t* values = product.input + static_cast<int32_t>(first) * product.pixel_step;
        return pack_panels(panel, values, product.pixel_step, product.depth, pixels, count, base);
    }
    const int32_t stride = column_bytes(product.depth);
    for (; count > 0; --count) {
        for (uint32_t i = 0; i < pixels; ++i) windows.read(columns + static_cast<int32_t>(i) * stride);
        panel = pack_panels(panel, columns, stride, stride, pixels, 1, base);
    }
    return panel;
}

void pack_pixels(const Product& product, WindowReader& windows, uint32_t first, const Panels& panels, uint32_t* panel,
                 int8_t* columns) {
    panel = pack_some(product, windows, first, 4, panels.fours, panel, columns);
    pack_some(product, windows, first + 4 * panels.fours, panels.other_size, panels.others, panel, columns);
}

void pack_channels(const Product& product, uint32_t channel, Finish finish, uint32_t* pair) {
    const uint32_t count = channel + 1 < product.channels ? 2 : 1;
    const int8_t* first = product.weights + static_cast<int32_t>(channel) * product.depth;
    const int8_t* second = count == 2 ? first + product.depth : nullptr;
    pack_pair(pair + kPairHead, first, second, product.depth);
    auto* rescale = reinterpret_cast<Rescale*>(pair + 2);
    const uint32_t index = product.first_channel + channel;
    const auto* bias = reinterpret_cast<const uint32_t*>(product.bias);
    pair[0] = bias != nullptr ? bias[index] : 0;
    pair[1] = bias != nullptr && count == 2 ? bias[index + 1] : 0;
    if (finish == Finish::kSums) return;
    rescale[0] = rescale_of(product.multipliers[index]);
    if (count == 2) rescale[1] = rescale_of(product.multipliers[index + 1]);
}

// A pair times panels; output_value() finishes the sums.
void multiply_slowly(const Product& product, GemmCall call, int8_t* output, uint32_t pixels, uint32_t count, uint32_t channel) {
    const uint32_t channels = channel + 1 < product.channels ? 2 : 1;
    call.finish = Finish::kSums;
    call.pairs = 1;
    for (; count > 0; --count) {
        int32_t sums[2 * kBlockPixels];
        call.output = sums;
        call.panels_end = call.panel + panel_words(pixels, product.depth);
        gemm(call, pixels);
        call.panel = call.panels_end;
        for (uint32_t i = 0; i < pixels; ++i, output += product.output_stride) {
            for (uint32_t k = 0; k < channels; ++k) {
                output[k] = static_cast<int8_t>(output_value(static_cast<uint32_t>(sums[k * pixels + i]), nullptr, 0,
                                                             product.multipliers[product.first_channel + channel + k],
                                                             product.output_zero_point, product.range));
            }
        }
    }
}

// `count` panels of `pixels` pixels from call.panel on, whose first result is at `output`, times `pairs` pairs from call.pair
// and `channel` on.
void multiply_some(const Product& product, const GemmCall& common, int8_t* output, uint32_t pixels, uint32_t count,
                   uint32_t channel, uint32_t pairs) {
    GemmCall call = common;
    uint32_t quick = call.finish == Finish::kSums ? 0 : pairs;
    if (channel + 2 * pairs > product.channels && quick > 0) --quick;  // the last pair is half a one
    if (quick > 0) {
        call.pairs = quick;
        call.panels_end = call.panel + count * panel_words(pixels, product.depth);
        call.output = call.output_of_pair = output;
        gemm(call, pixels);
    }
    for (; quick < pairs; ++quick) {
        call.pair = common.pair + quick * call.pair_bytes / 4;
        multiply_slowly(product, call, output + 2 * quick, pixels, count, channel + 2 * quick);
    }
}

void multiply(const Product& product, GemmCall& call, uint32_t first, const Panels& panels, uint32_t channel, uint32_t pairs) {
    int8_t* output = product.output + static_cast<int32_t>(first) * product.output_stride + channel;
    if (panels.fours > 0) multiply_some(product, call, output, 4, panels.fours, channel, pairs);
    if (panels.others > 0) {
        const uint32_t* const panel = call.panel;
        call.panel += panel_words(4 * panels.fours, product.depth);
        output += static_cast<int32_t>(4 * panels.fours) * product.output_stride;
        multiply_some(product, call, output, panels.other_size, panels.others, channel, pairs);
        call.panel = panel;
    }
}

// One pixel after the other.
void run_pixels(const Product& product, const ProductPlan& plan) {
    const int8_t* values = product.input;
    int8_t* output = product.output;
    if (product.window == nullptr) {
        for (uint32_t i = 0; i < product.pixels; ++i, values += product.pixel_step, output += product.output_stride) {
            multiply_pixel(product, plan.finish, values, output);
        }
        return;
    }
    WindowReader windows(product);
    auto* column = reinterpret_cast<int8_t*>(plan.scratch);
    for (uint32_t i = 0; i < product.pixels; ++i, output += product.output_stride) {
        windows.read(column);
        multiply_pixel(product, plan.finish, column, output);
    }
}

}  // namespace

bool plan_product(Context& context, uint32_t pixels, int32_t depth, uint32_t channels, bool windows,
                  int32_t weight_zero_point, uint32_t activation_bytes, ProductPlan* plan) {
    constexpr uint32_t kFewPixels = 2;
    if (pixels <= kFewPixels || weight_zero_point != 0) {
        plan->block = 0;
        return !windows || context.request_scratch(&plan->scratch, quads(depth));
    }
    // Words. With so many pixels, or pairs, at a time what happens once for all of them does not matter.
    constexpr uint32_t kPassingPixels = 512, kPassingPairs = 768, kLeastBlock = 8, kSlack = 320;
    const uint32_t pixel = panel_words(1, depth);
    const uint32_t pair = pair_words(depth);
    const uint32_t limit = activation_bytes / 8 * 3 + kSlack;

    const auto block_of = [=](uint32_t words) {
        uint32_t block = words / pixel / kBlockPixels * kBlockPixels;
        if (block < kLeastBlock) block = kLeastBlock;
        return block < pixels ? block : pixels;
    };
    const uint32_t all_pairs = (channels + 1) / 2;
    const uint32_t fit = kPassingPairs / pair;
    const uint32_t some_pairs = fit < 1 ? 1 : fit < all_pairs ? fit : all_pairs;
    const uint32_t some_pixels = block_of(kPassingPixels);
    const uint64_t keep_pairs = uint64_t{pair} * all_pairs + some_pixels * pixel;
    const uint64_t keep_pixels = uint64_t{pixel} * pixels + some_pairs * pair;
    if (keep_pairs < keep_pixels && keep_pairs <= limit) {
        plan->pairs = all_pairs;
        plan->block = some_pixels;
    } else {
        plan->pairs = some_pairs;
        plan->block = keep_pixels <= limit ? pixels : block_of(limit > some_pairs * pair ? limit - some_pairs * pair : 0);
    }
    const uint64_t words = uint64_t{plan->block} * pixel + uint64_t{plan->pairs} * pair +
                           (windows ? uint64_t{kBlockPixels} * quads(depth) : 0);
    return context.request_scratch(&plan->scratch, words < SIZE_MAX ? static_cast<size_t>(words) : SIZE_MAX);
}

void run_product(const Product& product, const ProductPlan& plan) {
    if (plan.block == 0) return run_pixels(product, plan);
    const uint32_t pair_size = pair_words(product.depth), all_pairs = (product.channels + 1) / 2;
    uint32_t* const panel = plan.scratch;
    uint32_t* const pair = panel + panel_words(plan.block, product.depth);
    auto* const columns = reinterpret_cast<int8_t*>(pair + pair_size * plan.pairs);
    GemmCall call;
    call.pair = pair;
    call.output_stride = product.output_stride;
    call.finish = plan.finish;
    call.low = (static_cast<uint32_t>(product.range.integer.low) & 0xFF) * 0x01010101u;
    call.high = (static_cast<uint32_t>(product.range.integer.high) & 0xFF) * 0x01010101u;
    call.panel = panel;
    call.quads = quads(product.depth);
    call.pair_bytes = 4 * pair_size;
    call.zero_point = product.output_zero_point;
    WindowReader windows(product);
    bool packed = false;  // for good
    for (uint32_t first = 0; first < product.pixels; first += plan.block) {
        const uint32_t count = product.pixels - first < plan.block ? product.pixels - first : plan.block;
        const Panels panels(count);
        pack_pixels(product, windows, first, panels, panel, columns);
        for (uint32_t done = 0; done < all_pairs; done += plan.pairs) {
            const uint32_t pairs = all_pairs - done < plan.pairs ? all_pairs - done : plan.pairs;
            for (uint32_t k = 0; k < pairs && !packed; ++k) {
                pack_channels(product, 2 * (done + k), plan.finish, pair + k * pair_size);
            }
            multiply(product, call, first, panels, 2 * done, pairs);
        }
        packed = plan.pairs == all_pairs;
    }
}

}  // namespace dsp
}  // namespace cmsim
