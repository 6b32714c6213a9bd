// From linux.seccomp (runtime-spec config-linux.md, "Seccomp") to what init's InstallSeccomp hands to seccomp(2).
//
// What the field does where the spec is silent, and ocirt with it: errnoRet is EPERM where it is absent; rules whose
// action is the default one are skipped; a rule with several conditions on one argument becomes one rule for each
// condition; system calls newer than every one that the profile names answer ENOSYS (unknown_syscalls.h), not the
// default error, so that C libraries fall back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/security/seccomp_cache.h"
#include "runtime/spec/config.h"

namespace ocirt::security {

struct SeccompFilter {
    std::vector<std::byte> program;  // struct sock_filter[], at most BPF_MAXINSNS of them
    std::uint64_t flags = 0;         // SECCOMP_FILTER_FLAG_* for seccomp(2), NEW_LISTENER included where needed
    bool needs_listener = false;     // some rule notifies: seccomp(2) answers with the listener's descriptor
    std::vector<Error> warnings;     // names and architectures that libseccomp does not know, flags left out
};

// Changes nothing outside the process but `cache` (nullptr: none), and asks nothing of the kernel: everything that
// libseccomp 2.5 generates runs on the kernels that ocirt runs on.
//
// Errors, with the pointer of what is wrong:
//   invalid_config  errnoRet for an action without one or out of range; an argument index above 5; notifying without
//                   listenerPath; too many rules; a profile under which init cannot execute the user's program
//   unsupported     the program is longer than the kernel takes; what libseccomp refuses
[[nodiscard]] Result<SeccompFilter> build_seccomp(const spec::Seccomp& profile, const SeccompCache* cache = nullptr);

// Some rule hands system calls over to an agent (SCMP_ACT_NOTIFY): the filter has a listener.
[[nodiscard]] bool notifies(const spec::Seccomp& profile);

// "2.5.4": of the library that ocirt is linked with.
[[nodiscard]] std::string libseccomp_version();

}  // namespace ocirt::security
