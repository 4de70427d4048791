#include "interpreter/flatbuffer.h"

namespace cmsim {

Reader::Reader(const void* data, size_t size)
    : data_(static_cast<const uint8_t*>(data)), size_(static_cast<uint32_t>(size)) {
    if (data == nullptr || size > 0x7FFFFFFF) ok = false, size_ = 0;
}

bool Reader::in_range(uint32_t position, uint32_t bytes) {
    if (position > size_ || bytes > size_ - position) ok = false;
    return ok;
}

uint32_t Reader::follow(uint32_t position) {
    const uint32_t offset = at<uint32_t>(position);
    if (!ok || offset == 0 || offset > size_ - position) return fail();
    return position + offset;
}

Table::Table(Reader& reader, uint32_t position) : reader_(&reader), position_(position) {
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

uint32_t Table::field_position(unsigned field) const {
    if (field >= field_count_) return 0;
    const auto offset = reader_->at<uint16_t>(vtable_ + 4 + 2 * field);
    return offset == 0 ? 0 : position_ + offset;
}

uint32_t Table::target(unsigned field) const {
    const uint32_t position = field_position(field);
    return position == 0 ? 0 : reader_->follow(position);
}

Table Table::table(unsigned field) const {
    const uint32_t position = target(field);
    return position == 0 ? Table() : Table(*reader_, position);
}

RawVector Table::raw_vector(unsigned field, uint32_t element) const {
    const uint32_t position = target(field);
    if (position == 0) return RawVector();
    const auto count = reader_->at<uint32_t>(position);
    if (!reader_->ok || count > 0x7FFFFFFF / element || !reader_->in_range(position + 4, count * element)) {
        reader_->fail();
        return RawVector();
    }
    return {reader_->pointer(position + 4), count};
}

Table Table::table_at(unsigned field, uint32_t index) const {
    const RawVector offsets = raw_vector(field, sizeof(uint32_t));
    if (index >= offsets.count) return reader_ != nullptr ? (reader_->fail(), Table()) : Table();
    const auto position = static_cast<uint32_t>(offsets.first - reader_->pointer(0)) + 4 * index;
    const uint32_t table = reader_->follow(position);
    return table == 0 ? Table() : Table(*reader_, table);
}

const char* Table::string(unsigned field) const {
    const RawVector text = raw_vector(field, 1);
    if (text.first == nullptr) return nullptr;
    const auto position = static_cast<uint32_t>(text.first - reader_->pointer(0));
    if (reader_->at<char>(position + text.count) != 0 || !reader_->ok) return nullptr;
    return reinterpret_cast<const char*>(text.first);
}

const uint8_t* trusted_field(const uint8_t* table, unsigned field) {
    if (table == nullptr) return nullptr;
    const uint8_t* vtable = table - trusted<int32_t>(table);
    if (6 + 2 * field > trusted<uint16_t>(vtable)) return nullptr;
    const auto offset = trusted<uint16_t>(vtable + 4 + 2 * field);
    return offset == 0 ? nullptr : table + offset;
}

RawVector trusted_vector(const uint8_t* table, unsigned field) {
    const uint8_t* position = trusted_field(table, field);
    if (position == nullptr) return RawVector();
    position += trusted<uint32_t>(position);
    return {position + 4, trusted<uint32_t>(position)};
}

}  // namespace cmsim
