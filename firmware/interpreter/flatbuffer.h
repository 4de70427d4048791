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
    Reader(const void* data, size_t size) : data_(static_cast<const uint8_t*>(data)), size_(static_cast<uint32_t>(size)) {
        if (data == nullptr || size > 0x7FFFFFFF) ok = false, size_ = 0;
    }

    template <class T>
    T at(uint32_t position) {
        T value = T();
        if (in_range(position, sizeof(T))) __builtin_memcpy(&value, data_ + position, sizeof(T));
        return value;
    }

    const uint8_t* pointer(uint32_t position) const { return data_ + position; }

    bool in_range(uint32_t position, uint32_t bytes) {
        if (position > size_ || bytes > size_ - position) ok = false;
        return ok;
    }

    // The position which the offset stored at `position` leads to, 0 on error.
    uint32_t follow(uint32_t position) {
        const uint32_t offset = at<uint32_t>(position);
        if (!ok || offset == 0 || offset > size_ - position) return fail();
        return position + offset;
    }

    uint32_t fail() {
        ok = false;
        return 0;
    }

    bool ok = true;

private:
    const uint8_t* data_;
    uint32_t size_;
};

// A vector whose length has been checked. Elements are read by value, as a hostile model need not align them.
template <class T>
class Vector {
public:
    Vector() = default;
    Vector(Reader& reader, uint32_t position) {
        const uint32_t count = reader.at<uint32_t>(position);
        if (!reader.ok || count > 0x7FFFFFFF / sizeof(T)) {
            reader.fail();
        } else if (reader.in_range(position + 4, count * static_cast<uint32_t>(sizeof(T)))) {
            first_ = reader.pointer(position + 4);
            count_ = count;
        }
    }

    uint32_t size() const { return count_; }
    T operator[](uint32_t index) const {
        T value;
        __builtin_memcpy(&value, first_ + index * sizeof(T), sizeof(T));
        return value;
    }
    const uint8_t* bytes() const { return first_; }

    // The elements in place; null, and an error, where they are not aligned for it.
    const T* elements(Reader& reader) const {
        if (reinterpret_cast<uintptr_t>(first_) % alignof(T) != 0) return reader.fail(), nullptr;
        return reinterpret_cast<const T*>(first_);
    }

private:
    const uint8_t* first_ = nullptr;
    uint32_t count_ = 0;
};

// A table; a default-constructed one has no fields.
class Table {
public:
    Table() = default;
    Table(Reader& reader, uint32_t position) : reader_(&reader), position_(position) {
        const auto to_vtable = reader.at<int32_t>(position);
        const int64_t vtable = static_cast<int64_t>(position) - to_vtable;
        if (!reader.ok || vtable < 0 || vtable > 0x7FFFFFFF) {
            reader.fail();
            return;
        }
        vtable_ = static_cast<uint32_t>(vtable);
        const auto size = reader.at<uint16_t>(vtable_);
        if (size < 4 || !reader.in_range(vtable_, size)) {
            reader.fail();
            return;
        }
        field_count_ = (size - 4u) / 2;
    }

    template <class T>
    T scalar(unsigned field, T otherwise = T()) const {
        const uint32_t position = field_position(field);
        return position == 0 ? otherwise : reader_->at<T>(position);
    }

    bool has(unsigned field) const { return field_position(field) != 0; }

    Table table(unsigned field) const {
        const uint32_t position = target(field);
        return position == 0 ? Table() : Table(*reader_, position);
    }

    template <class T>
    Vector<T> vector(unsigned field) const {
        const uint32_t position = target(field);
        return position == 0 ? Vector<T>() : Vector<T>(*reader_, position);
    }

    // A vector of offsets to tables.
    uint32_t table_count(unsigned field) const { return vector<uint32_t>(field).size(); }
    Table table_at(unsigned field, uint32_t index) const {
        const uint32_t position = target(field);
        const Vector<uint32_t> offsets = vector<uint32_t>(field);
        if (position == 0 || index >= offsets.size()) return reader_ ? (reader_->fail(), Table()) : Table();
        const uint32_t table = reader_->follow(position + 4 + 4 * index);
        return table == 0 ? Table() : Table(*reader_, table);
    }

    // A string, null where absent or not terminated by a zero byte.
    const char* string(unsigned field) const {
        const Vector<char> text = vector<char>(field);
        if (text.bytes() == nullptr) return nullptr;
        const auto position = static_cast<uint32_t>(text.bytes() - reader_->pointer(0));
        if (reader_->at<char>(position + text.size()) != 0 || !reader_->ok) return nullptr;
        return reinterpret_cast<const char*>(text.bytes());
    }

private:
    uint32_t field_position(unsigned field) const {
        if (field >= field_count_) return 0;
        const auto offset = reader_->at<uint16_t>(vtable_ + 4 + 2 * field);
        return offset == 0 ? 0 : position_ + offset;
    }
    uint32_t target(unsigned field) const {
        const uint32_t position = field_position(field);
        return position == 0 ? 0 : reader_->follow(position);
    }

    Reader* reader_ = nullptr;
    uint32_t position_ = 0;
    uint32_t vtable_ = 0;
    uint32_t field_count_ = 0;
};

}  // namespace cmsim
