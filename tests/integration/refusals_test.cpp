// Bad input: one clear line, the documented exit code, nothing left behind. (Every Bundle checks what is left at its
// end.)
#include <gtest/gtest.h>

#include <algorithm>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

void expect_refused(Bundle& bundle, const Finished& finished) {
    EXPECT_GT(finished.status, 0) << "not refused, or it hung";
    EXPECT_LT(finished.status, 126);
    EXPECT_FALSE(finished.err.empty());
    if (runtime_is_ocirt()) {
        EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err.substr(0, 2000);
    }
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

// ---- The file -------------------------------------------------------------------------------------------------------

struct FileCase {
    const char* name;
    std::string text;
};
void PrintTo(const FileCase& file, std::ostream* stream) { *stream << file.name; }

class ConfigFile : public ::testing::TestWithParam<FileCase> {};

TEST_P(ConfigFile, IsRefused) {
    Bundle bundle;
    bundle.raw_config(GetParam().text);
    expect_refused(bundle, bundle.create());
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

INSTANTIATE_TEST_SUITE_P(Texts, ConfigFile,
                         ::testing::Values(FileCase{"empty", ""}, FileCase{"blank", " \n"}, FileCase{"null", "null"},
                                           FileCase{"array", "[]"}, FileCase{"word", "nonsense"},
                                           FileCase{"truncated", R"({"ociVersion": "1.0.2", "process": {"args": [")"},
                                           FileCase{"empty_object", "{}"},
                                           FileCase{"trailing", R"({"ociVersion": "1.0.2"} x)"},
                                           FileCase{"not_utf8", "{\"ociVersion\": \"1.0.2\", \"hostname\": \"\xff\"}"},
                                           FileCase{"deep", R"({"ociVersion": "1.0.2", "x": )" + nested(1000000) + "}"},
                                           FileCase{"deep_open", nested(0) + std::string(1000000, '[')}));

TEST(ConfigFile, MissingIsRefused) {
    Bundle bundle;
    std::filesystem::remove(bundle.path() / "config.json");
    expect_refused(bundle, bundle.command({"create", "--bundle", bundle.path()}));
}

TEST(ConfigFile, HundredMegabytesAreRefused) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers read it whole";
    Bundle bundle;
    bundle.raw_config(R"({"ociVersion": "1.0.2", "hostname": ")" + std::string(100U << 20, 'x') + "\"}");
    expect_refused(bundle, bundle.create());
}

TEST(BundleDirectory, MissingIsRefused) {
    Bundle bundle;
    expect_refused(bundle, bundle.command({"create", "--bundle", bundle.scratch() / "none"}));
}

// ---- Values ---------------------------------------------------------------------------------------------------------

struct ValueCase {
    const char* pointer;
    Json value;
    bool peers_too = true;  // runc 1.1.5 refuses it as well
};
void PrintTo(const ValueCase& value, std::ostream* stream) { *stream << value.pointer << " = " << value.value; }

class Value : public ::testing::TestWithParam<ValueCase> {};

TEST_P(Value, IsRefused) {
    if (!GetParam().peers_too && !runtime_is_ocirt()) GTEST_SKIP() << "SKIP: this peer lets it pass";
    Bundle bundle;
    bundle.json(GetParam().pointer, GetParam().value);
    const Finished finished = bundle.create();
    expect_refused(bundle, finished);
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(finished.err.contains(GetParam().pointer)) << finished.err;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Value,
    ::testing::Values(
        ValueCase{"/process/user/uid", 4294967296LL}, ValueCase{"/process/user/uid", -1},
        ValueCase{"/process/user/uid", "0"}, ValueCase{"/process/args", "sh"},
        ValueCase{"/process/args", Json::array()}, ValueCase{"/process/cwd", "relative"}, ValueCase{"/process/cwd", ""},
        ValueCase{"/process/oomScoreAdj", 1001}, ValueCase{"/process/oomScoreAdj", 1.5},
        ValueCase{"/process/rlimits/0/type", "RLIMIT_NONSENSE"}, ValueCase{"/process/rlimits/0/soft", -1},
        ValueCase{"/process/terminal", "yes"}, ValueCase{"/root/path", "no-such-rootfs", true},
        ValueCase{"/root/readonly", 1}, ValueCase{"/mounts/0", "proc"}, ValueCase{"/mounts/0/destination", 1},
        ValueCase{"/linux/namespaces/0/type", "nonsense"}, ValueCase{"/linux/namespaces/0/path", "relative", false},
        ValueCase{"/linux/maskedPaths", {1, 2}}, ValueCase{"/linux/resources/pids/limit", "many"},
        ValueCase{"/linux/resources/memory/limit", "1M"}, ValueCase{"/linux/rootfsPropagation", "sideways", false},
        ValueCase{"/linux/seccomp", {{"defaultAction", "SCMP_ACT_NONSENSE"}}, true},
        ValueCase{"/linux/devices/0", {{"path", "/dev/x"}, {"type", "q"}, {"major", 1}, {"minor", 1}}},
        ValueCase{"/hooks/poststart", {{{"path", "relative"}}}, false}, ValueCase{"/hostname", 7}));

