// What the fixtures of all engines share. Cases are written as a person would type them:
//
//     EXPECT_EQ(docker("run --rm box:1 sh -c 'exit 3'").status, 3);
//
// The runtime is $OCIRT_BINARY, or the ocirt of this build: the same cases run with a peer, so that an engine's own
// failure is told apart.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "engines/machine.h"
#include "engines/sandbox.h"
#include "support/bundle.h"
#include "support/process.h"

namespace ocirt::engines {

using test::eventually;
using test::Finished;
using test::runtime_is_ocirt;

// The runtime by a path of letters alone, whatever the checkout's is: engines take it as a word of their own.
const std::string& runtime_path();

// Whether ocirt is containerd's shim ($OCIRT_SHIM) and not what containerd's own shim runs.
bool is_shim();
// Puts it where containerd looks for it, beside other programs.
void link_shim();

// A line of the shell's.
Finished sh(const std::string& line, const std::string& input = {});
// The same in the background.
test::Process start(const std::string& line);

std::string trimmed(std::string text);
// Fails the test where a limit of the cgroup is not that. Files and values are v1's: "memory.limit_in_bytes"; where the
// controller is v2's they are what the runtime specification's translation to v2 makes of them.
void expect_limit(const std::string& cgroup, const std::string& file, const std::string& value);

// Whether the tests have every capability that the kernel knows.
bool host_has_all_capabilities();

// An engine's daemon. Its output goes to a file: nobody reads a pipe while tests run.
class Daemon {
   public:
    // Throws when `probe` does not succeed before the deadline.
    Daemon(const std::string& line, const std::string& probe);
    ~Daemon();  // SIGTERM; a failure of the test when it has to be killed
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    [[nodiscard]] std::string log() const;
    [[nodiscard]] pid_t pid() const { return process_->pid(); }

   private:
    std::string name_;
    std::optional<test::Process> process_;
};

// A case ends with everything gone that it made: its containers, their processes, mounts and cgroups.
class EngineTest : public ::testing::Test {
   protected:
    void SetUp() override { before_ = take_inventory(); }
    // What a case calls that has started its daemon anew: it is not left over.
    void keep(const Daemon& daemon);
    // What a fixture calls once it has removed the case's containers. `kept`: cgroups and mounts that an engine keeps;
    // `states`: the directories of its containers' states.
    void expect_nothing_left(const std::vector<std::string>& kept, const std::vector<std::string>& states) const;

   private:
    Inventory before_;
};

}  // namespace ocirt::engines
