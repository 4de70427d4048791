// An interpreter with the names, signatures and arena discipline of TensorFlow Lite Micro, and a model of two operators:
// persistent data from the arena's end downwards, activations at its beginning, temporary data behind these.
// -DARENA=BYTES; -DOLD: the constructor of releases that took an ErrorReporter; -DOWN_ALLOCATOR: MicroAllocator::Create.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <new>

extern "C" void say(const char* text);
#define KEEP __attribute__((noipa, used))
#ifndef OFFSET
#define OFFSET 0
#endif

namespace tflite {

class Model;
class MicroOpResolver;
class ErrorReporter;
class MicroResourceVariables;
class MicroProfilerInterface;
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };

class SingleArenaBufferAllocator {
public:
    KEEP static SingleArenaBufferAllocator* Create(uint8_t* buffer, size_t size) {
        SingleArenaBufferAllocator first(buffer, size);
        void* const place = first.AllocatePersistentBuffer(sizeof first, alignof(SingleArenaBufferAllocator));
        return place == nullptr ? nullptr : new (place) SingleArenaBufferAllocator(first);
    }
    SingleArenaBufferAllocator(uint8_t* buffer, size_t size) : base_(buffer), head_(buffer), temp_(buffer), tail_(buffer + size) {}
    KEEP virtual uint8_t* AllocatePersistentBuffer(size_t size, size_t alignment) {
        auto* const result = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(tail_) - size) / alignment * alignment);
        if (result < head_) return nullptr;
        return tail_ = result;
    }
    KEEP virtual TfLiteStatus ResizeBuffer(uint8_t* buffer, size_t size, size_t alignment) {
        (void)alignment;
        if (buffer != base_ || base_ + size > tail_) return kTfLiteError;
        head_ = temp_ = base_ + size;
        return kTfLiteOk;
    }
    KEEP virtual uint8_t* AllocateTemp(size_t size, size_t alignment) {
        auto* const result = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(temp_) + alignment - 1) / alignment * alignment);
        if (result + size > tail_) return nullptr;
        temp_ = result + size;
        return result;
    }
    void ResetTempAllocations() { temp_ = head_; }
    uint8_t* base() { return base_; }

private:
    uint8_t *base_, *head_, *temp_, *tail_;
};

// Told of each buffer, asked where it is; -DOLD: with an ErrorReporter.
#ifdef OLD
#define REPORTER ErrorReporter*,
#define NO_REPORTER nullptr,
#else
#define REPORTER
#define NO_REPORTER
#endif
class GreedyMemoryPlanner {
public:
    KEEP virtual TfLiteStatus AddBuffer(REPORTER int size, int first, int last) {
        (void)first, (void)last;
        places_[count_ + 1] = places_[count_] + size;
        ++count_;
        return kTfLiteOk;
    }
    KEEP virtual TfLiteStatus AddBuffer(REPORTER int size, int first, int last, int offline) {
        const TfLiteStatus status = AddBuffer(NO_REPORTER size, first, last);
        if (offline >= 0) places_[count_ - 1] = offline;
        return status;
    }
    KEEP virtual TfLiteStatus GetOffsetForBuffer(REPORTER int number, int* offset) {
        *offset = places_[number];
        return number < count_ ? kTfLiteOk : kTfLiteError;
    }

private:
    int count_ = 0, places_[8] = {};
};
static GreedyMemoryPlanner planner;

class MicroAllocator {
public:
    KEEP static MicroAllocator* Create(uint8_t* tensor_arena, size_t arena_size) {
        auto* const aligned = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(tensor_arena) + 15) / 16 * 16);
        auto* const memory = SingleArenaBufferAllocator::Create(aligned, tensor_arena + arena_size - aligned);
        if (memory == nullptr) return nullptr;
        void* const place = memory->AllocatePersistentBuffer(sizeof(MicroAllocator), alignof(MicroAllocator));
        return place == nullptr ? nullptr : new (place) MicroAllocator(memory);
    }
    explicit MicroAllocator(SingleArenaBufferAllocator* memory) : memory_(memory) {}
    KEEP virtual TfLiteStatus AllocateTfLiteEvalTensors() {
        return memory_->AllocatePersistentBuffer(9 * 12, 4) != nullptr ? kTfLiteOk : kTfLiteError;
    }
    KEEP virtual TfLiteStatus AllocateNodeAndRegistrations() {
        return memory_->AllocatePersistentBuffer(2 * 36, 4) != nullptr ? kTfLiteOk : kTfLiteError;
    }
    KEEP virtual void* AllocatePersistentBuffer(size_t bytes) { return memory_->AllocatePersistentBuffer(bytes, 16); }
    KEEP virtual uint8_t* FinishModelAllocation() {
        uint8_t* const plan = memory_->AllocateTemp(700, 4); // the planner's own needs: the peak
        if (plan == nullptr) return nullptr;
        memset(plan, 1, 700);
        memory_->ResetTempAllocations();
        planner.AddBuffer(NO_REPORTER 400, 0, 1);
        planner.AddBuffer(NO_REPORTER 304, 1, 2, -1);
        planner.AddBuffer(NO_REPORTER 96, 2, 2, 0);
        int places[3];
        for (int n = 0; n < 3; ++n) planner.GetOffsetForBuffer(NO_REPORTER n, &places[n]);
        if (memory_->ResizeBuffer(memory_->base(), 1100, 16) != kTfLiteOk) return nullptr;
        return memory_->base();
    }