// ---- Ids ------------------------------------------------------------------------------------------------------------

class Id : public ::testing::TestWithParam<std::string> {};

TEST_P(Id, IsRefused) {
    Bundle bundle;
    bundle.id(GetParam());
    expect_refused(bundle, bundle.create());
    bundle.id("good");
}

INSTANTIATE_TEST_SUITE_P(Forms, Id,
                         ::testing::Values("", "a/b", "..", ".", "../up", "new\nline", "with space",
                                           std::string(300, 'x')));

TEST(CommandLine, UnknownOptionsAndCommands) {
    Bundle bundle;
    EXPECT_NE(bundle.command_without_id({"frobnicate"}).status, 0);
    EXPECT_NE(bundle.command_without_id({"run", "--frobnicate"}).status, 0);
    EXPECT_NE(bundle.command_without_id({"create"}).status, 0) << "no id";
}

// What this host has not is refused by name, with what to do. (On one with resctrl the default class would be there.)
TEST(Host, WithoutResctrl) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc goes on without it";
    if (std::filesystem::exists("/sys/fs/resctrl")) GTEST_SKIP() << "SKIP: this host has it";
    Bundle bundle;
    bundle.json("/linux/intelRdt", {{"closID", "gold"}, {"l3CacheSchema", "L3:0=f"}});
    const Finished finished = bundle.create();
    expect_refused(bundle, finished);
    EXPECT_TRUE(finished.err.contains("/linux/intelRdt: use resctrl: this kernel, or this CPU, has none"))
        << finished.err;
    EXPECT_EQ(bundle.sh("echo runs").erase("/linux/intelRdt").run().out, "runs\n");
}

// ocirt's own promises.
TEST(Messages, LogInJsonCarriesTheFields) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the fields are ocirt's";
    Bundle bundle;
    bundle.global_option("--log-format").global_option("json").json("/process/cwd", "relative").create();
    const Json entry = Json::parse(bundle.log(), nullptr, false);
    ASSERT_TRUE(entry.is_object()) << bundle.log();
    EXPECT_EQ(entry["level"], "error");
    EXPECT_TRUE(entry["msg"].get<std::string>().contains("/process/cwd"));
    EXPECT_TRUE(entry.contains("time"));
}

// An engine shows its user what the log says, and nothing of stderr.
TEST(Refusals, WordsThatAreWrongAreLogged) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a test of ocirt's messages";
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"no-such-command"}, "no-such-command"},
        {{"create", "--no-such-option", "x"}, "--no-such-option"},
        {{"kill"}, "id"},
        {{"run", "--bundle"}, "--bundle"},
    };
    for (const auto& [words, expected] : cases) {
        Bundle bundle;
        bundle.global_option("--log-format").global_option("json");
        EXPECT_EQ(bundle.command_without_id(words).status, 1);
        const Json line = Json::parse(bundle.log(), nullptr, false);
        ASSERT_TRUE(line.is_object()) << words.front() << ": " << bundle.log();
        EXPECT_EQ(line["level"], "error");
        EXPECT_TRUE(line["msg"].get<std::string>().contains(expected)) << bundle.log();
    }
}

}  // namespace
}  // namespace ocirt::test
