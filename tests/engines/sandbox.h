// Where engines run: namespaces of their own, so that they find a machine to themselves and leave this one alone.
//
//   processes  a PID namespace: whatever happens, it ends with the tests
//   mounts     private, with an empty /run, /var/lib, /var/tmp and /dev/shm, and an /etc whose changes vanish
//   network    nothing but a loopback: engines make their bridges in it, ports are published in it
//   cgroups    the roots of all hierarchies are sub-cgroups that are removed at the end
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ocirt::engines {

struct SandboxOptions {
    bool cgroup_v2 = true;  // false: without the v2 hierarchy of a hybrid host, where crun 1.8.1 refuses to run
};

// Runs `body` as the first process of a sandbox and returns its exit code, or 1 and a line on stderr when the sandbox
// cannot be made. Needs root. Fails (1) when cgroups are left that cannot be removed.
int run_in_sandbox(const SandboxOptions& options, const std::function<int()>& body);

// A directory for the tests' own files that ends with the sandbox.
std::filesystem::path scratch();

// What there is in the sandbox now.
struct Inventory {
    std::vector<std::string> processes;  // "12 (containerd)"; without the tests' own
    std::vector<std::string> mounts;
    std::vector<std::string> cgroups;
};
Inventory take_inventory();

}  // namespace ocirt::engines
