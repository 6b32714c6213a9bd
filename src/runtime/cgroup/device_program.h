// The v2 tree's device rules: a BPF program of type CGROUP_DEVICE that the kernel runs at each open and mknod.
// See bpf(2), struct bpf_cgroup_dev_ctx in linux/bpf.h.
#pragma once

#include <cstdint>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/spec/config.h"

namespace ocirt::cgroup {

// One eBPF instruction, laid out as the kernel's struct bpf_insn.
struct BpfInstruction {
    std::uint8_t code = 0;
    std::uint8_t registers = 0;  // destination in the low half, source in the high one
    std::int16_t offset = 0;
    std::int32_t immediate = 0;
};

using DeviceProgram = std::vector<BpfInstruction>;

// For each of the accesses that a process asks for at once (read, write, mknod) the last rule that speaks of it
// decides, and where none does it is denied; all of them must be allowed. (runc and crun compare the accesses as one:
// there, "deny w" lets an open for reading and writing pass.) Pure. Errors: invalid_config when the rules make more
// instructions than an old kernel takes (4,096).
[[nodiscard]] Result<DeviceProgram> make_device_program(const std::vector<spec::DeviceRule>& rules);

// Loads the program and attaches it to a v2 cgroup, beside what others attached to it. Changes the system.
// Errors: EPERM without CAP_BPF/CAP_SYS_ADMIN and CAP_NET_ADMIN, ENOSYS/EINVAL without CONFIG_CGROUP_BPF.
[[nodiscard]] Result<> attach_device_program(const DeviceProgram& program, const Fd& cgroup);

// Puts the program in the place of the one that attach_device_program() attached, in one step: no open is judged by
// both or by neither. Errors as above; wrong_state where ocirt's program is not there any more (a hook or an
// administrator has put another in its place, which this must not undo).
[[nodiscard]] Result<> replace_device_program(const DeviceProgram& program, const Fd& cgroup);

}  // namespace ocirt::cgroup
