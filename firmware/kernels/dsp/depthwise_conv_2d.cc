// DEPTHWISE_CONV_2D for Cortex-M4. int8: 3x3 filters by planes (depthwise_3x3.h), an image of one channel row by
// row (depthwise_image.h), other filters 4 channels at a time; float32 and int16 as in the portable set.
#include "kernels/conv_loops.h"
#include "kernels/dsp/depthwise_3x3.h"
#include "kernels/dsp/depthwise_image.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

enum class Way : uint8_t { kPortable, kPlanes, kImage, kQuads };

struct Data {
    ConvData conv;
    Way way;
    dsp::Finish finish;
    int32_t band;          // kPlanes: output rows for which input rows are spread over planes at a time
    uint32_t* scratch;
};

Way way_for(const Window& window, int32_t depth, int32_t depth_multiplier) {
    const WindowAxis& y = window.y;
    const WindowAxis& x = window.x;
    if (y.filter == 3 && x.filter == 3 && y.dilation == 1 && x.dilation == 1 && x.stride <= 2) return Way::kPlanes;
    if (depth == 1 && depth_multiplier >= 4 && x.dilation == 1) return Way::kImage;
    return depth_multiplier == 1 && depth >= 4 ? Way::kQuads : Way::kPortable;
}

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const Status status = prepare_depthwise_conv_2d(context, node, &data->conv);
    if (status != Status::kOk) return status;
    data->way = Way::kPortable;
    if (data->conv.arithmetic != Arithmetic::kInt8) return Status::kOk;

    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const WindowAxis& y = data->conv.window.y;
    const WindowAxis& x = data->conv.window.x;
    const int32_t depth = input.dim(3), outputs = output.dim(3), taps = y.filter * x.filter;
    const uint32_t bytes = input.bytes() + output.bytes();
    data->way = way_for(data->conv.window, depth, outputs / depth);
    data->finish = dsp::finish_for(data->conv.multipliers, data->conv.activation.integer, output.zero_point(),
                                   context.input(node, 2), uint64_t{255 * 128} * static_cast<uint32_t>(taps));
    if (data->way == Way::kImage) {
        const bool enough = context.request_scratch(&data->scratch, dsp::ImageRow::words(x, outputs));
        return enough ? Status::kOk : Status::kArenaTooSmall;
    }
    if (data->way != Way::kPlanes) return Status::kOk;

    constexpr uint32_t kLeastWords = 512;
    const int32_t planes = depth < 4 ? depth : 4;
    const auto row = static_cast<uint32_t>(dsp::plane_row_words(x.input));
    const uint32_t budget = (bytes / 16 > kLeastWords ? bytes / 16 : kLeastWords) / row / static_cast<uint32_t>(planes);
    data->band = budget < 4 ? 1 : (static_cast<int32_t>(budget) - 3) / y.stride + 1;
    if (data->band > y.output) data->band = y.output;
    const auto rows = static_cast<size_t>((data->band - 1) * y.stride + 3);
    const size_t sums = data->finish == dsp::Finish::kSums ? static_cast<size_t>(x.output + dsp::kPlaneBlock) : 0;
    const size_t words = (rows * row + 1) * static_cast<size_t>(planes) + dsp::kPlaneOverrun + sums;
    const bool enough = context.request_scratch(&data->scratch, words);
    return enough ? Status::kOk : Status::kArenaTooSmall;
}

