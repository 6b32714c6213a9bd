#include <algorithm>

#include "runtime/spec/objects.h"
#include "runtime/spec/seccomp_words.h"

namespace ocirt::spec {

namespace {

template <std::size_t N>
void read_words(Value list, std::vector<std::string>& out, const std::array<Word<std::string_view>, N>& words,
                std::string_view what) {
    list.each(JsonKind::array, [&](Value item) {
        if (std::string_view word; item.word(word, words, what)) out.emplace_back(word);
    });
}

// A filter returns an errno with these actions only; with the others the spec demands an error.
void read_errno_ret(Value value, std::optional<std::uint32_t>& errno_ret, bool known, SeccompAction action) {
    constexpr std::uint32_t last_errno = 4095;  // MAX_ERRNO of the kernel; SCMP_ACT_TRACE carries 16 bits
    const bool trace = action == SeccompAction::trace;
    if (!value.integer(errno_ret, 0U, trace ? 65535U : last_errno) || !known) return;
    if (!trace && action != SeccompAction::errno_) value.error("is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE only");
}

void read_arg(Object& object, SeccompArg& arg) {
    object.required("index").integer(arg.index, 0U, 5U);
    object.required("value").integer(arg.value);
    object["valueTwo"].integer(arg.value_two);
    object.required("op").word(arg.op, seccomp_operators, "a seccomp operator");
}

void read_syscall(Object& object, SeccompSyscall& syscall) {
    Value names = object.required("names");
    if (names.strings(syscall.names)) {
        if (syscall.names.empty()) names.error("is empty: expected at least one system call");
        if (std::ranges::find(syscall.names, std::string()) != syscall.names.end()) names.error("holds an empty name");
    }
    const bool known = object.required("action").word(syscall.action, seccomp_actions, "a seccomp action");
    read_errno_ret(object["errnoRet"], syscall.errno_ret, known, syscall.action);
    object["args"].objects(syscall.args, read_arg);
}

bool notifies(const Seccomp& seccomp) {
    return seccomp.default_action == SeccompAction::notify ||
           std::ranges::any_of(seccomp.syscalls,
                               [](const SeccompSyscall& syscall) { return syscall.action == SeccompAction::notify; });
}

}  // namespace

void read_seccomp(Object& object, Seccomp& seccomp) {
    const bool known =
        object.required("defaultAction").word(seccomp.default_action, seccomp_actions, "a seccomp action");
    read_errno_ret(object["defaultErrnoRet"], seccomp.default_errno_ret, known, seccomp.default_action);
    read_words(object["architectures"], seccomp.architectures, seccomp_architectures, "a seccomp architecture");
    if (Value flags = object["flags"]) read_words(flags, seccomp.flags.emplace(), seccomp_flags, "a seccomp flag");
    Value listener = object["listenerPath"];
    if (std::string path; listener.string(path) && !path.empty()) listener.absolute_path(seccomp.listener_path);
    object["listenerMetadata"].string(seccomp.listener_metadata);
    object["syscalls"].objects(seccomp.syscalls, read_syscall);
    if (!listener && !seccomp.listener_metadata.empty()) object.error("listenerMetadata needs listenerPath");
    if (!listener && notifies(seccomp)) object.error("SCMP_ACT_NOTIFY needs listenerPath");
}

}  // namespace ocirt::spec
