#include "kernels/dsp/conv_gemm.h"

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

// Packs `count` pixels from `first` on.
void pack_pixels(const Product& product, WindowReader& windows, uint32_t first, uint32_t count, uint32_t* panel, int8_t* columns) {
    const int32_t base = -product.input_zero_point;
    if (product.window == nullptr) {
        const int8_t* values = product.input + static_cast<int32_t>(first) * product.depth;
        pack_panels(panel, values, product.depth, product.depth, count, base);
        return;
    }
    const int32_t stride = column_bytes(product.depth);
    for (uint32_t done = 0; done < count; done += kBlockPixels) {
        const uint32_t pixels = count - done < kBlockPixels ? count - done : kBlockPixels;
        for (uint32_t i = 0; i < pixels; ++i) windows.read(columns + static_cast<int32_t>(i) * stride);
        panel = pack_panels(panel, columns, stride, stride, pixels, base);
    }
}

void pack_channels(const Product& product, uint32_t channel, Finish finish, uint32_t* pair) {
    const uint32_t count = channel + 1 < product.channels ? 2 : 1;
    const int8_t* first = product.weights + static_cast<int32_t>(channel) * product.channel_step;
    const int8_t* second = count == 2 ? first + product.channel_step : nullptr;
    uint32_t* end = pack_pair(pair + 2, first, second, product.weight_step, product.depth);
    auto* rescale = reinterpret_cast<Rescale*>(end);
    pair[1] = 0;
    for (uint32_t i = 0; i < count; ++i) {
        const uint32_t index = product.first_channel + channel + i;
        pair[i] = product.bias != nullptr ? static_cast<uint32_t>(product.bias[index]) : 0;
        if (finish != Finish::kSums) rescale[i] = rescale_of(product.multipliers[index], product.output_zero_point);
    }
}

// A pair times panels whose sums output_value() finishes.
void multiply_slowly(const Product& product, GemmCall call, int8_t* output, uint32_t count, uint32_t channel) {
    const uint32_t channels = channel + 1 < product.channels ? 2 : 1;
    call.weights_end = call.pair + call.pair_bytes / 4 - 6;
    call.finish = Finish::kSums;
    call.pairs = 1;
    for (uint32_t done = 0; done < count; done += kBlockPixels) {
        const uint32_t pixels = count - done < kBlockPixels ? count - done : kBlockPixels;
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

// All panels times `pairs` pairs from `channel` on.
void multiply(const Product& product, GemmCall& call, uint32_t first, uint32_t count, uint32_t channel, uint32_t pairs) {
    int8_t* output = product.output + static_cast<int32_t>(first) * product.output_stride + channel;
    const uint32_t rest = count % kBlockPixels;
    const uint32_t* const panel = call.panel;
    const uint32_t* const whole_end = panel + panel_words(count - rest, product.depth);
    const uint32_t* const pair = call.pair;
    uint32_t quick = call.finish == Finish::kSums ? 0 : pairs;
    if (channel + 2 * pairs > product.channels && quick > 0) --quick;  // the last pair is half a one
    if (quick > 0) {
        call.pairs = quick;
        call.weights_end = pair + call.pair_bytes / 4 - 6;
        call.panels_end = whole_end;
        call.output = call.output_of_pair = output;
        if (count > rest) gemm(call, kBlockPixels);
        if (rest > 0) {
            call.panel = whole_end;
            call.panels_end = whole_end + panel_words(rest, product.depth);
            call.output = call.output_of_pair = output + static_cast<int32_t>(count - rest) * product.output_stride;
            gemm(call, rest);
            call.panel = panel;
        }
    }
    for (; quick < pairs; ++quick) {
        call.pair = pair + quick * call.pair_bytes / 4;
        multiply_slowly(product, call, output + 2 * quick, count, channel + 2 * quick);
    }
    call.pair = pair;
}

}  // namespace

bool plan_product(Context& context, uint32_t pixels, int32_t depth, uint32_t channels, bool windows,
                  uint32_t activation_bytes, ProductPlan* plan) {
    constexpr uint32_t kStreamedPanel = 512;  // words; enough for what happens once a block not to matter
    constexpr uint32_t kLeastBlock = 8, kSlack = 1024;
    const uint32_t rounded = (pixels + kBlockPixels - 1) / kBlockPixels * kBlockPixels;
    const uint32_t pixel = panel_words(1, depth);  // words
    const uint32_t pair = pair_words(depth);
    const uint32_t limit = activation_bytes / 4 + kSlack;

    const auto block_of = [=](uint32_t words) {
        uint32_t block = words / pixel / kBlockPixels * kBlockPixels;
        if (block < kLeastBlock) block = kLeastBlock;
        return block < rounded ? block : rounded;
    };
    const uint64_t all_pairs = uint64_t{pair} * ((channels + 1) / 2);
    const uint64_t all_pixels = uint64_t{pixel} * rounded;
    const uint32_t streamed = block_of(kStreamedPanel);
    plan->keep_pairs = all_pairs + streamed * pixel < all_pixels + pair && all_pairs + streamed * pixel <= limit;
    plan->block = plan->keep_pairs ? streamed : all_pixels + pair <= limit ? rounded : block_of(limit > pair ? limit - pair : 0);
    const uint64_t words = uint64_t{plan->block} * pixel + (plan->keep_pairs ? all_pairs : pair) +
                           (windows ? uint64_t{kBlockPixels} * quads(depth) : 0);
    return context.request_scratch(&plan->scratch, words < SIZE_MAX ? static_cast<size_t>(words) : SIZE_MAX);
}

void run_product(const Product& product, const ProductPlan& plan) {
    const uint32_t pair_size = pair_words(product.depth), pairs = (product.channels + 1) / 2;
    uint32_t* const panel = plan.scratch;
    uint32_t* const pair = panel + panel_words(plan.block, product.depth);
    auto* const columns = reinterpret_cast<int8_t*>(pair + pair_size * (plan.keep_pairs ? pairs : 1));
    GemmCall call;
    call.pair = pair;
    call.output_stride = product.output_stride;
    call.finish = plan.finish;
    call.low = (static_cast<uint32_t>(product.range.integer.low) & 0xFF) * 0x01010101u;
    call.high = (static_cast<uint32_t>(product.range.integer.high) & 0xFF) * 0x01010101u;
    call.panel = panel;
    call.skipped = (0u - quads(product.depth)) & 3;
    call.pair_bytes = 4 * pair_size;
    if (plan.keep_pairs) {
        for (uint32_t k = 0; k < pairs; ++k) pack_channels(product, 2 * k, plan.finish, pair + k * pair_size);
    }
    WindowReader windows(product);
    for (uint32_t first = 0; first < product.pixels; first += plan.block) {
        const uint32_t count = product.pixels - first < plan.block ? product.pixels - first : plan.block;
        pack_pixels(product, windows, first, count, panel, columns);
        if (plan.keep_pairs) {
            multiply(product, call, first, count, 0, pairs);
            continue;
        }
        for (uint32_t channel = 0; channel < product.channels; channel += 2) {
            pack_channels(product, channel, plan.finish, pair);
            multiply(product, call, first, count, channel, 1);
        }
    }
}

}  // namespace dsp
}  // namespace cmsim
