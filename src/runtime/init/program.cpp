#include "runtime/init/program.h"

#include "runtime/init/kernel.h"

namespace ocirt::init {

namespace {

using plan::Op;

constexpr bool known_stage(uint32_t stage) {
    return stage >= static_cast<uint32_t>(plan::Stage::setup) && stage <= static_cast<uint32_t>(plan::Stage::listener);
}

// What a step's values must be beyond their shape. Members are found by name: every step that has one obeys.
template <class Step>
bool good_values(const Step& step) {
    bool good = true;
    if constexpr (requires { step.slot; }) good = good && step.slot < plan::slot_limit;
    if constexpr (requires { step.first_slot; })
        good = good && step.first_slot <= plan::slot_limit && step.count <= plan::slot_limit - step.first_slot;
    if constexpr (requires { step.stage; }) good = good && known_stage(step.stage);
    if constexpr (requires { step.target_flags; }) {
        constexpr uint32_t all = plan::target_plain_directory | plan::target_may_be_in_proc;
        good = good && (step.target_flags & ~all) == 0;
    }
    if constexpr (Step::op == Op::mount_fs) {
        constexpr uint32_t all = plan::mount_copy_up | plan::mount_classic | plan::mount_fallback_ro |
                                 plan::mount_own_mode | plan::mount_own_owner;
        good = good && (step.flags & ~all) == 0;
    }
    if constexpr (Step::op == Op::make_device)
        good = good && (step.type == S_IFCHR || step.type == S_IFBLK || step.type == S_IFIFO);
    if constexpr (requires { step.groups; }) good = good && step.groups.count <= groups_limit;
    if constexpr (requires { step.filter; })
        good = good && step.filter.size % 8 == 0 && step.filter.size <= filter_size_limit;
    if constexpr (requires { step.args; }) good = good && step.args.count > 0;
    return good;
}

}  // namespace

// Visits the members of a step: each names a part of the block that must be inside it.
struct Program::FieldCheck {
    const Program& program;
    bool good = true;

    void operator()(const char*, uint32_t) const {}
    void operator()(const char*, uint64_t) const {}
    void operator()(const char*, plan::WireText text) { good = good && program.good_text(text); }
    void operator()(const char*, plan::WireTexts texts) {
        good = good && program.inside(texts.offset, texts.count, sizeof(plan::WireText), 8);
        for (uint32_t at = 0; good && at < texts.count; ++at)
            good = program.good_text(program.at<plan::WireText>(texts.offset)[at]);
    }
    void operator()(const char*, plan::WireNumbers numbers) {
        good = good && program.inside(numbers.offset, numbers.count, sizeof(uint64_t), 8);
    }
    void operator()(const char*, plan::WireBytes bytes) {
        good = good && program.inside(bytes.offset, bytes.size, 1, 8);
    }
};

bool Program::check(const void* block, uint64_t size) {
    block_ = static_cast<const char*>(block);
    if (!check_header(size)) return false;
    size_ = header().size;
    if (!inside(header().steps, step_count(), sizeof(plan::StepRef), 8)) return false;
    for (faulty_step_ = 0; faulty_step_ < step_count(); ++faulty_step_)
        if (!check_step(faulty_step_)) return false;
    return true;
}

bool Program::check_header(uint64_t size) const {
    if (size < sizeof(plan::Header) || reinterpret_cast<uintptr_t>(block_) % 8 != 0) return false;
    const plan::Header& head = header();
    return head.magic == plan::program_magic && head.version == plan::program_version &&
           head.size >= sizeof(plan::Header) && head.size <= size && head.size <= plan::program_size_limit &&
           head.step_count > 0 && head.step_count <= plan::step_limit;
}

bool Program::check_step(uint32_t index) const {
    const plan::StepRef ref = refs()[index];
    const uint32_t last = step_count() - 1;
    if ((ref.op == Op::exec || ref.op == Op::leave) != (index == last)) return false;
    if (ref.op == Op::install_seccomp && (index + 1 != last || refs()[last].op != Op::exec)) return false;
    bool good = false;
    plan::with_op<Wire>(ref.op, [&]<class Step>() {
        if (!inside(ref.offset, 1, sizeof(Step), alignof(Step))) return;
        const Step& step = *at<Step>(ref.offset);
        FieldCheck check{*this};
        Step::fields(step, check);
        good = check.good && good_values(step);
    });
    return good;
}

bool Program::inside(uint64_t offset, uint64_t count, uint64_t element, uint64_t alignment) const {
    return offset % alignment == 0 && offset <= size_ && count * element <= size_ - offset;
}

bool Program::good_text(plan::WireText text) const {
    if (!inside(text.offset, uint64_t{text.size} + 1, 1, 1)) return false;
    const char* bytes = at<char>(text.offset);
    return Text(bytes, text.size).find(0) == text.size && bytes[text.size] == 0;
}

bool Program::has(plan::Op wanted) const {
    for (uint32_t step = 0; step < step_count(); ++step)
        if (op(step) == wanted) return true;
    return false;
}

}  // namespace ocirt::init
