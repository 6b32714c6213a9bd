#include "runtime/cgroup/device_program.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace ocirt::cgroup {

namespace {

static_assert(sizeof(BpfInstruction) == sizeof(bpf_insn));

constexpr std::size_t instruction_limit = 4096;  // BPF_MAXINSNS, before Linux 5.2 for everyone
constexpr std::uint32_t every_access = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;

// Registers of the program. r0 is the answer: 1 allows, 0 denies.
enum Register : std::uint8_t {
    answer = BPF_REG_0,
    context = BPF_REG_1,
    type = BPF_REG_2,
    wanted = BPF_REG_3,
    major_number = BPF_REG_4,
    minor_number = BPF_REG_5,
    scratch = BPF_REG_1
};

BpfInstruction instruction(int code, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::uint32_t immediate) {
    return {.code = static_cast<std::uint8_t>(code),
            .registers = static_cast<std::uint8_t>(to | (from << 4)),
            .offset = offset,
            .immediate = static_cast<std::int32_t>(immediate)};
}

BpfInstruction load(Register to, std::size_t field) {
    return instruction(BPF_LDX | BPF_MEM | BPF_W, to, context, static_cast<std::int16_t>(field), 0);
}
// 32-bit arithmetic, which leaves the upper half zero. Sets to `value`:
BpfInstruction set(Register to, std::uint32_t value) { return instruction(BPF_ALU | BPF_MOV | BPF_K, to, 0, 0, value); }
BpfInstruction keep_bits(Register to, std::uint32_t mask) {
    return instruction(BPF_ALU | BPF_AND | BPF_K, to, 0, 0, mask);
}
BpfInstruction shift_right(Register to, std::uint32_t bits) {
    return instruction(BPF_ALU | BPF_RSH | BPF_K, to, 0, 0, bits);
}
BpfInstruction copy(Register to, Register from) { return instruction(BPF_ALU | BPF_MOV | BPF_X, to, from, 0, 0); }
BpfInstruction leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }
// Jumps over `count` instructions. The 64-bit compare sign-extends its immediate, so numbers above 2^31 go by register.
BpfInstruction skip_if_not(Register value, std::uint32_t other, std::size_t count) {
    return instruction(BPF_JMP | BPF_JNE | BPF_K, value, 0, static_cast<std::int16_t>(count), other);
}
BpfInstruction skip_if_not(Register value, Register other, std::size_t count) {
    return instruction(BPF_JMP | BPF_JNE | BPF_X, value, other, static_cast<std::int16_t>(count), 0);
}

std::uint32_t access_bits(const std::string& access) {
    if (access.empty()) return every_access;
    std::uint32_t bits = 0;
    for (char c : access) {
        if (c == 'r') bits |= BPF_DEVCG_ACC_READ;
        if (c == 'w') bits |= BPF_DEVCG_ACC_WRITE;
        if (c == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
    }
    return bits;
}

// What a rule does once its device matches: an allowed access is no more wanted, and nothing wanted any more is a yes;
// a denied one that is still wanted is a no.
DeviceProgram verdict(bool allow, std::uint32_t access) {
    if (access == every_access) return {set(answer, allow ? 1 : 0), leave()};
    if (allow) return {keep_bits(wanted, ~access), skip_if_not(wanted, 0u, 2), set(answer, 1), leave()};
    return {copy(scratch, wanted), keep_bits(scratch, access), instruction(BPF_JMP | BPF_JEQ | BPF_K, scratch, 0, 2, 0),
            set(answer, 0), leave()};
}

// Compares, each jumping behind the whole rule when it fails, then the verdict. Built from the end.
DeviceProgram rule_block(const spec::DeviceRule& rule) {
    DeviceProgram block = verdict(rule.allow, access_bits(rule.access));
    const auto require = [&block](Register value, std::uint32_t number) {
        const std::size_t size = block.size();
        block.insert(block.begin(), {set(scratch, number), skip_if_not(value, scratch, size)});
    };
    if (rule.minor) require(minor_number, *rule.minor);
    if (rule.major) require(major_number, *rule.major);
    if (rule.type != spec::DeviceType::any) {
        const std::uint32_t kind = rule.type == spec::DeviceType::block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        block.insert(block.begin(), skip_if_not(type, kind, block.size()));
    }
    return block;
}

bool matches_everything(const spec::DeviceRule& rule) {
    return rule.type == spec::DeviceType::any && !rule.major && !rule.minor && access_bits(rule.access) == every_access;
}

// Linux 6.17 to 7.1 writes behind a bpf_attr that is shorter than its own, whatever size it is told: pass more than any
// kernel has. Zeros behind what a kernel knows are accepted by all of them.
union BpfAttributes {
    bpf_attr attr;
    std::array<std::byte, 512> room;
};
static_assert(sizeof(bpf_attr) < sizeof(BpfAttributes));

long bpf(bpf_cmd command, BpfAttributes& attributes) {
    return ::syscall(SYS_bpf, command, &attributes.attr, sizeof attributes);
}

// Tells ocirt's programs from those of others.
constexpr std::string_view program_name = "ocirt_devices";
static_assert(program_name.size() < BPF_OBJ_NAME_LEN);

BpfAttributes no_attributes() {
    BpfAttributes attributes;
    std::memset(&attributes, 0, sizeof attributes);
    return attributes;
}

Result<Fd> load_program(const DeviceProgram& program) {
    static constexpr char license[] = "Apache-2.0";
    BpfAttributes attributes = no_attributes();
    attributes.attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.attr.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.attr.insn_cnt = static_cast<std::uint32_t>(program.size());
    attributes.attr.license = reinterpret_cast<std::uintptr_t>(license);
    std::ranges::copy(program_name, attributes.attr.prog_name);
    Fd loaded(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));  // bpf descriptors are close-on-exec
    if (!loaded) return fail_errno("bpf", "load device program");
    return loaded;
}

