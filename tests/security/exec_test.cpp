// The same threats where a process joins a running, hostile container: `exec`.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "security/attack.h"
#include "support/host.h"
#include "support/traced_program.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;

const Strings sleeping = {"/bin/sleep", "1000"};
constexpr int leaked = 40;  // the number of a descriptor that the caller left open

Json whole_map() { return {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}}; }

// Reaches a file of the host by going up from wherever the working directory is.
std::string escape_to(const fs::path& marker) {
    return "test -e ./../../../../../../../../../../../../" + marker.string() + " && echo escaped; echo end";
}

// ---- C1: the runtime's own executable ------------------------------------------------------------------------------

TEST(ExecC1, AProgramThatIsItsOwnInterpreterIsNotTheRuntime) {
    Bundle bundle;
    const std::string before = read_file(runtime_path());
    bundle.file("/evil", "#!/proc/self/exe\n");
    ASSERT_TRUE(bundle.args(sleeping).launch());
    const Finished finished = bundle.exec({"/evil"});
    EXPECT_NE(finished.status, 0);
    EXPECT_NE(finished.status, -1) << "it hung";
    EXPECT_TRUE(read_file(runtime_path()) == before);
}

TEST(ExecC1, NoExecutableOfAJoiningProcessIsTheRuntimes) {
    // The container opens /proc/PID/exe of whatever appears, and tries to write it once it is free.
    Bundle bundle;
    const std::string before = read_file(runtime_path());
    bundle.capabilities({"CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"});
    bundle.sh("echo ready; while :; do for p in /proc/[0-9]*; do readlink $p/exe; done; done >/tmp/seen 2>/dev/null");
    Process attacker = bundle.run_in_background();
    ASSERT_TRUE(attacker.wait_for("ready\n"));
    for (int i = 0; i < 50; ++i) ASSERT_EQ(bundle.exec({"/bin/true"}).status, 0);
    bundle.kill("KILL");
    attacker.wait();
    const std::string seen = read_file(bundle.rootfs() / "tmp/seen");
    EXPECT_TRUE(seen.contains("/bin/busybox")) << "the attacker saw nothing";
    EXPECT_FALSE(seen.contains(runtime_path()));
    EXPECT_TRUE(read_file(runtime_path()) == before);
}

// ---- C2: the joining process is attached to ------------------------------------------------------------------------

TEST(ExecC2, AContainerCannotLookIntoAProcessThatJoinsIt) {
    Bundle bundle;
    add_probe(bundle);
    bundle.namespace_path("user", "").json("/linux/uidMappings", whole_map()).json("/linux/gidMappings", whole_map());
    bundle.capabilities({"CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"});
    bundle.args({"/bin/probe", "watch", "ocirt:[init]"});
    Process running = bundle.run_in_background();
    ASSERT_TRUE(running.wait_for("ready\n")) << running.drain(1ms).err;
    // The parent is held at each of its system calls, and the process with it. From the pid file on it may be a
    // program, which the container may well trace.
    const fs::path pid_file = bundle.scratch() / "pid";
    for (int number = 1; number < 1000; ++number) {
        TracedProgram exec(bundle.make_command(bundle.exec_words({"/bin/true"}, {"--pid-file", pid_file})));
        const bool reached = exec.advance_to(number, TracedProgram::Moment::entry);
        ASSERT_TRUE(reached) << "there was no pid file";
        if (fs::exists(pid_file)) break;
        running.wait_for("no such text", 3ms);
        exec.kill();
    }
    ASSERT_TRUE(fs::exists(pid_file));
    running.signal(SIGKILL);
    bundle.kill("KILL");
    const std::string out = running.wait().out;
    EXPECT_TRUE(out.contains("tried:")) << "the attacker saw no init: " << out;
    for (const char* got : {"tried:d", "tried:x", "tried:a"}) EXPECT_FALSE(out.contains(got)) << out.substr(0, 1000);
}

// ---- C3, C4: working directories and programs through descriptors --------------------------------------------------

