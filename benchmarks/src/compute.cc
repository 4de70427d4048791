// Work of one KIND, chosen at compile time, about 320 million instructions. No device is touched before the end,
// so that bare Unicorn can run it as well. `g_result` holds a checksum; `finished` is called at the end.
#include <stddef.h>
#include <stdint.h>

#include "startup/semihosting.h"

namespace {

enum Kind { kCrc, kSort, kDot, kConvolution, kMatrix, kFilter };

constexpr int kRounds[] = {1200, 920, 60000, 56, 1480, 18000};  // about 320 million instructions each
constexpr size_t kWords = 1024;
uint32_t g_words[kWords];

uint32_t g_seed = 1;
uint32_t next() { return g_seed = g_seed * 1664525u + 1013904223u; }

// CRC-32 by the bit: the shortest of loops.
__attribute__((noinline)) uint32_t crc32(const uint8_t* bytes, size_t size) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

// Shell sort: loads, stores, and branches that cannot be predicted.
__attribute__((noinline)) void sort(uint32_t* words, size_t count) {
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; ++i) {
            uint32_t word = words[i];
            size_t j = i;
            for (; j >= gap && words[j - gap] > word; j -= gap) words[j] = words[j - gap];
            words[j] = word;
        }
    }
}

// Loads and multiplications only.
int16_t g_left_half[kWords], g_right_half[kWords];

__attribute__((noinline)) int32_t dot(const int16_t* a, const int16_t* b, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
    return sum;
}

// 3x3 over 30 x 30 x 8 to 16 channels, int8, requantised: the inner loops of a small network.
constexpr int kSide = 32, kIn = 8, kOut = 16;
int8_t g_image[kSide * kSide * kIn], g_filter[kOut * 9 * kIn], g_map[(kSide - 2) * (kSide - 2) * kOut];

__attribute__((noinline)) int8_t cell(const int8_t* image, const int8_t* filter) {
    int32_t sum = 0;
    for (int y = 0; y < 3; ++y) {
        for (int i = 0; i < 3 * kIn; ++i) sum += image[y * kSide * kIn + i] * filter[y * 3 * kIn + i];
    }
    sum = static_cast<int32_t>(static_cast<int64_t>(sum) * 0x50000000 >> 38);
    return static_cast<int8_t>(sum > 127 ? 127 : sum < -128 ? -128 : sum);
}

__attribute__((noinline)) void convolve() {
    for (int y = 0; y < kSide - 2; ++y) {
        for (int x = 0; x < kSide - 2; ++x) {
            for (int channel = 0; channel < kOut; ++channel) {
                g_map[(y * (kSide - 2) + x) * kOut + channel] =
                    cell(&g_image[(y * kSide + x) * kIn], &g_filter[channel * 9 * kIn]);
            }
        }
    }
}

// 32 x 32 words, summed up in memory: a store for each product.
constexpr int kOrder = 32;
uint32_t g_left[kOrder][kOrder], g_right[kOrder][kOrder], g_product[kOrder][kOrder];

__attribute__((noinline)) void multiply() {
    for (int i = 0; i < kOrder; ++i) {
        for (int k = 0; k < kOrder; ++k) {
            for (int j = 0; j < kOrder; ++j) g_product[i][j] += g_left[i][k] * g_right[k][j];
        }
    }
}

// Floating point: a biquad over 1024 samples, each of which waits for the one before.
float g_samples[kWords];

__attribute__((noinline)) float filter(float* samples, size_t count) {
    float d1 = 0, d2 = 0;
    for (size_t i = 0; i < count; ++i) {
        const float in = samples[i], out = 0.2f * in + d1;
        d1 = 0.4f * in + 0.3f * out + d2;
        d2 = 0.2f * in - 0.1f * out;
        samples[i] = out;
    }
    return d1 + d2;
}

uint32_t round_of(Kind kind) {
    switch (kind) {
        case kCrc:
            g_words[0] = next();
            return crc32(reinterpret_cast<const uint8_t*>(g_words), sizeof g_words);
        case kSort:
            for (uint32_t& word : g_words) word = next();
            sort(g_words, kWords);
            return g_words[kWords / 2];
        case kDot:
            g_left_half[next() % kWords] = g_right_half[next() % kWords] = static_cast<int16_t>(next() >> 16);
            return static_cast<uint32_t>(dot(g_left_half, g_right_half, kWords));
        case kConvolution:
            for (int8_t& value : g_image) value = static_cast<int8_t>(next() >> 24);
            for (int8_t& value : g_filter) value = static_cast<int8_t>(next() >> 24);
            convolve();
            return crc32(reinterpret_cast<const uint8_t*>(g_map), 64);
        case kMatrix:
            for (int i = 0; i < kOrder; ++i) {
                g_left[i][i] = next();
                g_right[i][kOrder - 1 - i] = next();
            }
            multiply();
            return g_product[3][5];
        case kFilter:
            g_samples[next() % kWords] = static_cast<float>(next() >> 16);
            return static_cast<uint32_t>(static_cast<int32_t>(filter(g_samples, kWords)));
    }
    return 0;
}

}  // namespace

extern "C" {

volatile uint32_t g_result;
}  // extern "C"

int main() {
    constexpr Kind kind = KIND;
    for (int round = 0; round < kRounds[kind]; ++round) g_result = g_result * 31 + round_of(kind);
    finished();
    return 0;
}
