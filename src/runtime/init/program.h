// The encoded plan as init sees it: mapped, checked once, then trusted.
#pragma once

#include "runtime/init/sys.h"
#include "runtime/init/text.h"
#include "runtime/plan/layout.h"

namespace ocirt::init {

using Wire = plan::Wire;

inline constexpr uint32_t groups_limit = 65536;          // NGROUPS_MAX
inline constexpr uint32_t filter_size_limit = 4096 * 8;  // BPF_MAXINSNS of 8 bytes

class Program {
   public:
    // Looks at every header, offset, size and text of the `size` bytes at `block` (aligned to 8), and at the values
    // that init would not survive: unknown ops, stages and flags, slots beyond slot_limit. `exec` or `leave` must be
    // the last step and the only one of its kind, install_seccomp stands right before an exec. False: not to be carried
    // out; faulty_step() says where it was noticed. Needs neither kernel nor root: this is what is fuzzed.
    [[nodiscard]] bool check(const void* block, uint64_t size);

    [[nodiscard]] uint32_t step_count() const { return header().step_count; }
    [[nodiscard]] uint32_t faulty_step() const { return faulty_step_; }
    [[nodiscard]] plan::Op op(uint32_t step) const { return refs()[step].op; }
    [[nodiscard]] bool has(plan::Op op) const;
    // The step at `index`, which is a Step.
    template <class Step>
    [[nodiscard]] const Step& step(uint32_t index) const {
        return *at<Step>(refs()[index].offset);
    }

    [[nodiscard]] Text text(plan::WireText text) const { return {at<char>(text.offset), text.size}; }
    [[nodiscard]] Text text(plan::WireTexts texts, uint32_t index) const {
        return text(at<plan::WireText>(texts.offset)[index]);
    }
    [[nodiscard]] const uint64_t* numbers(plan::WireNumbers numbers) const { return at<uint64_t>(numbers.offset); }
    [[nodiscard]] const void* bytes(plan::WireBytes bytes) const { return at<char>(bytes.offset); }

   private:
    template <class T>
    [[nodiscard]] const T* at(uint32_t offset) const {
        return reinterpret_cast<const T*>(block_ + offset);
    }
    [[nodiscard]] const plan::Header& header() const { return *at<plan::Header>(0); }
    [[nodiscard]] const plan::StepRef* refs() const { return at<plan::StepRef>(header().steps); }
    [[nodiscard]] bool check_header(uint64_t size) const;
    [[nodiscard]] bool check_step(uint32_t index) const;
    [[nodiscard]] bool inside(uint64_t offset, uint64_t count, uint64_t element, uint64_t alignment) const;
    [[nodiscard]] bool good_text(plan::WireText text) const;

    struct FieldCheck;

    const char* block_ = nullptr;
    uint32_t size_ = 0;
    uint32_t faulty_step_ = 0;
};

}  // namespace ocirt::init
