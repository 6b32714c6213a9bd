// /process, seen from inside.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

// "CapEff:\t0000000020000420" → "0000000020000420"
std::string field(const std::string& status, const std::string& name) {
    for (const std::string& line : split_lines(status))
        if (line.starts_with(name + ":")) return line.substr(std::min(line.size(), name.size() + 2));
    return "(no " + name + ")";
}

TEST(Process, ArgsArriveUnchanged) {
    Bundle bundle;
    bundle.args({"/bin/sh", "-c", "printf '<%s>' \"$0\" \"$@\"", "a b", "", "\"quoted\" $x", "\xc3\xa9\n"});
    EXPECT_EQ(bundle.run().out, "<a b><><\"quoted\" $x><\xc3\xa9\n>");
}

TEST(Process, ProgramIsFoundInPathOfEnv) {
    Bundle bundle;
    bundle.file("/opt/tools/hello", "#!/bin/sh\necho found\n").env("PATH=/nowhere:/opt/tools:/bin").args({"hello"});
    EXPECT_EQ(bundle.json("/process/env", {"PATH=/nowhere:/opt/tools:/bin"}).run().out, "found\n");
}

TEST(Process, RelativeProgramIsTakenFromCwd) {
    Bundle bundle;
    bundle.file("/opt/hello", "#!/bin/sh\necho here\n").cwd("/opt").args({"./hello"});
    EXPECT_EQ(bundle.run().out, "here\n");
}

TEST(Process, EnvIsExactlyTheConfigs) {
    Bundle bundle;
    bundle.json("/process/env", {"PATH=/bin", "HOME=/nowhere", "A=1=2", "EMPTY="}).args({"/bin/env"});
    std::vector<std::string> lines = split_lines(bundle.run().out);
    std::ranges::sort(lines);
    EXPECT_EQ(lines, (std::vector<std::string>{"A=1=2", "EMPTY=", "HOME=/nowhere", "PATH=/bin"}));
}

TEST(Process, HomeComesFromTheContainersPasswd) {
    Bundle bundle;
    EXPECT_EQ(bundle.user(1000, 1000).sh("echo $HOME").run().out, "/home/web\n");
    Bundle unknown;
    EXPECT_EQ(unknown.user(4321, 0).sh("echo $HOME").run().out, "/\n");
}

TEST(Process, CwdIsMadeWhenMissing) {
    Bundle bundle;
    const Finished finished = bundle.cwd("/srv/app/data").sh("pwd; stat -c '%u %a' .").run();
    EXPECT_EQ(finished.out, "/srv/app/data\n0 755\n") << finished.err;
}

TEST(Process, UserAndAdditionalGids) {
    Bundle bundle;
    bundle.user(1000, 1001).json("/process/user/additionalGids", {5, 2000, 77});
    const Finished finished = bundle.args({"/bin/cat", "/proc/self/status"}).run();
    EXPECT_EQ(field(finished.out, "Uid"), "1000\t1000\t1000\t1000");
    EXPECT_EQ(field(finished.out, "Gid"), "1001\t1001\t1001\t1001");
    EXPECT_EQ(field(finished.out, "Groups").substr(0, 9), "5 77 2000");
}

TEST(Process, NoGroupOfTheHostStays) {
    Bundle bundle;
    EXPECT_EQ(bundle.sh("grep Groups: /proc/self/status | tr -d ' \\t'").run().out, "Groups:\n");
}

TEST(Process, Umask) {
    Bundle bundle;
    EXPECT_EQ(bundle.json("/process/user/umask", 0027).sh("umask").run().out, "0027\n");
    Bundle plain;
    EXPECT_EQ(plain.sh("umask").run().out, "0022\n");
}

