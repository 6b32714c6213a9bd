#include "runtime/lifecycle/user_maps.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "common/memfd.h"
#include "common/syscall.h"

namespace ocirt::lifecycle {
namespace {

struct Kind {
    const char* file;
    const char* program;
    const char* pointer;
    const char* list;
};
constexpr Kind uid_kind{"uid_map", "newuidmap", "/linux/uidMappings", "/etc/subuid"};
constexpr Kind gid_kind{"gid_map", "newgidmap", "/linux/gidMappings", "/etc/subgid"};

Result<> write_proc(pid_t pid, const char* name, const std::string& text, const char* pointer) {
    const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
    const auto attempt = [&]() -> Result<> {
        const Fd file = TRY(sys::open(path, O_WRONLY));
        // One write: the kernel takes a map whole or not at all.
        if (::write(file.get(), text.data(), text.size()) < 0) return fail_errno("write", "write", path);
        return {};
    };
    Result<> written = attempt();
    if (!written) {
        written.error().pointer = pointer;
        written.error().operation = "write";
        written.error().object = name;
    }
    return written;
}

// The first line of what a program wrote, after a colon; empty if it wrote none.
std::string said(const Fd& output) {
    std::array<char, 512> text{};
    const ssize_t got = ::pread(output.get(), text.data(), text.size(), 0);
    const std::string_view line(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return line.empty() ? "" : ": " + std::string(line.substr(0, line.find('\n')));
}

Result<> run_map_program(pid_t pid, const Kind& kind, const std::vector<spec::IdMapping>& mappings) {
    std::vector<std::string> words{kind.program, std::to_string(pid)};
    for (const spec::IdMapping& map : mappings)
        for (const std::uint32_t number : {map.container_id, map.host_id, map.size})
            words.push_back(std::to_string(number));
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const Fd output = TRY(make_shared_memfd("ocirt-map-output", 0));
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDERR_FILENO);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, kind.program, &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        Error failure = fail_errno(error, "posix_spawnp", "run", kind.program).error();
        failure.pointer = kind.pointer;
        failure.hint = "maps of more than one's own id need it: install the package uidmap";
        return fail(std::move(failure));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return fail_errno("waitpid", "wait for", kind.program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail({.pointer = kind.pointer,
                 .operation = "run",
                 .object = kind.program,
                 .detail = "it refused the map" + said(output),
                 .hint = std::string("which ids a user may map stands in ") + kind.list});
}

Result<> write_map(pid_t pid, const Kind& kind, const std::vector<spec::IdMapping>& mappings, std::uint32_t own_id) {
    const bool only_own_id = mappings.size() == 1 && mappings[0].size == 1 && mappings[0].host_id == own_id;
    if (::geteuid() != 0 && !only_own_id) return run_map_program(pid, kind, mappings);
    std::string text;
    for (const spec::IdMapping& map : mappings)
        text += std::to_string(map.container_id) + " " + std::to_string(map.host_id) + " " + std::to_string(map.size) +
                "\n";
    if (::geteuid() != 0 && kind.file == gid_kind.file) TRY(write_proc(pid, "setgroups", "deny", kind.pointer));
    return write_proc(pid, kind.file, text, kind.pointer);
}

}  // namespace

Result<> write_user_maps(pid_t pid, const plan::UserNamespace& maps) {
    TRY(write_map(pid, gid_kind, maps.gid_mappings, ::getegid()));
    return write_map(pid, uid_kind, maps.uid_mappings, ::geteuid());
}

}  // namespace ocirt::lifecycle