TEST(ExecC3, NoDescriptorOfTheRuntimesLeadsOut) {
    Bundle bundle;
    const fs::path marker = bundle.scratch() / "marker";
    std::ofstream(marker) << "#!/bin/sh\necho escaped\n";
    fs::permissions(marker, fs::perms(0755));
    ASSERT_TRUE(bundle.args(sleeping).launch());
    for (int number = 3; number <= 24; ++number) {
        const std::string path = "/proc/self/fd/" + std::to_string(number);
        const Finished finished = bundle.exec({"/bin/sh", "-c", escape_to(marker)}, {"--cwd", path});
        EXPECT_FALSE(finished.out.contains("escaped")) << path;
        const Finished program = bundle.exec({path + "/../../../../../../../../../.." + marker.string()});
        EXPECT_NE(program.status, 0) << path << program.out;
    }
}

TEST(ExecC4, WhatTheCallerLeftOpenIsNotTheProcesss) {
    Bundle bundle;
    const fs::path marker = bundle.scratch() / "marker";
    std::ofstream(marker) << "of the host";
    ASSERT_TRUE(bundle.args(sleeping).launch());
    const Fd host(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto exec = [&](const std::string& script, const Strings& options) {
        Command command = bundle.make_command(bundle.exec_words({"/bin/sh", "-c", script}, options));
        command.descriptors = {{host.get(), leaked}};
        return run(command);
    };
    const std::string path = "/proc/self/fd/" + std::to_string(leaked);
    EXPECT_FALSE(exec("ls /proc/self/fd", {}).out.contains(std::to_string(leaked)));
    const Finished inside = exec(escape_to(marker), {"--cwd", path});
    EXPECT_FALSE(inside.out.contains("escaped")) << inside.out;
    EXPECT_NE(inside.status, 0);
    EXPECT_EQ(exec("ls /proc/self/fd | wc -l", {}).out, "4\n");
}

// ---- C6, D5: users by name, in files that the image made -----------------------------------------------------------

struct Database {
    const char* name;
    const char* refusal;  // what is said instead of reading it
    void (*make)(const fs::path& file);
};
void PrintTo(const Database& database, std::ostream* out) { *out << database.name; }
class ExecD5 : public testing::TestWithParam<Database> {};

TEST_P(ExecD5, AHostilePasswdIsNotWaitedForNorReadWhole) {
    Bundle bundle;
    ASSERT_TRUE(bundle.args(sleeping).launch());
    for (const char* name : {"passwd", "group"}) {
        const fs::path file = bundle.rootfs() / "etc" / name;
        fs::remove(file);
        GetParam().make(file);
    }
    const auto begin = std::chrono::steady_clock::now();
    const Finished by_name = bundle.exec({"/bin/true"}, {"-u", "web"});
    EXPECT_EQ(by_name.status, 255) << by_name.err;
    EXPECT_TRUE(by_name.err.contains(GetParam().refusal)) << by_name.err;
    EXPECT_EQ(bundle.exec({"/bin/true"}, {"-u", "1000:1000"}).status, 0) << "numbers need no file";
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

INSTANTIATE_TEST_SUITE_P(
    Files, ExecD5,
    testing::Values(
        Database{"Fifo", "not a regular file", [](const fs::path& file) { ::mkfifo(file.c_str(), 0666); }},
        Database{"Directory", "not a regular file", [](const fs::path& file) { fs::create_directory(file); }},
        Database{"Sparse", "larger than 10 MiB",
                 [](const fs::path& file) {
                     std::ofstream(file) << "";
                     fs::resize_file(file, 1ULL << 30);
                 }},
        Database{"Zero", "/etc/", [](const fs::path& file) { fs::create_symlink("/dev/zero", file); }},
        Database{"Absolute", "no such user",
                 [](const fs::path& file) { fs::create_symlink("/../../../../etc/passwd-", file); }},
        Database{"MagicLink", "/etc/", [](const fs::path& file) { fs::create_symlink("/proc/self/fd/0", file); }},
        Database{"Missing", "no such user", [](const fs::path&) {}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ExecC6, NamesAreLookedUpInsideTheRootAlone) {
    // A link to an absolute path is one inside the container, where the decoy of the host is not.
    Bundle bundle;
    Decoy decoy(bundle);
    decoy.file("passwd", "host:x:4242:4242::/:/bin/sh\n");
    bundle.symlink(decoy.path() / "passwd", "/etc/passwd");
    ASSERT_TRUE(bundle.args(sleeping).launch());
    EXPECT_EQ(bundle.exec({"/bin/id", "-u"}, {"-u", "host"}).status, 255);
    bundle.file((decoy.path() / "passwd").string(), "host:x:7:7::/:/bin/sh\n", fs::perms(0644));
    EXPECT_EQ(bundle.exec({"/bin/id", "-u"}, {"-u", "host"}).out, "7\n");
}

// ---- C7: the session keyring ---------------------------------------------------------------------------------------

TEST(ExecC7, TheHostsSessionKeyringIsNotTheProcesss) {
    Bundle bundle;
    add_probe(bundle);
    ASSERT_TRUE(bundle.args(sleeping).launch());
    Command command = bundle.make_command(bundle.exec_words({"/bin/probe", "key", "ocirt-test-key"}));
    const Strings with_key = {probe_path(), "make-key", "ocirt-test-key", "--"};
    command.args.insert(command.args.begin(), with_key.begin(), with_key.end());
    EXPECT_FALSE(run(command).out.contains("done"));
}

// ---- D1 to D3, D6: credentials and environment ---------------------------------------------------------------------

struct UserOption {
    const char* word;
    const char* ids;  // nullptr: refused
};
void PrintTo(const UserOption& user, std::ostream* out) { *out << '"' << user.word << '"'; }
class ExecD3 : public testing::TestWithParam<UserOption> {};

TEST_P(ExecD3, IsTheExactUserOrAnError) {
    Bundle bundle;
    ASSERT_TRUE(bundle.args(sleeping).launch());
    const Finished finished = bundle.exec({"/bin/sh", "-c", "id -u; id -g"}, {"-u", GetParam().word});
    if (GetParam().ids != nullptr) {
        EXPECT_EQ(finished.out, GetParam().ids) << finished.err;
    } else {
        EXPECT_EQ(finished.status, 255);
        EXPECT_EQ(finished.out, "");
        EXPECT_TRUE(finished.err.contains("--user")) << finished.err;
    }
}

INSTANTIATE_TEST_SUITE_P(Words, ExecD3,
                         testing::Values(UserOption{"1", "1\n0\n"}, UserOption{"0", "0\n0\n"},
                                         UserOption{"1:1", "1\n1\n"}, UserOption{"4294967294", "4294967294\n0\n"},
                                         UserOption{":", nullptr}, UserOption{"", nullptr}, UserOption{"-1", nullptr},
                                         UserOption{"4294967295", nullptr}, UserOption{"4294967296", nullptr},
                                         UserOption{"1 ", nullptr}, UserOption{"0x1", nullptr},
                                         UserOption{"1:", nullptr}, UserOption{"1:-1", nullptr},
                                         UserOption{"99999999999999999999", nullptr}));

TEST(ExecD2, GroupsAreExactlyThoseAsked) {
    Bundle bundle;
    ASSERT_TRUE(bundle.args(sleeping).launch());
    const std::vector<gid_t> many = {4, 20, 24, 27, 30, 46};
    ASSERT_EQ(::setgroups(many.size(), many.data()), 0);
    const Finished finished =
        bundle.exec({"/bin/sh", "-c", "grep Groups: /proc/self/status"}, {"-u", "1000:1000", "-g", "777"});
    ASSERT_EQ(::setgroups(0, nullptr), 0);
    EXPECT_EQ(finished.out, "Groups:\t777 \n");
}

TEST(ExecD1, NothingIsInheritable) {
    Bundle bundle;
    ASSERT_TRUE(bundle.args(sleeping).launch());
    const Finished finished =
        bundle.exec({"/bin/sh", "-c", "grep CapInh /proc/self/status"}, {"--cap", "CAP_SYS_ADMIN"});
    EXPECT_EQ(finished.out, "CapInh:\t0000000000000000\n");
}

TEST(ExecD10, NoOtherCgroupHasAName) {
    Bundle bundle;
    ASSERT_TRUE(bundle.args(sleeping).launch());
    const fs::path sibling = bundle.cgroup("memory")->string() + "-sibling";
    ASSERT_TRUE(fs::create_directory(sibling));
    const std::string name = sibling.filename();
    const bool v1 = !find_controller("memory")->v2;
    for (const std::string& path : Strings{"../" + name, "-sibling", "/../" + name, "x/../../" + name}) {
        const Finished finished = bundle.exec({"/bin/true"}, {"--cgroup", (v1 ? "memory:" : "") + path});
        EXPECT_EQ(finished.status, 255) << path;
    }
    fs::remove(sibling);
}

}  // namespace
}  // namespace ocirt::test