TEST(Process, CapabilitiesOfRoot) {
    Bundle bundle;
    bundle.json("/process/capabilities", {{"bounding", {"CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"}},
                                          {"effective", {"CAP_KILL"}},
                                          {"permitted", {"CAP_KILL", "CAP_CHOWN"}}});
    const std::string status = bundle.args({"/bin/cat", "/proc/self/status"}).run().out;
    EXPECT_EQ(field(status, "CapInh"), "0000000000000000");
    EXPECT_EQ(field(status, "CapBnd"), "0000000000200021");
    EXPECT_EQ(field(status, "CapAmb"), "0000000000000000");
    EXPECT_EQ(field(status, "CapPrm"), "0000000000000021");
    // Without no_new_privs root's execve gains the bounding set.
    const std::string gained = bundle.json("/process/noNewPrivileges", false).run().out;
    EXPECT_EQ(field(gained, "CapPrm"), "0000000000200021");
}

TEST(Process, AmbientCapabilitiesOfAUser) {
    Bundle bundle;
    const Json names = {"CAP_NET_BIND_SERVICE"};
    bundle.user(1000, 1000)
        .json("/process/capabilities", {{"bounding", names},
                                        {"effective", names},
                                        {"inheritable", names},
                                        {"permitted", names},
                                        {"ambient", names}});
    const std::string status = bundle.args({"/bin/cat", "/proc/self/status"}).run().out;
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
        EXPECT_EQ(field(status, set), "0000000000000400") << set;
}

// The effective set is that of the program's own execve, which gives the program another one (capabilities(7)).
TEST(Process, EffectiveCapabilitiesAreThoseThatExecuteIt) {
    for (const bool effective : {true, false}) {
        Bundle bundle;
        bundle.file("/bin/owned", "#!/bin/sh\necho in\n", std::filesystem::perms(0700));
        ASSERT_EQ(::chown((bundle.rootfs() / "bin/owned").c_str(), 1000, 1000), 0);
        const Json names = {"CAP_DAC_OVERRIDE"};
        bundle.json("/process/capabilities",
                    {{"bounding", names}, {"permitted", names}, {"effective", effective ? names : Json::array()}});
        const Finished finished = bundle.args({"/bin/owned"}).run();
        EXPECT_EQ(finished.out, effective ? "in\n" : "");
        EXPECT_EQ(finished.status == 0, effective) << finished.err;
    }
}

TEST(Process, WithoutCapabilitiesThereAreNone) {
    Bundle bundle;
    const std::string status = bundle.erase("/process/capabilities").args({"/bin/cat", "/proc/self/status"}).run().out;
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc gives a config without capabilities all of them";
    EXPECT_EQ(field(status, "CapEff"), "0000000000000000");
    EXPECT_EQ(field(status, "CapBnd"), "0000000000000000");
}

TEST(Process, AnUnknownCapabilityIsAWarning) {
    Bundle bundle;
    const Finished finished =
        bundle.capabilities({"CAP_KILL", "CAP_OF_TOMORROW"}).args({"/bin/cat", "/proc/self/status"}).run();
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
    EXPECT_EQ(field(finished.out, "CapBnd"), "0000000000000020");
    EXPECT_TRUE(bundle.log().contains("CAP_OF_TOMORROW")) << bundle.log();
}

TEST(Process, Rlimits) {
    Bundle bundle;
    bundle.json("/process/rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
                                     {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}}});
    const std::string out = bundle.sh("grep -E 'open files|core file' /proc/self/limits | tr -s ' '").run().out;
    EXPECT_TRUE(out.contains("Max open files 100 200 files")) << out;
    EXPECT_TRUE(out.contains("Max core file size 0 0 bytes")) << out;
}

