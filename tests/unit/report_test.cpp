// What a failed report of init's becomes: docs/errors.md has the phrases that engines match.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/report_page.h"

namespace ocirt::lifecycle {
namespace {

using namespace plan;

struct Failure {
    const char* name;
    Action action;
    int errnum;
    Detail detail;
    const char* text;
    std::int64_t value;
    // What it becomes:
    Fault fault;
    int exit_code;
    const char* line;
};
void PrintTo(const Failure& failure, std::ostream* out) { *out << failure.name; }

class Explained : public testing::TestWithParam<Failure> {};

TEST_P(Explained, InTheWordsThatEnginesMatch) {
    const Failure& failure = GetParam();
    Report report{};
    report.outcome = Outcome::failed;
    report.step = 4;
    report.syscall = -1;
    report.errnum = failure.errnum;
    report.detail = failure.detail;
    report.value = failure.value;
    report.text_size = static_cast<std::uint32_t>(std::strlen(failure.text));
    std::memcpy(report.text, failure.text, report.text_size);

    const state::StartStep step = summarize({failure.action, "/p"}, 4);
    const Error error = explain(report, &step);
    EXPECT_EQ(error.fault, failure.fault);
    EXPECT_EQ(exit_code(error), failure.exit_code);
    EXPECT_EQ(render(error), failure.line);
}

const FindProgram<Hosted> sh{.name = "sh", .search = "/bin"};
const FindProgram<Hosted> bin_sh{.name = "/bin/sh", .search = "/bin"};
const Exec<Hosted> exec{.args = {"app", "-v"}, .env = {}};
const RunHook<Hosted> hook{.path = "/h", .args = {"h"}, .env = {}, .timeout_ms = 2000};
const ChangeDirectory<Hosted> cwd{.path = "/proc/self/fd/7"};

INSTANTIATE_TEST_SUITE_P(
    Programs, Explained,
    testing::Values(
        Failure{"NotInPath", sh, ENOENT, Detail::none, "", 0, Fault::program_not_found, 127,
                "/p: exec: \"sh\": executable file not found in $PATH"},
        Failure{"NotThere", bin_sh, ENOENT, Detail::none, "", 0, Fault::program_not_found, 127,
                "/p: exec: \"/bin/sh\": no such file or directory (ENOENT)"},
        Failure{"NotExecutable", bin_sh, EACCES, Detail::none, "", 0, Fault::program_not_executable, 126,
                "/p: exec: \"/bin/sh\": permission denied (EACCES)"},
        Failure{"ADirectory", bin_sh, EISDIR, Detail::none, "", 0, Fault::program_not_executable, 126,
                "/p: exec: \"/bin/sh\": is a directory (EISDIR)"},
        Failure{"InterpreterMissing", exec, ENOENT, Detail::exec_failed, "/bin/app", 0, Fault::program_not_found, 127,
                "/p: exec: \"app -v\" /bin/app: no such file or directory (ENOENT) (the program exists: what is "
                "missing is its interpreter or its dynamic loader)"},
        Failure{"NoProgramAtAll", exec, ENOEXEC, Detail::exec_failed, "/bin/app", 0, Fault::program_not_executable, 126,
                "/p: exec: \"app -v\" /bin/app: exec format error (ENOEXEC)"},
        Failure{"DeniedAtExec", exec, EACCES, Detail::exec_failed, "/bin/app", 0, Fault::program_not_executable, 126,
                "/p: exec: \"app -v\" /bin/app: permission denied (EACCES)"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Steps, Explained,
    testing::Values(
        Failure{"Refused", SetHostname<Hosted>{.name = "x"}, EPERM, Detail::none, "", 0, Fault::system, 1,
                "/p: set the hostname to x: operation not permitted (EPERM)"},
        Failure{"KernelsWords", MountFs<Hosted>{.fstype = "tmpfs", .target = "/a"}, EINVAL, Detail::kernel_log,
                "e tmpfs: Unknown parameter 'foo'\n", 0, Fault::system, 1,
                "/p: mount tmpfs on /a: tmpfs: Unknown parameter 'foo': invalid argument (EINVAL)"},
        Failure{"UnsafeTarget", MountFs<Hosted>{.fstype = "proc", .target = "/proc"}, ELOOP, Detail::unsafe_target,
                "a symbolic link", 0, Fault::system, 1,
                "/p: mount proc on /proc: a symbolic link: too many levels of symbolic links (ELOOP)"},
        Failure{"Outside", cwd, ENOENT, Detail::outside_root, "", 0, Fault::invalid_config, 1,
                "/p: change to the working directory /proc/self/fd/7: it is not inside the container: no such file or "
                "directory (ENOENT)"},
        Failure{"HookExited", hook, 0, Detail::hook_exited, "", 3, Fault::hook_failed, 1,
                "/p: run the hook /h for at most 2 s: it exited with status 3"},
        Failure{"HookKilled", hook, 0, Detail::hook_killed, "", 9, Fault::hook_failed, 1,
                "/p: run the hook /h for at most 2 s: it was killed by signal 9"},
        Failure{"HookTooLong", hook, 0, Detail::hook_timed_out, "", 2000, Fault::hook_failed, 1,
                "/p: run the hook /h for at most 2 s: it took longer than 2000 ms and was killed"},
        Failure{"ParentGone", Await<Hosted>{.stage = 3}, EPIPE, Detail::channel_closed, "", 0, Fault::system, 1,
                "/p: wait for the prepared mount trees: the runtime went away: broken pipe (EPIPE)"}),
    [](const auto& info) { return info.param.name; });

TEST(Explained, NamesTheSystemCall) {
    Report report{};
    report.syscall = SYS_pivot_root;
    report.errnum = EINVAL;
    const state::StartStep step = summarize({PivotRoot<Hosted>{}, ""}, 0);
    EXPECT_EQ(explain(report, &step).syscall, "pivot_root");
}

TEST(Explained, WithoutTheStepByItsNumber) {
    Report report{};
    report.step = 11;
    report.syscall = -1;
    report.errnum = EIO;
    EXPECT_EQ(render(explain(report, nullptr)), "step 12 of init: input/output error (EIO)");
}

// Whatever a broken page says, nothing beyond it is read.
TEST(Explained, ATextLongerThanThePageIsCut) {
    Report report{};
    report.detail = Detail::kernel_log;
    report.text_size = 0xffffffff;
    std::memset(report.text, 'x', sizeof(report.text));
    const state::StartStep step = summarize({PivotRoot<Hosted>{}, ""}, 0);
    EXPECT_EQ(explain(report, &step).detail, std::string(sizeof(report.text), 'x'));
}

// A page of its own, in and out.
TEST(ReportPage, OnlyWhatMakeMadeIsMapped) {
    Result<ReportPage> page = ReportPage::make(7);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->report().step_count, 7U);
    EXPECT_FALSE(page->failed());
    EXPECT_TRUE(ReportPage::map(Fd(::dup(page->file().get()))));
    const Fd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Result<ReportPage> refused = ReportPage::map(Fd(::dup(other.get())));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::corrupted);
}

TEST(ReportPage, TheListenerIsTakenOverTheSamePage) {
    Result<ReportPage> inits = ReportPage::make(1);
    ASSERT_TRUE(inits);
    Result<ReportPage> page = ReportPage::map(Fd(::dup(inits->file().get())));
    ASSERT_TRUE(page);
    EXPECT_FALSE(page->listener());
    auto& report = const_cast<Report&>(inits->report());
    report.listener = 1;
    EXPECT_EQ(page->listener(), 0);
    page->acknowledge_listener();
    EXPECT_EQ(report.listener_taken, 1U);
}

}  // namespace
}  // namespace ocirt::lifecycle
