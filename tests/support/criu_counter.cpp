#include "support/criu_counter.h"

#include <charconv>
#include <filesystem>

#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* counter = "i=0; while :; do i=$((i+1)); echo n$i; sleep 0.1; done";

}  // namespace

int last_number(const std::string& output) {
    const std::size_t end = output.rfind('\n');
    if (end == std::string::npos) return -1;
    const std::size_t begin = output.rfind('n', end);
    int number = -1;
    if (begin != std::string::npos) std::from_chars(output.data() + begin + 1, output.data() + end, number);
    return number;
}

int first_number(const std::string& output) { return last_number(output.substr(0, output.find('\n') + 1)); }

void CriuCounter::SetUp() {
    const fs::path criu = "/usr/sbin/criu";
    if (!fs::exists(criu)) GTEST_SKIP() << "SKIP: no criu";
    const Finished check = run({.args = {criu, "check"}});
    if (check.status != 0) GTEST_SKIP() << "SKIP: criu check: " << split_lines(check.err).front();
    bundle_.sh(counter);
}

Process CriuCounter::start(const std::vector<std::string>& more) {
    Process process = bundle_.run_in_background(more);
    EXPECT_TRUE(process.wait_for("n3\n")) << bundle_.log();
    return process;
}

Command CriuCounter::checkpoint_command(const std::string& image, std::vector<std::string> more) {
    std::vector<std::string> words{"checkpoint", "--image-path", path(image)};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(bundle_.id());
    return bundle_.make_command(words);
}

Finished CriuCounter::checkpoint(const std::string& image, std::vector<std::string> more) {
    return Process(checkpoint_command(image, std::move(more))).wait(slow);
}

Command CriuCounter::restore_command(const std::string& image, std::vector<std::string> more) {
    bundle_.write_config();
    std::vector<std::string> words{"restore", "--bundle", bundle_.path(), "--image-path", path(image)};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(bundle_.id());
    return bundle_.make_command(words);
}

Process CriuCounter::restore(const std::string& image, std::vector<std::string> more) {
    return Process(restore_command(image, std::move(more)));
}

void CriuCounter::expect_counting_from(int number, Process& process) {
    const std::string next = "n" + std::to_string(number + 3) + "\n";
    EXPECT_TRUE(process.wait_for(next, slow)) << bundle_.log();
    EXPECT_EQ(status(), "running");
    EXPECT_EQ(bundle_.kill("KILL").status, 0);
    const Finished finished = process.wait(slow);
    EXPECT_EQ(finished.status, 128 + 9);
    EXPECT_GE(first_number(finished.out), number);
    EXPECT_LE(first_number(finished.out), number + 2);
    EXPECT_TRUE(bundle_.leaks().empty()) << ::testing::PrintToString(bundle_.leaks());
}

void CriuCounter::expect_going_on_at_a_terminal(const std::function<void(const std::string& text)>& then) {
    const DescriptorSocket before(bundle_.scratch() / "before.sock");
    bundle_.json("/process/terminal", true);
    Process first = bundle_.run_in_background({"--detach", "--console-socket", before.path()});
    Screen screen(before.receive().descriptor);
    ASSERT_EQ(first.wait().status, 0) << bundle_.log();
    ASSERT_TRUE(screen.wait_for("n3\r\n"));
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const DescriptorSocket after(bundle_.scratch() / "after.sock");
    Process again = restore("image", {"--detach", "--console-socket", after.path()});
    EXPECT_EQ(again.wait(slow).status, 0) << bundle_.log();
    Screen restored(after.receive().descriptor);
    EXPECT_TRUE(restored.wait_for("n9\r\n", slow)) << restored.text();
    then(restored.text());
}

void CriuCounter::expect_refused(const std::string& image, const std::string& pointer) {
    const Finished finished = restore(image).wait(slow);
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.err.find(pointer), std::string::npos) << finished.err;
    EXPECT_EQ(finished.out, "") << "it ran";
    EXPECT_TRUE(bundle_.leaks().empty()) << ::testing::PrintToString(bundle_.leaks());
}

std::string CriuCounter::status() {
    const Json state = bundle_.state();
    return state.is_object() ? state.value("status", "") : "none: " + bundle_.log();
}

}  // namespace ocirt::test