// What the ways have in common.
struct Operands {
    Operands(const Context& context, const Node& node, const Data& data)
        : window(data.conv.window), range(data.conv.activation), multipliers(data.conv.multipliers), finish(data.finish) {
        const Tensor& in = *context.input(node, 0);
        const Tensor& filter = *context.input(node, 1);
        const Tensor& out = *context.output(node, 0);
        const Tensor* bias_tensor = context.input(node, 2);
        batches = in.dim(0);
        depth = in.dim(3);
        outputs = out.dim(3);
        input_zero_point = in.zero_point();
        output_zero_point = out.zero_point();
        input = in.as<const int8_t>();
        weights = filter.as<const int8_t>();
        output = out.as<int8_t>();
        bias = bias_tensor != nullptr ? bias_tensor->as<const int32_t>() : nullptr;
    }
    int32_t bias_of(int32_t channel) const { return bias != nullptr ? bias[channel] : 0; }
    // From a sum with its bias.
    int8_t result(int32_t sum, int32_t channel) const {
        const Multiplier multiplier = multipliers[static_cast<uint32_t>(channel)];
        if (finish == dsp::Finish::kSums) return slow_result(sum, multiplier);
        const int32_t value = dsp::rescaled(sum, dsp::rescale_of(multiplier), output_zero_point);
        return static_cast<int8_t>(clamp(value, range.integer.low, range.integer.high));
    }
    [[gnu::noinline]] int8_t slow_result(int32_t sum, Multiplier multiplier) const {
        return static_cast<int8_t>(output_value(static_cast<uint32_t>(sum), nullptr, 0, multiplier, output_zero_point, range));
    }

    Window window;
    ActivationRange range;
    ChannelMultipliers multipliers;
    dsp::Finish finish;
    int32_t batches, depth, outputs, input_zero_point, output_zero_point;
    const int8_t* input;
    const int8_t* weights;
    int8_t* output;
    const int32_t* bias;
};

// --- planes ---

// An image of one channel whose rows are words.
void spread_single(const Operands& all, const int8_t* values, int32_t rows, uint32_t* to) {
    const uint32_t base = dsp::both_lanes(-all.input_zero_point);
    for (int32_t row = 0; row < rows; ++row, *to++ = 0) {
        for (int32_t k = 0; k < all.window.x.input; k += 4, values += 4) {
            const uint32_t word = dsp::load_word(values);
            const uint32_t even = dsp::even_bytes(word, base), odd = dsp::odd_bytes(word, base);
            *to++ = dsp::low_lanes(even, odd);
            *to++ = dsp::high_lanes(even, odd);
        }
    }
}

// Spreads `rows` rows of the image over planes, from `values` on: `count` channels, 4 or, where there are no more, fewer.
void spread_rows(const Operands& all, const int8_t* values, int32_t rows, int32_t count, uint32_t* const planes[4]) {
    const WindowAxis& x = all.window.x;
    const int32_t pairs = (x.input - x.padding) / 2;
    const uint32_t end = (x.input - x.padding) % 2 != 0 ? 1 : x.padding != 0 ? 0 : 2;
    if (count == 4) {
        const dsp::SpreadCall call = {values, all.depth, dsp::both_lanes(-all.input_zero_point),
                                      static_cast<uint32_t>(x.padding), static_cast<uint32_t>(pairs), end,
                                      static_cast<uint32_t>(rows), {planes[0], planes[1], planes[2], planes[3]}};
        dsp::cmsim_spread_rows(&call);
        return;
    }
    if (all.depth == 1 && x.padding == 0 && x.input % 4 == 0) return spread_single(all, values, rows, planes[0]);
    for (int32_t i = 0; i < count; ++i) {
        auto* to = reinterpret_cast<int16_t*>(planes[i]);
        const int8_t* from = values + i;
        for (int32_t row = 0; row < rows; ++row) {
            if (x.padding != 0) *to++ = 0;
            for (int32_t k = 0; k < x.input; ++k, from += all.depth) *to++ = static_cast<int16_t>(*from - all.input_zero_point);
            for (uint32_t k = 0; k < end; ++k) *to++ = 0;
        }
    }
}