// `replaced` is for BPF_F_REPLACE only.
Result<> attach(const Fd& program, const Fd& cgroup, std::uint32_t flags, const Fd& replaced) {
    BpfAttributes attributes = no_attributes();
    attributes.attr.target_fd = static_cast<std::uint32_t>(cgroup.get());
    attributes.attr.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
    attributes.attr.attach_type = BPF_CGROUP_DEVICE;
    attributes.attr.attach_flags = flags;
    if (replaced) attributes.attr.replace_bpf_fd = static_cast<std::uint32_t>(replaced.get());
    if (bpf(BPF_PROG_ATTACH, attributes) != 0) return fail_errno("bpf", "attach device program");
    return {};
}

std::string name_of(const Fd& program) {
    bpf_prog_info info;
    std::memset(&info, 0, sizeof info);
    BpfAttributes attributes = no_attributes();
    attributes.attr.info.bpf_fd = static_cast<std::uint32_t>(program.get());
    attributes.attr.info.info_len = sizeof info;
    attributes.attr.info.info = reinterpret_cast<std::uintptr_t>(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) return {};
    return {info.name, ::strnlen(info.name, sizeof info.name)};
}

// An invalid Fd where it is not there.
Result<Fd> find_own_program(const Fd& cgroup) {
    std::array<std::uint32_t, 64> ids{};  // BPF_CGROUP_MAX_PROGS
    BpfAttributes query = no_attributes();
    query.attr.query.target_fd = static_cast<std::uint32_t>(cgroup.get());
    query.attr.query.attach_type = BPF_CGROUP_DEVICE;
    query.attr.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    query.attr.query.prog_cnt = static_cast<std::uint32_t>(ids.size());
    if (bpf(BPF_PROG_QUERY, query) != 0) return fail_errno("bpf", "list the device programs");
    const std::size_t count = std::min<std::size_t>(query.attr.query.prog_cnt, ids.size());
    for (std::size_t i = 0; i < count; ++i) {
        BpfAttributes by_id = no_attributes();
        by_id.attr.prog_id = ids[i];
        Fd program(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, by_id)));
        if (program && name_of(program) == program_name) return program;
    }
    return Fd{};
}

}  // namespace

Result<DeviceProgram> make_device_program(const std::vector<spec::DeviceRule>& rules) {
    DeviceProgram program{load(type, offsetof(bpf_cgroup_dev_ctx, access_type)),
                          copy(wanted, type),
                          keep_bits(type, 0xffff),
                          shift_right(wanted, 16),
                          load(major_number, offsetof(bpf_cgroup_dev_ctx, major)),
                          load(minor_number, offsetof(bpf_cgroup_dev_ctx, minor))};
    bool decided = false;
    for (auto rule = rules.rbegin(); rule != rules.rend() && !decided; ++rule) {
        const DeviceProgram block = rule_block(*rule);
        program.insert(program.end(), block.begin(), block.end());
        decided = matches_everything(*rule);  // what comes before it has no say, and the verifier refuses dead code
    }
    if (!decided) program.insert(program.end(), {set(answer, 0), leave()});
    if (program.size() > instruction_limit)
        return fail({.fault = Fault::invalid_config,
                     .pointer = "/linux/resources/devices",
                     .operation = "device program",
                     .detail = std::to_string(rules.size()) + " rules make more than 4096 instructions"});
    return program;
}

Result<> attach_device_program(const DeviceProgram& program, const Fd& cgroup) {
    return attach(TRY(load_program(program)), cgroup, BPF_F_ALLOW_MULTI, {});
}

Result<> replace_device_program(const DeviceProgram& program, const Fd& cgroup) {
    const Fd old = TRY(find_own_program(cgroup));
    if (!old)
        return fail({.fault = Fault::wrong_state,
                     .operation = "replace the device program",
                     .detail = "the one that ocirt attached is gone: another program has changed the device rules",
                     .hint = "leave devices out of the update"});
    return attach(TRY(load_program(program)), cgroup, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, old);
}

}  // namespace ocirt::cgroup