private:
    SingleArenaBufferAllocator* memory_;
};

class MicroInterpreter {
public:
    MicroInterpreter(const Model* model, const MicroOpResolver& resolver, MicroAllocator* allocator,
                     MicroResourceVariables* variables = nullptr, MicroProfilerInterface* profiler = nullptr);
#ifdef OLD
    MicroInterpreter(const Model* model, const MicroOpResolver& resolver, uint8_t* tensor_arena, size_t tensor_arena_size,
                     ErrorReporter* reporter, MicroResourceVariables* variables = nullptr,
                     MicroProfilerInterface* profiler = nullptr);
#else
    MicroInterpreter(const Model* model, const MicroOpResolver& resolver, uint8_t* tensor_arena, size_t tensor_arena_size,
                     MicroResourceVariables* variables = nullptr, MicroProfilerInterface* profiler = nullptr,
                     bool preserve_all_tensors = false);
#endif
    TfLiteStatus AllocateTensors();
    TfLiteStatus Invoke();
    uint8_t* input = nullptr;

private:
    MicroAllocator* allocator_;
    int32_t* multipliers_ = nullptr;
};

KEEP MicroInterpreter::MicroInterpreter(const Model*, const MicroOpResolver&, MicroAllocator* allocator,
                                        MicroResourceVariables*, MicroProfilerInterface*) : allocator_(allocator) {}
#ifdef OLD
KEEP MicroInterpreter::MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* tensor_arena, size_t tensor_arena_size,
                                        ErrorReporter*, MicroResourceVariables*, MicroProfilerInterface*)
#else
KEEP MicroInterpreter::MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* tensor_arena, size_t tensor_arena_size,
                                        MicroResourceVariables*, MicroProfilerInterface*, bool)
#endif
    : allocator_(MicroAllocator::Create(tensor_arena, tensor_arena_size)) {}

KEEP TfLiteStatus MicroInterpreter::AllocateTensors() {
    if (allocator_ == nullptr) return kTfLiteError;
    if (allocator_->AllocateTfLiteEvalTensors() != kTfLiteOk) return kTfLiteError;
    if (allocator_->AllocateNodeAndRegistrations() != kTfLiteOk) return kTfLiteError;
    multipliers_ = static_cast<int32_t*>(allocator_->AllocatePersistentBuffer(8 * sizeof(int32_t)));
    if (multipliers_ == nullptr) return kTfLiteError;
    for (int n = 0; n < 8; ++n) multipliers_[n] = n + 1;
    input = allocator_->FinishModelAllocation();
    return input == nullptr ? kTfLiteError : kTfLiteOk;
}

KEEP TfLiteStatus MicroInterpreter::Invoke() {
    if (input == nullptr) return kTfLiteError;
    for (int n = 0; n < 300; ++n) input[400 + n] = static_cast<uint8_t>(input[n] * multipliers_[n % 8]);
    return kTfLiteOk;
}

}  // namespace tflite

alignas(16) static uint8_t tensor_arena[ARENA + OFFSET];

int main() {
    const auto* const model = reinterpret_cast<const tflite::Model*>(0x1000);
    const auto& resolver = *reinterpret_cast<const tflite::MicroOpResolver*>(0x2000);
#ifdef OWN_ALLOCATOR
    static tflite::MicroInterpreter interpreter(model, resolver, tflite::MicroAllocator::Create(tensor_arena + OFFSET, ARENA));
#else
    static tflite::MicroInterpreter interpreter(model, resolver, tensor_arena + OFFSET, ARENA, nullptr);
#endif
    if (interpreter.AllocateTensors() != tflite::kTfLiteOk) {
        say("AllocateTensors() failed\n");
        return 1;
    }
    for (int n = 0; n < 300; ++n) interpreter.input[n] = static_cast<uint8_t>(n);
    if (interpreter.Invoke() != tflite::kTfLiteOk) return 2;
    char text[40];
    snprintf(text, sizeof text, "result %d\n", interpreter.input[400 + 77]);
    say(text);
    return 0;
}