// As /proc/self/limits names them, in its order; one that the runtime may not raise is only lowered here.
TEST(Process, EveryKindOfRlimit) {
    const std::pair<const char*, const char*> kinds[] = {{"RLIMIT_CPU", "Max cpu time"},
                                                         {"RLIMIT_FSIZE", "Max file size"},
                                                         {"RLIMIT_DATA", "Max data size"},
                                                         {"RLIMIT_STACK", "Max stack size"},
                                                         {"RLIMIT_CORE", "Max core file size"},
                                                         {"RLIMIT_RSS", "Max resident set"},
                                                         {"RLIMIT_NPROC", "Max processes"},
                                                         {"RLIMIT_NOFILE", "Max open files"},
                                                         {"RLIMIT_MEMLOCK", "Max locked memory"},
                                                         {"RLIMIT_AS", "Max address space"},
                                                         {"RLIMIT_LOCKS", "Max file locks"},
                                                         {"RLIMIT_SIGPENDING", "Max pending signals"},
                                                         {"RLIMIT_MSGQUEUE", "Max msgqueue size"},
                                                         {"RLIMIT_NICE", "Max nice priority"},
                                                         {"RLIMIT_RTPRIO", "Max realtime priority"},
                                                         {"RLIMIT_RTTIME", "Max realtime timeout"}};
    const std::vector<std::string> before = split_lines(read_file("/proc/self/limits"));
    Json limits = Json::array();
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < std::size(kinds); ++i) {
        const bool is_zero = before.at(i + 1).contains(" 0 ");  // nice and rtprio: 0 is what everyone has
        const std::uint64_t hard = is_zero ? 0 : 700 + i;
        const bool wide = std::string(kinds[i].first) == "RLIMIT_AS" || std::string(kinds[i].first) == "RLIMIT_DATA" ||
                          std::string(kinds[i].first) == "RLIMIT_STACK";
        const std::uint64_t unit = wide ? 1048576 : 1;
        limits.push_back({{"type", kinds[i].first}, {"soft", is_zero ? 0 : (hard - 1) * unit}, {"hard", hard * unit}});
        expected.push_back(std::string(kinds[i].second) + " " + std::to_string(is_zero ? 0 : (hard - 1) * unit) + " " +
                           std::to_string(hard * unit));
    }
    Bundle bundle;
    const Finished finished =
        bundle.json("/process/rlimits", limits).sh("tr -s ' ' < /proc/self/limits | tail -n +2").run();
    ASSERT_EQ(split_lines(finished.out).size(), expected.size()) << finished.err;
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_TRUE(split_lines(finished.out)[i].starts_with(expected[i])) << split_lines(finished.out)[i];
}

TEST(Process, NoNewPrivileges) {
    Bundle with;
    EXPECT_EQ(field(with.args({"/bin/cat", "/proc/self/status"}).run().out, "NoNewPrivs"), "1");
    Bundle without;
    without.json("/process/noNewPrivileges", false);
    EXPECT_EQ(field(without.args({"/bin/cat", "/proc/self/status"}).run().out, "NoNewPrivs"), "0");
}

TEST(Process, OomScoreAdj) {
    Bundle bundle;
    EXPECT_EQ(bundle.json("/process/oomScoreAdj", 321).sh("cat /proc/self/oom_score_adj").run().out, "321\n");
}

TEST(Process, OnlyStdioIsOpen) {
    Bundle bundle;
    // ls itself opens the directory.
    EXPECT_EQ(bundle.args({"/bin/ls", "/proc/self/fd"}).run().out, "0\n1\n2\n3\n");
}

TEST(Process, IsPidOneWithoutParent) {
    Bundle bundle;
    EXPECT_EQ(bundle.sh("echo $$ $PPID; cut -d' ' -f6 /proc/self/stat").run().out, "1 0\n1\n");
}

// The signals' state is not the runtime's: nothing blocked, nothing ignored.
TEST(Process, SignalsAreAsAtBoot) {
    Bundle bundle;
    const std::string status = bundle.args({"/bin/cat", "/proc/self/status"}).run().out;
    EXPECT_EQ(field(status, "SigBlk"), "0000000000000000");
    // Signals 32 and 33 are the libc's own: no posix_spawn can reset what the test itself was started with.
    EXPECT_EQ(std::stoull(field(status, "SigIgn"), nullptr, 16) & 0x7fffffffU, 0U);
}

TEST(Process, AnnotationsAreNotItsBusiness) {
    Bundle bundle;
    EXPECT_EQ(bundle.json("/annotations", {{"a", "b"}, {"", "x"}}).run().status, runtime_is_ocirt() ? 1 : 0);
}

}  // namespace
}  // namespace ocirt::test
