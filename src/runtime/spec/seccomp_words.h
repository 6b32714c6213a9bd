// The spec's word lists of /linux/seccomp (config-linux.md, Seccomp).
#pragma once

#include <array>
#include <string_view>

#include "runtime/spec/config.h"
#include "runtime/spec/reader.h"

namespace ocirt::spec {

inline constexpr std::array<Word<SeccompAction>, 9> seccomp_actions{{
    {"SCMP_ACT_KILL", SeccompAction::kill_thread},
    {"SCMP_ACT_KILL_PROCESS", SeccompAction::kill_process},
    {"SCMP_ACT_KILL_THREAD", SeccompAction::kill_thread},
    {"SCMP_ACT_TRAP", SeccompAction::trap},
    {"SCMP_ACT_ERRNO", SeccompAction::errno_},
    {"SCMP_ACT_TRACE", SeccompAction::trace},
    {"SCMP_ACT_ALLOW", SeccompAction::allow},
    {"SCMP_ACT_LOG", SeccompAction::log},
    {"SCMP_ACT_NOTIFY", SeccompAction::notify},
}};

inline constexpr std::array<Word<SeccompOperator>, 7> seccomp_operators{{
    {"SCMP_CMP_NE", SeccompOperator::not_equal},
    {"SCMP_CMP_LT", SeccompOperator::less},
    {"SCMP_CMP_LE", SeccompOperator::less_or_equal},
    {"SCMP_CMP_EQ", SeccompOperator::equal},
    {"SCMP_CMP_GE", SeccompOperator::greater_or_equal},
    {"SCMP_CMP_GT", SeccompOperator::greater},
    {"SCMP_CMP_MASKED_EQ", SeccompOperator::masked_equal},
}};

inline constexpr auto seccomp_architectures = std::to_array<Word<std::string_view>>({
    {"SCMP_ARCH_X86", "SCMP_ARCH_X86"},
    {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86_64"},
    {"SCMP_ARCH_X32", "SCMP_ARCH_X32"},
    {"SCMP_ARCH_ARM", "SCMP_ARCH_ARM"},
    {"SCMP_ARCH_AARCH64", "SCMP_ARCH_AARCH64"},
    {"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_LOONGARCH64"},
    {"SCMP_ARCH_M68K", "SCMP_ARCH_M68K"},
    {"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS"},
    {"SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64"},
    {"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPS64N32"},
    {"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL"},
    {"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64"},
    {"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_MIPSEL64N32"},
    {"SCMP_ARCH_PPC", "SCMP_ARCH_PPC"},
    {"SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64"},
    {"SCMP_ARCH_PPC64LE", "SCMP_ARCH_PPC64LE"},
    {"SCMP_ARCH_S390", "SCMP_ARCH_S390"},
    {"SCMP_ARCH_S390X", "SCMP_ARCH_S390X"},
    {"SCMP_ARCH_SH", "SCMP_ARCH_SH"},
    {"SCMP_ARCH_SHEB", "SCMP_ARCH_SHEB"},
    {"SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC"},
    {"SCMP_ARCH_PARISC64", "SCMP_ARCH_PARISC64"},
    {"SCMP_ARCH_RISCV64", "SCMP_ARCH_RISCV64"},
});

inline constexpr std::array<Word<std::string_view>, 4> seccomp_flags{{
    {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_TSYNC"},
    {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_LOG"},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
}};

}  // namespace ocirt::spec