class Planes {
public:
    Planes(const Operands& all, const Data& data)
        : all_(all), row_words_(dsp::plane_row_words(all.window.x.input)),
          plane_words_(row_words_ * input_rows(data.band) + 1), planes_(data.scratch), finish_(data.finish) {
        const int32_t row_bytes = 4 * row_words_;
        const WindowAxis& x = all.window.x;
        const bool near = x.stride == 1;
        run_ = near ? dsp::cmsim_depthwise_3x3_stride_1 : dsp::cmsim_depthwise_3x3_stride_2;
        sums_ = reinterpret_cast<int32_t*>(planes_ + plane_words_ * (all.depth < 4 ? all.depth : 4) + dsp::kPlaneOverrun);
        depth_multiplier_ = all.outputs / all.depth;
        call_.row_step = row_bytes * all.window.y.stride;
        call_.next_row = near ? row_bytes : row_bytes - 16;
        call_.next_block = (near ? 12 : 8) - 2 * row_bytes;
        call_.output_row = x.output * all.outputs;
        call_.output_step = all.outputs;
        call_.columns = x.output;
        call_.zero_point = all.output_zero_point;
        call_.finish = data.finish;
        call_.low = (static_cast<uint32_t>(all.range.integer.low) & 0xFF) * 0x01010101u;
        call_.high = (static_cast<uint32_t>(all.range.integer.high) & 0xFF) * 0x01010101u;
    }

    // The output rows [first, first + rows) of a batch, all channels.
    void run(const int8_t* image, int8_t* output, int32_t first, int32_t rows) {
        const WindowAxis& y = all_.window.y;
        call_.rows = rows;
        output += first * call_.output_row;
        for (int32_t channel = 0; channel < all_.depth; channel += 4) {
            const int32_t count = all_.depth < 4 ? all_.depth : 4;
            // The last quad may have channels that are done already; it is spread, but not filtered twice.
            const int32_t start = channel + count > all_.depth ? all_.depth - count : channel;
            fill_planes(image, start, count, y.origin(first), input_rows(rows));
            filter_planes(channel - start, count, start, output);
        }
    }

private:
    int32_t input_rows(int32_t output_rows) const { return (output_rows - 1) * all_.window.y.stride + 3; }

    // Rows [first, first + rows) of the image from channel `channel` on, zeros where there are none: they are written once, as
    // they stay for all channels.
    void fill_planes(const int8_t* image, int32_t channel, int32_t count, int32_t first, int32_t rows) {
        const WindowAxis& y = all_.window.y;
        const int32_t above = first < 0 ? -first : 0;
        const int32_t end = first + rows < y.input ? first + rows : y.input;
        const int32_t inside = end - (first + above);
        uint32_t* planes[4];
        for (int32_t i = 0; i < count; ++i) {
            uint32_t* plane = planes_ + i * plane_words_;
            planes[i] = plane + above * row_words_;
            if (channel > 0) continue;
            for (uint32_t* word = plane; word < planes[i]; ++word) *word = 0;
            for (uint32_t* word = planes[i] + inside * row_words_; word < plane + plane_words_; ++word) *word = 0;
        }
        const int8_t* from = image + (first + above) * all_.window.x.input * all_.depth + channel;
        spread_rows(all_, from, inside, count, planes);
    }

    // Planes [first, end), of which plane 0 is `channel` of the input.
    void filter_planes(int32_t first, int32_t end, int32_t channel, int8_t* output) {
        constexpr uint32_t kAtATime = 4;
        dsp::DepthwiseChannel channels[kAtATime];
        uint32_t count = 0;
        const int32_t multiplier = depth_multiplier_;
        int32_t result = (channel + first) * multiplier;
        if (multiplier == 1 && end - first == 4 && finish_ != dsp::Finish::kSums) {
            set_weights(channels, all_.weights + result);
            for (int32_t i = first; i < end; ++i, ++result) {
                set_channel(&channels[i - first], planes_ + i * plane_words_, result, output + result);
            }
            return run_(&call_, channels, kAtATime);
        }
        for (int32_t i = first; i < end; ++i) {
            for (int32_t k = 0; k < multiplier; ++k, ++result) {
                set_weights(&channels[count], result);
                set_channel(&channels[count], planes_ + i * plane_words_, result, output + result);
                if (finish_ == dsp::Finish::kSums) {
                    filter_slowly(channels[0], result, output + result);
                } else if (++count == kAtATime) {
                    run_(&call_, channels, count);
                    count = 0;
                }
            }
        }
        if (count > 0) run_(&call_, channels, count);
    }

