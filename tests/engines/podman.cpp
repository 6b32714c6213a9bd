#include "engines/podman.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ocirt::engines {
namespace {

namespace fs = std::filesystem;

// $OCIRT_CONMON names a monitor to be used in the place of Debian's conmon: another conmon, or ocirt, which has to be
// called by that name.
std::string conmon_line() {
    const char* const named = std::getenv("OCIRT_CONMON");
    if (named == nullptr) return "";
    const fs::path link = scratch() / "bin" / "conmon";
    fs::create_directories(link.parent_path());
    if (!fs::is_symlink(link)) fs::create_symlink(named, link);
    return "conmon_path = [\"" + link.string() + "\"]\n";
}

}  // namespace

fs::path Podman::configuration() { return scratch() / "containers.conf"; }

void Podman::SetUpTestSuite() {
    // What an administrator tells Podman of a runtime that it does not know by name.
    std::ofstream(configuration()) << "[containers]\n"
                                      "log_driver = \"k8s-file\"\n"
                                      "[engine]\n"
                                   << conmon_line() << "cgroup_manager = \"" << (has_systemd() ? "systemd" : "cgroupfs")
                                   << "\"\n"
                                      "events_logger = \"file\"\n"
                                      "runtime_supports_json = [\"under-test\"]\n"
                                      "runtime_supports_nocgroup = [\"under-test\"]\n"
                                      "[engine.runtimes]\n"
                                      "under-test = [\""
                                   << runtime_path()
                                   << "\"]\n"
                                      "[network]\n"
                                      "network_backend = \"netavark\"\n";
    ::setenv("CONTAINERS_CONF", configuration().c_str(), 1);
    // For --userns=auto.
    for (const char* path : {"/etc/subuid", "/etc/subgid"})
        if (!is_rootless()) std::ofstream(path, std::ios::app) << "containers:1000000:1000000\n";
    const Finished loaded = podman("load -i " + (scratch() / "image.tar").string());
    ASSERT_EQ(loaded.status, 0) << loaded.err;
    // What the first of all commands makes for good.
    podman("run --rm box:1 true");
}

void Podman::TearDown() {
    podman("pod rm -fa -t 0");
    podman("rm -fa -t 0 -v");
    podman("network prune -f");
    podman("volume prune -f");
    podman("secret rm -a");
    // Podman leaves the cgroups of its pods on v1; theirs alone are named by digits.
    sh("find /sys/fs/cgroup -depth -regex '.*/libpod_parent/[0-9a-f]*' -exec rmdir {} +");
    expect_nothing_left({"/libpod_parent", "/libpod_parent/conmon"}, states_of_runtimes());
}

std::string Podman::line(const std::string& words) { return "podman --runtime under-test " + words; }

void Podman::run_detached(const std::string& words) {
    const Finished finished = podman("run -d --name c1 " + words);
    EXPECT_EQ(finished.status, 0) << finished.err;
}

std::string Podman::inspect(const std::string& field, const std::string& name) {
    return trimmed(podman("inspect --format '" + field + "' " + name).out);
}

bool Podman::becomes(const std::string& field, const std::string& value, const std::string& name) {
    return eventually([&] { return inspect(field, name) == value; });
}

}  // namespace ocirt::engines
