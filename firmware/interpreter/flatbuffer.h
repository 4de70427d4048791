// A reader of flatbuffers that trusts nothing: every offset, vtable and vector length is checked against the buffer
// before use (FlatBuffers internals: tables, vtables, vectors; little-endian).
//
// Errors stick: after the first one `Reader::ok` is false and everything reads as its default or as empty, so that code may
// read a whole table and look at `ok` once.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cmsim {

class Reader {
public:
    Reader(const void* data, size_t size);

    template <class T>
    T at(uint32_t position) {
        T value = T();
        if (in_range(position, sizeof(T))) __builtin_memcpy(&value, data_ + position, sizeof(T));
        return value;
    }

    const uint8_t* pointer(uint32_t position) const { return data_ + position; }
    bool in_range(uint32_t position, uint32_t bytes);

    // The position which the offset stored at `position` leads to, 0 on error.
    uint32_t follow(uint32_t position);

    uint32_t fail() {
        ok = false;
        return 0;
    }

    bool ok = true;

private:
    const uint8_t* data_;
    uint32_t size_;
};

// The bytes of a vector whose length has been checked.
struct RawVector {
    const uint8_t* first = nullptr;
    uint32_t count = 0;
};

// Elements are read by value, as a hostile model need not align them.
template <class T>
class Vector {
public:
    Vector() = default;
    explicit Vector(RawVector raw) : raw_(raw) {}

    uint32_t size() const { return raw_.count; }
    T operator[](uint32_t index) const {
        T value;
        __builtin_memcpy(&value, raw_.first + index * sizeof(T), sizeof(T));
        return value;
    }
    const uint8_t* bytes() const { return raw_.first; }

    // The elements in place, after their number; an error where they are not aligned for it. Without the vector: none.
    const T* elements(Reader& reader) const {
        static_assert(sizeof(T) == sizeof(uint32_t), "the number stands in the element before the first");
        static constexpr uint32_t kNone[] = {0, 0};
        if (reinterpret_cast<uintptr_t>(raw_.first) % alignof(T) != 0) reader.fail();
        return reinterpret_cast<const T*>(reader.ok && raw_.first != nullptr ? raw_.first
                                                                             : reinterpret_cast<const uint8_t*>(kNone + 1));
    }

private:
    RawVector raw_;
};

// A table; a default-constructed one has no fields.
class Table {
public:
    Table() = default;
    Table(Reader& reader, uint32_t position);

    template <class T>
    T scalar(unsigned field, T otherwise = T()) const {
        const uint32_t position = field_position(field);
        return position == 0 ? otherwise : reader_->at<T>(position);
    }

    bool has(unsigned field) const { return field_position(field) != 0; }

    // Where the table lies, for the trusted_...() functions below; null without fields.
    const uint8_t* bytes() const { return reader_ != nullptr && reader_->ok ? reader_->pointer(position_) : nullptr; }

    Table table(unsigned field) const;

    template <class T>
    Vector<T> vector(unsigned field) const {
        return Vector<T>(raw_vector(field, sizeof(T)));
    }

    // A vector of offsets to tables.
    uint32_t table_count(unsigned field) const { return raw_vector(field, sizeof(uint32_t)).count; }
    Table table_at(unsigned field, uint32_t index) const;

    // A string, null where absent or not terminated by a zero byte.
    const char* string(unsigned field) const;

private:
    uint32_t field_position(unsigned field) const;
    uint32_t target(unsigned field) const;
    RawVector raw_vector(unsigned field, uint32_t element) const;

    Reader* reader_ = nullptr;
    uint32_t position_ = 0;
    uint32_t vtable_ = 0;
    uint32_t field_count_ = 0;
};

// --- Reading what has been checked once, without a Reader ---

template <class T>
T trusted(const uint8_t* position) {
    T value;
    __builtin_memcpy(&value, position, sizeof value);
    return value;
}

// The address of a field of a table, null where the table (which may be null itself) does not have it.
const uint8_t* trusted_field(const uint8_t* table, unsigned field);

// A vector of a table, without elements where the table does not have it.
RawVector trusted_vector(const uint8_t* table, unsigned field);

inline int32_t trusted_int32(const uint8_t* table, unsigned field) {
    const uint8_t* position = trusted_field(table, field);
    return position == nullptr ? 0 : trusted<int32_t>(position);
}

}  // namespace cmsim