    // Of 4 channels that follow each other.
    void set_weights(dsp::DepthwiseChannel (&to)[4], const int8_t* weight) const {
        const int32_t step = all_.outputs;
        for (uint32_t i = 0; i < 6; i += 2, weight += 3 * step) {
            uint32_t even[3], odd[3];  // channels 0 and 2, 1 and 3
            for (int32_t k = 0; k < 3; ++k) {
                const uint32_t word = dsp::load_word(weight + k * step);
                even[k] = dsp::even_bytes(word);
                odd[k] = dsp::odd_bytes(word);
            }
            for (uint32_t k = 0; k < 2; ++k) {
                to[0].weights[i + k] = dsp::low_lanes(even[k], even[k + 1]);
                to[1].weights[i + k] = dsp::low_lanes(odd[k], odd[k + 1]);
                to[2].weights[i + k] = dsp::high_lanes(even[k], even[k + 1]);
                to[3].weights[i + k] = dsp::high_lanes(odd[k], odd[k + 1]);
            }
        }
    }

    void set_weights(dsp::DepthwiseChannel* to, int32_t channel) const {
        const int32_t step = all_.outputs;
        const int8_t* weight = all_.weights + channel;
        for (uint32_t i = 0; i < 6; i += 2) {
            const auto middle = static_cast<uint32_t>(weight[step]);
            to->weights[i] = dsp::low_lanes(static_cast<uint32_t>(weight[0]), middle);
            to->weights[i + 1] = dsp::low_lanes(middle, static_cast<uint32_t>(weight[2 * step]));
            weight += 3 * step;
        }
    }

    void set_channel(dsp::DepthwiseChannel* to, const uint32_t* plane, int32_t channel, int8_t* output) const {
        to->row = plane;
        to->output = output;
        to->bias = all_.bias_of(channel);
        if (finish_ != dsp::Finish::kSums) to->rescale = dsp::rescale_of(all_.multipliers[static_cast<uint32_t>(channel)]);
    }

    void filter_slowly(dsp::DepthwiseChannel one, int32_t channel, int8_t* output) {
        dsp::DepthwiseCall call = call_;
        call.rows = 1;
        one.output = sums_;
        for (int32_t row = 0; row < call_.rows; ++row, one.row += call.row_step / 4) {
            run_(&call, &one, 1);
            for (int32_t i = 0; i < call.columns; ++i, output += all_.outputs) *output = all_.result(sums_[i], channel);
        }
    }

    const Operands& all_;
    int32_t row_words_;
    int32_t plane_words_;
    uint32_t* planes_;
    int32_t* sums_;
    dsp::Finish finish_;
    void (*run_)(const dsp::DepthwiseCall*, const dsp::DepthwiseChannel*, uint32_t);
    int32_t depth_multiplier_;
    dsp::DepthwiseCall call_;
};

void run_planes(const Operands& all, const Data& data) {
    const WindowAxis& y = all.window.y;
    Planes planes(all, data);
    const int8_t* image = all.input;
    int8_t* output = all.output;
    for (int32_t batch = 0; batch < all.batches; ++batch) {
        for (int32_t first = 0; first < y.output; first += data.band) {
            planes.run(image, output, first, y.output - first < data.band ? y.output - first : data.band);
        }
        image += y.input * all.window.x.input * all.depth;
        output += y.output * all.window.x.output * all.outputs;
    }
}

// --- 4 channels at a time ---

// Adds `count` taps of 4 channels. A function of its own, so that all stays in registers.
[[gnu::noinline]] void add_taps(const int8_t* from, int32_t step, const int8_t* weight, int32_t weight_step, int32_t count,
                                uint32_t base, int32_t (&sums)[4]) {
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (; count > 0; --count, from += step, weight += weight_step) {
        uint32_t value = dsp::load_word(from), factor = dsp::load_word(weight);
        const uint32_t even = dsp::even_bytes(value, base), even_weights = dsp::even_bytes(factor);
        value = dsp::odd_bytes(value, base);
        factor = dsp::odd_bytes(factor);
        sum0 = dsp::add_low_product(sum0, even, even_weights);
        sum2 = dsp::add_high_product(sum2, even, even_weights);
        sum1 = dsp::add_low_product(sum1, value, factor);
        sum3 = dsp::add_high_product(sum3, value, factor);
    }
    sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
}

