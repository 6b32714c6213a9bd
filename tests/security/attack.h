// What the tests of threats share: decoys outside of a container, the probe, and peers that show an attack working.
//
// The tests are named after the ids of the project's list of threats (A1, B3, …). Decoys stand in the bundle's
// temporary directory, never elsewhere. A control runs the same attack on a Debian runc or crun that is known to fall
// for it: a test that passes only because its attack no longer works would be worth nothing.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/bundle.h"

namespace ocirt::test {

// A directory outside of the rootfs that nothing must be written to.
class Decoy {
   public:
    explicit Decoy(const Bundle& bundle, const std::string& name = "decoy");
    // As an absolute path; and as one relative to a link directly in the rootfs.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path from_root() const { return std::filesystem::path("../..") / path_.filename(); }
    Decoy& file(const std::string& name, const std::string& content = "secret\n");
    // What became of it: "x appeared", "y changed". Empty when nothing did.
    [[nodiscard]] std::vector<std::string> changes() const;

   private:
    [[nodiscard]] std::map<std::string, std::string> inventory() const;

    std::filesystem::path path_;
    std::map<std::string, std::string> before_;
};

// The bundle's rootfs as the container's /dev finds it: without the tmpfs and what is mounted on it.
void without_dev_mount(Bundle& bundle);

// Drops the mounts at and below `destination`.
void without_mount(Bundle& bundle, const std::string& destination);

// The probe (probe.cpp), and its place in a rootfs that it was put in.
std::filesystem::path probe_path();
void add_probe(Bundle& bundle);

// The program ended well, or it was not run at all: what must not happen is anything in between.
void expect_clean(const Finished& finished);

// The bundle on a peer: "runc" or "crun". The container is deleted afterwards. Empty where it is not installed.
std::optional<Finished> run_on_peer(const Bundle& bundle, const std::string& peer,
                                    std::chrono::milliseconds limit = deadline,
                                    const std::vector<std::pair<int, int>>& descriptors = {});

// The rest of the test cannot be: says SKIP and why.
#define NEEDS_PEER(result, peer) \
    if (!(result)) GTEST_SKIP() << "SKIP: the control needs " << (peer)

}  // namespace ocirt::test
