// The classic BPF program of a seccomp profile, made by libseccomp, with ENOSYS for unknown system calls in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::security {

// Counts up when the same profile would give another program: a part of the cache's key.
inline constexpr std::uint32_t generator_version = 1;

// libseccomp's token for "SCMP_ARCH_X86_64"; nothing for one that it does not know.
[[nodiscard]] std::optional<std::uint32_t> architecture_token(const std::string& word);

// libseccomp's number for a system call's name: negative for one that exists on other architectures only; nothing for
// one that it does not know.
[[nodiscard]] std::optional<int> syscall_number(const std::string& name);

// Whether a rule does what happens without it. libseccomp refuses such rules; they are skipped.
[[nodiscard]] bool is_default(const spec::Seccomp& profile, const spec::SeccompSyscall& rule);

// struct sock_filter[] for the running architecture and those that the profile names. Others get libseccomp's answer,
// SECCOMP_RET_KILL_THREAD, as under runc and crun. Words that libseccomp does not know are left out silently: the
// caller warns. Expects what seccomp.cpp has checked (argument indexes, numbers in range). Errors: Fault::unsupported
// with the rule's pointer, or the profile's when the program is too long for the kernel.
[[nodiscard]] Result<std::vector<std::byte>> generate_program(const spec::Seccomp& profile);

}  // namespace ocirt::security
