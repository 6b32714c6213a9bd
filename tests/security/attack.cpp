#include "security/attack.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/host.h"

namespace ocirt::test {

namespace fs = std::filesystem;

Decoy::Decoy(const Bundle& bundle, const std::string& name) : path_(bundle.scratch() / name) {
    fs::create_directory(path_);
    before_ = inventory();
}

Decoy& Decoy::file(const std::string& name, const std::string& content) {
    std::ofstream(path_ / name) << content;
    before_ = inventory();
    return *this;
}

// Every name with its mode, owner and content.
std::map<std::string, std::string> Decoy::inventory() const {
    std::map<std::string, std::string> found;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_)) {
        struct stat status{};
        ::lstat(entry.path().c_str(), &status);
        found[entry.path().lexically_relative(path_)] =
            std::to_string(status.st_mode) + ":" + std::to_string(status.st_uid) + ":" + std::to_string(status.st_gid) +
            ":" + (S_ISREG(status.st_mode) ? read_file(entry.path()) : "");
    }
    return found;
}

std::vector<std::string> Decoy::changes() const {
    std::vector<std::string> changes;
    const std::map<std::string, std::string> now = inventory();
    for (const auto& [name, state] : now) {
        const auto old = before_.find(name);
        if (old == before_.end())
            changes.push_back(name + " appeared");
        else if (old->second != state)
            changes.push_back(name + " changed");
    }
    for (const auto& [name, state] : before_)
        if (!now.contains(name)) changes.push_back(name + " is gone");
    return changes;
}

void without_mount(Bundle& bundle, const std::string& destination) {
    bundle.write_config();
    Json mounts = Json::parse(read_file(bundle.path() / "config.json"))["mounts"];
    Json kept = Json::array();
    for (const Json& mount : mounts) {
        const std::string at = mount["destination"];
        if (at != destination && !at.starts_with(destination + "/")) kept.push_back(mount);
    }
    bundle.json("/mounts", kept);
}

void without_dev_mount(Bundle& bundle) { without_mount(bundle, "/dev"); }

fs::path probe_path() { return OCIRT_PROBE; }

void add_probe(Bundle& bundle) { fs::copy_file(probe_path(), bundle.rootfs() / "bin/probe"); }

void expect_clean(const Finished& finished) {
    EXPECT_NE(finished.status, -1) << "it hung";
    if (finished.status != 0 && runtime_is_ocirt()) {
        EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    }
}

namespace {

// A peer that hangs leaves a process behind, which its own delete may not know.
void end_cgroup_of(const Bundle& bundle) {
    for (const CgroupMount& mount : cgroup_mounts()) {
        const fs::path path = mount.path / fs::path(bundle.cgroups_path()).relative_path();
        for (const std::string& pid : split_lines(read_file(path / "cgroup.procs")))
            if (!pid.empty()) ::kill(std::stoi(pid), SIGKILL);
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (const CgroupMount& mount : cgroup_mounts()) {
        const fs::path path = mount.path / fs::path(bundle.cgroups_path()).relative_path();
        while (fs::exists(path) && std::chrono::steady_clock::now() < until) {
            reap_orphans();
            remove_cgroups(path);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

}  // namespace

std::optional<Finished> run_on_peer(const Bundle& bundle, const std::string& peer, std::chrono::milliseconds limit,
                                    const std::vector<std::pair<int, int>>& descriptors) {
    std::string program;
    for (const char* directory : {"/usr/bin/", "/usr/sbin/"})
        if (::access((directory + peer).c_str(), X_OK) == 0) program = directory + peer;
    if (program.empty()) return std::nullopt;
    bundle.write_config();
    // crun 1.8.1 does not understand a v2 tree beside v1 that has a controller.
    const auto command = [&](std::vector<std::string> words) {
        std::vector<std::string> all = {"/usr/bin/unshare",
                                        "--mount",
                                        "/bin/sh",
                                        "-c",
                                        "umount -l /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"",
                                        "sh",
                                        program,
                                        "--root",
                                        bundle.scratch() / ("state-" + peer)};
        all.insert(all.end(), words.begin(), words.end());
        return Command{.args = all, .descriptors = descriptors};
    };
    const std::string id = bundle.id() + "-" + peer;
    const Finished finished = Process(command({"run", "--bundle", bundle.path(), id})).wait(limit);
    Process(command({"delete", "--force", id})).wait(std::chrono::seconds(10));
    end_cgroup_of(bundle);
    reap_orphans();
    return finished;
}

}  // namespace ocirt::test
