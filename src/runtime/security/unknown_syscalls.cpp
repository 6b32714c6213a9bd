#include "runtime/security/unknown_syscalls.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <cerrno>
#include <cstddef>

namespace ocirt::security {
namespace {

constexpr std::uint32_t x32_bit = 0x40000000;         // __X32_SYSCALL_BIT
constexpr std::uint32_t arm_private_calls = 0xf0000;  // __ARM_NR_BASE: breakpoint, cacheflush, set_tls
constexpr std::uint32_t everything = 0xffffffff;

constexpr sock_filter load(std::size_t offset) {
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

// Skips `yes` or `no` instructions.
constexpr sock_filter jump_if(std::uint16_t condition, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | condition), yes, no, value};
}

constexpr sock_filter answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }

}  // namespace

KnownRange syscall_range(std::uint32_t token) {
    switch (token) {
        case SCMP_ARCH_X86_64: return {.audit_arch = AUDIT_ARCH_X86_64, .last = x32_bit - 1};
        case SCMP_ARCH_X32: return {.audit_arch = AUDIT_ARCH_X86_64, .last = everything, .highest = x32_bit};
        case SCMP_ARCH_ARM: return {.audit_arch = AUDIT_ARCH_ARM, .last = arm_private_calls - 1};
        default: return {.audit_arch = token, .last = everything};  // libseccomp's tokens are the kernel's own
    }
}

std::vector<sock_filter> answer_enosys(std::span<const KnownRange> ranges) {
    std::vector<sock_filter> program;
    for (const KnownRange& range : ranges) {
        const sock_filter block[] = {
            load(offsetof(seccomp_data, arch)), jump_if(BPF_JEQ, range.audit_arch, 0, 4),
            load(offsetof(seccomp_data, nr)),   jump_if(BPF_JGT, range.highest, 0, 2),
            jump_if(BPF_JGT, range.last, 1, 0), answer(SECCOMP_RET_ERRNO | ENOSYS),
        };
        program.insert(program.end(), std::begin(block), std::end(block));
    }
    return program;
}

}  // namespace ocirt::security
