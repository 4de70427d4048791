// Changes a model so that it is hostile. Most changes hit values (shapes, types, indices, options, quantisation, small
// constants), because a wrong offset ends a model's way into the code early; the rest hit any word.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <initializer_list>
#include <vector>

#include "interpreter/flatbuffer.h"
#include "interpreter/schema.h"

namespace cmsim {
namespace mutation {

struct Value {
    size_t position;
    uint8_t bytes;
};

// Where the values of a model are, as far as it can be read.
class Values {
public:
    Values(const uint8_t* data, size_t size) : data_(data), size_(size), reader_(data, size) {
        const Table model(reader_, reader_.follow(0));
        for (uint32_t i = 0; i < count(model, field::model::kOperatorCodes); ++i) {
            scalars(model.table_at(field::model::kOperatorCodes, i), {{0, 1}, {2, 4}, {3, 4}});
        }
        for (uint32_t i = 0; i < count(model, field::model::kSubgraphs); ++i) {
            subgraph(model.table_at(field::model::kSubgraphs, i));
        }
        for (uint32_t i = 0; i < count(model, field::model::kBuffers); ++i) {
            const Vector<uint8_t> bytes = model.table_at(field::model::kBuffers, i).vector<uint8_t>(field::buffer::kData);
            if (reader_.ok && bytes.size() <= 64) vector(bytes.bytes(), bytes.size() / 4, 4);
        }
    }
    std::vector<Value> list;

private:
    struct Field {
        unsigned number;
        uint8_t bytes;
    };

    uint32_t count(const Table& table, unsigned field) {
        const uint32_t many = table.table_count(field);
        return !reader_.ok ? 0 : many < 1000 ? many : 1000;
    }
    void add(const uint8_t* at, uint8_t bytes) {
        if (at == nullptr || at < data_ || static_cast<size_t>(at - data_) + bytes > size_) return;
        list.push_back({static_cast<size_t>(at - data_), bytes});
    }
    void scalars(const Table& table, std::initializer_list<Field> fields) {
        for (const Field& field : fields) {
            if (table.has(field.number) && reader_.ok) add(trusted_field(table.bytes(), field.number), field.bytes);
        }
    }
    void vector(const uint8_t* first, uint32_t count, uint8_t bytes) {
        for (uint32_t i = 0; i < count && i < 64; ++i) add(first + i * bytes, bytes);
    }
    template <class T>
    void elements(const Table& table, unsigned field) {
        const Vector<T> found = table.vector<T>(field);
        if (reader_.ok) vector(found.bytes(), found.size(), sizeof(T));
    }
    void subgraph(const Table& graph) {
        elements<int32_t>(graph, field::subgraph::kInputs);
        elements<int32_t>(graph, field::subgraph::kOutputs);
        for (uint32_t i = 0; i < count(graph, field::subgraph::kTensors); ++i) {
            const Table tensor = graph.table_at(field::subgraph::kTensors, i);
            elements<int32_t>(tensor, field::tensor::kShape);
            scalars(tensor, {{field::tensor::kType, 1}, {field::tensor::kBuffer, 4}, {field::tensor::kIsVariable, 1}});
            const Table quantization = tensor.table(field::tensor::kQuantization);
            elements<float>(quantization, field::quantization::kScale);
            elements<int64_t>(quantization, field::quantization::kZeroPoint);
            scalars(quantization, {{field::quantization::kQuantizedDimension, 4}});
        }
        for (uint32_t i = 0; i < count(graph, field::subgraph::kOperators); ++i) {
            const Table op = graph.table_at(field::subgraph::kOperators, i);
            scalars(op, {{field::op::kOpcodeIndex, 4}});
            elements<int32_t>(op, field::op::kInputs);
            elements<int32_t>(op, field::op::kOutputs);
            elements<uint8_t>(op, field::op::kCustomOptions);
            const Table options = op.table(field::op::kOptions);
            scalars(options, {{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 4}, {5, 4}, {6, 4}, {0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}});
        }
    }

    const uint8_t* data_;
    size_t size_;
    Reader reader_;
};

uint64_t next(uint64_t* state) {  // xorshift64*
    *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1D;
}

template <class T>
void change(uint8_t* at, uint64_t* random) {
    static constexpr int64_t kInteresting[] = {0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 64, 127, 128, 255, 256, 4095, 4096, 32767,
        32768, 65535, 65536, 0x0FFFFFFF, 0x10000000, 0x7FFFFFFF, 0x80000000, -1, -2, -4, -128, -32768, 0x7F800000, 0x7FC00000, 0x00800000, 1};
    T value;
    memcpy(&value, at, sizeof value);
    const uint64_t how = next(random) >> 16;
    switch (how % 5) {
        case 0: value = static_cast<T>(kInteresting[how / 5 % (sizeof kInteresting / sizeof kInteresting[0])]); break;
        case 1: value = static_cast<T>(value + static_cast<T>(how / 5 % 9) - 4); break;
        case 2: value = static_cast<T>(value ^ static_cast<T>(static_cast<T>(1) << (how / 5 % (8 * sizeof(T))))); break;
        case 3: value = static_cast<T>(how / 5 % 20); break;
        default: value = static_cast<T>(next(random) >> 8); break;
    }
    memcpy(at, &value, sizeof value);
}

void change(uint8_t* at, unsigned bytes, uint64_t* random) {
    switch (bytes) {
        case 1: return change<uint8_t>(at, random);
        case 2: return change<uint16_t>(at, random);
        case 4: return change<uint32_t>(at, random);
        default: return change<uint64_t>(at, random);
    }
}

}  // namespace mutation

// The same seed makes the same change.
inline void mutate(uint8_t* data, size_t size, uint64_t seed) {
    using namespace mutation;
    if (size < 16) return;
    uint64_t random = seed * 0x9E3779B97F4A7C15 + 1;
    if (random == 0) random = 1;
    const auto draw = [&random](uint64_t below) { return (next(&random) >> 20) % below; };
    const std::vector<Value> values = Values(data, size).list;
    for (uint64_t count = draw(2) == 0 ? 1 : 2 + draw(3); count > 0; --count) {
        const uint64_t kind = draw(16);
        const size_t word = draw(size / 4) * 4;
        if (kind < 12 && !values.empty()) {
            const Value& value = values[draw(values.size())];
            change(data + value.position, value.bytes, &random);
        } else if (kind < 15) {
            const unsigned bytes = 1u << draw(3);
            change(data + word + draw(4 / bytes) * bytes, bytes, &random);
        } else {
            memmove(data + word, data + draw(size / 4) * 4, 4);  // one word over another: aliased offsets
        }
    }
}

}  // namespace cmsim
