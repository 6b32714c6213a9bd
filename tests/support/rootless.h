// What the cases of rootless use share: a user without rights runs the runtime himself, and its containers have a user
// namespace. The user is whoever runs the test program; where that is root, one of the tests' own making, who has
// subordinate ids and no cgroup.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/bundle.h"
#include "support/own_etc.h"

namespace ocirt::test {

// Whether the test program is somebody who is not root.
bool is_unprivileged();

class Rootless : public ::testing::Test {
   protected:
    void SetUp() override;
    void TearDown() override;

    // The config's user namespace: the user's own id as root, and nobody else; or his subordinate ids, too, from 1 on.
    void map_own_id();
    void map_all_ids();
    void map(Json uids, Json gids);
    // Of the user, in /etc/subuid and /etc/subgid; the test is skipped where he has none.
    [[nodiscard]] std::optional<std::uint32_t> first_subordinate(const char* file) const;

    // Puts the user into a cgroup with controllers that are his, and the container beside it. False where that cannot
    // be.
    [[nodiscard]] bool delegate();
    // A file of the container's cgroup then.
    [[nodiscard]] std::string cgroup_file(const std::string& name) const;

    // As the bundle's, without the mounts of the tests' own user.
    [[nodiscard]] std::vector<std::string> leaks() const;

    // It ended with 1 and said all of that, and nothing is left.
    void expect_refused(const Finished& finished, const std::vector<std::string>& said) const;

    // The runtime of `bundle` is run so from now on: as the user, with these variables and no others.
    void run_as_user(const std::vector<std::string>& environment = {"PATH=/usr/bin:/bin"});

    Bundle bundle;
    uid_t uid = ::getuid();
    gid_t gid = ::getgid();

   private:
    std::optional<OwnEtc> etc_;
    std::string name_;                      // as /etc/subuid has it
    std::vector<std::string> into_cgroup_;  // words before a program
    std::filesystem::path cgroup_;          // of the containers
};

}  // namespace ocirt::test
