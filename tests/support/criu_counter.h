// What tests of real checkpoints share: a container that counts, saved and made again by criu(8). Where `criu check`
// fails the test is skipped.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "support/bundle.h"

namespace ocirt::test {

// Emulated machines are slow, and criu looks at all of the kernel first.
inline constexpr std::chrono::seconds slow{120};

// The number in the last whole line "n123", or in the first; -1: there is none.
int last_number(const std::string& output);
int first_number(const std::string& output);

class CriuCounter : public ::testing::Test {
   protected:
    void SetUp() override;

    // Runs the container until it has counted to three.
    Process start(const std::vector<std::string>& more = {});
    Finished checkpoint(const std::string& image, std::vector<std::string> more = {});
    // `restore` in the foreground, or with --detach among `more`.
    Process restore(const std::string& image, std::vector<std::string> more = {});
    // The same, for whoever gives them descriptors or has them in the background.
    Command checkpoint_command(const std::string& image, std::vector<std::string> more);
    Command restore_command(const std::string& image, std::vector<std::string> more);

    // It goes on where it was, and can be killed.
    void expect_counting_from(int number, Process& process);
    // Saved and restored it has a new terminal each time; `then` is given what the second one shows, while it runs.
    void expect_going_on_at_a_terminal(const std::function<void(const std::string& text)>& then);
    void expect_refused(const std::string& image, const std::string& pointer);

    std::string status();
    [[nodiscard]] std::string path(const std::string& name) const { return bundle_.scratch() / name; }

    Bundle bundle_;
};

}  // namespace ocirt::test
