// What a test reads of the machine it runs on.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ocirt::test {

// A file's text, empty when it cannot be read; trimmed: without the newlines at its end.
std::string read_file(const std::filesystem::path& path);
std::string read_trimmed(const std::filesystem::path& path);

std::vector<std::string> split_lines(const std::string& text);

// The mount points of this mount namespace, one entry for every mount.
std::vector<std::string> mount_points();

// Mounts something on a directory whose owners can be mapped (idmap): a tmpfs, or, before Linux 6.3, the directory
// itself, which then is to be on a disk's filesystem. False and errno when it cannot be mounted.
bool mount_mappable(const std::filesystem::path& directory);

struct CgroupMount {
    std::filesystem::path path;
    bool v2 = false;
    std::vector<std::string> controllers;  // v1: the hierarchy's (or name=systemd); v2: cgroup.controllers
};
std::vector<CgroupMount> cgroup_mounts();
// Where the controller is mounted, whatever the layout.
std::optional<CgroupMount> find_controller(const std::string& controller);

// This process' descendants, orphans of containers among them (see enter_private_environment).
std::vector<pid_t> descendants();
// Waits for every child that has ended already, but for a test's Process: it waits for its own.
void reap_orphans();

// The name of a directory that holds the cgroups of this test program in every hierarchy: "ocirt-test-<pid>", or the
// number of its PID namespace where it is the first there.
const std::string& cgroup_prefix();
// Where that directory is in each hierarchy: at its top for root, beside the own cgroup for a user
// ("/…/ocirt-test-12").
const std::string& cgroups_of_tests();
// Whether the directory that the own v2 cgroup is in is this user's.
bool owns_cgroups();
// The own cgroup's directory in the v2 tree; nullopt where there is no such tree.
std::optional<std::filesystem::path> own_cgroup();
// Removes a cgroup and those below it, as far as no process is in them.
void remove_cgroups(const std::filesystem::path& path);

// Whether this is the machine's root, and not that of a user namespace.
bool is_real_root();

// Makes this process a subreaper in a private mount namespace. Containers' orphans come to it, mounts stay in it.
// False (and errno) without the privilege.
bool enter_private_environment();

}  // namespace ocirt::test