// The window of an output pixel inside the image, whose upper left corner is `corner`.
void run_quad(const Operands& all, const int8_t* corner, const int8_t* weight, int32_t rows, int32_t columns, int32_t (&sums)[4]) {
    const int32_t depth = all.depth;
    const int32_t next_row = all.window.y.dilation * all.window.x.input * depth, weight_row = all.window.x.filter * depth;
    const uint32_t base = dsp::both_lanes(-all.input_zero_point);
    if (columns == 1) return add_taps(corner, next_row, weight, weight_row, rows, base, sums);
    for (; rows > 0; --rows, corner += next_row, weight += weight_row) {
        add_taps(corner, all.window.x.dilation * depth, weight, depth, columns, base, sums);
    }
}

void run_quads(const Operands& all) {
    const WindowAxis& y = all.window.y;
    const WindowAxis& x = all.window.x;
    const int32_t depth = all.depth;
    const int8_t* image = all.input;
    int8_t* result = all.output;
    for (int32_t batch = 0; batch < all.batches; ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), rows = y.end(out_y) - y_begin;
            for (int32_t out_x = 0; out_x < x.output; ++out_x, result += depth) {
                const int32_t x_begin = x.begin(out_x), columns = x.end(out_x) - x_begin;
                const int32_t in_y = y.origin(out_y) + y_begin * y.dilation, in_x = x.origin(out_x) + x_begin * x.dilation;
                const int8_t* corner = image + (in_y * x.input + in_x) * depth;
                const int8_t* weights = all.weights + (y_begin * x.filter + x_begin) * depth;
                for (int32_t channel = 0; channel < depth; channel += 4) {
                    if (channel > depth - 4) channel = depth - 4;  // the last ones: some of them for the second time
                    int32_t sums[4];
                    for (int32_t i = 0; i < 4; ++i) sums[i] = all.bias_of(channel + i);
                    run_quad(all, corner + channel, weights + channel, rows, columns, sums);
                    for (int32_t i = 0; i < 4; ++i) result[channel + i] = all.result(sums[i], channel + i);
                }
            }
        }
    }
}

// --- an image of one channel ---

void run_image(const Operands& all, const Data& data) {
    const WindowAxis& y = all.window.y;
    const WindowAxis& x = all.window.x;
    dsp::ImageRow sums(x, all.outputs, all.input_zero_point, data.scratch);
    const int8_t* image = all.input;
    int8_t* result = all.output;
    const auto slowly = [&](int32_t channel) { return [=, &all](int32_t sum) { return all.result(sum, channel); }; };
    const auto quickly = [&](int32_t channel) {
        const dsp::Rescale rescale = dsp::rescale_of(all.multipliers[static_cast<uint32_t>(channel)]);
        const int32_t zero_point = all.output_zero_point;
        const Range range = all.range.integer;
        return [=](int32_t sum) { return static_cast<int8_t>(clamp(dsp::rescaled(sum, rescale, zero_point), range.low, range.high)); };
    };
    for (int32_t batch = 0; batch < all.batches; ++batch, image += y.input * x.input) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y, result += x.output * all.outputs) {
            sums.begin(all.bias);
            for (int32_t k = y.begin(out_y); k < y.end(out_y); ++k) {
                sums.add(image + (y.origin(out_y) + k * y.dilation) * x.input, all.weights + k * x.filter * all.outputs);
            }
            if (all.finish == dsp::Finish::kSums) {
                sums.end(result, slowly);
            } else {
                sums.end(result, quickly);
            }
        }
    }
}

Status invoke(Context& context, Node& node) {
    const auto& data = *static_cast<const Data*>(node.data);
    switch (data.way) {
        case Way::kPortable: convolve<DepthwiseWalk>(context, node, data.conv); break;
        case Way::kPlanes: run_planes(Operands(context, node, data), data); break;
        case Way::kImage: run_image(Operands(context, node, data), data); break;
        case Way::kQuads: run_quads(Operands(context, node, data)); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::DEPTHWISE_CONV_2D = {"DEPTHWISE_CONV_2D", builtin::kDepthwiseConv2d, 7, prepare, invoke};

}  // namespace cmsim
