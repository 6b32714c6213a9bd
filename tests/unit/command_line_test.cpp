// The command line: where a command's own words begin, and that plain lines are read as CLI11 reads them.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "runtime/cli/cli11.h"
#include "runtime/cli/help.h"
#include "runtime/cli/plain_line.h"

namespace ocirt::cli {
namespace {

// Two commands with an option of each kind, and what a line has made of them.
struct Example {
    Cli cli;
    bool flag = false;
    std::optional<bool> choice;
    std::string text;
    std::optional<std::string> user;
    std::vector<std::string> env;
    std::uint32_t count = 0;
    int number = 0;
    std::string id;
    std::string signal;
    std::vector<std::string> ids;

    Example() {
        const Option help{"-h,--help", {}, "help"};
        cli.options = {help,
                       {"--version", {}, "version"},
                       {"--root", &cli.globals.root, "root"},
                       {"--debug", &cli.globals.debug, "debug"},
                       {"--log", &cli.globals.log, "log"},
                       {"--log-format", &cli.globals.log_format, "format", "text,json"}};
        const std::vector<Option> common{{"-d,--detach", &flag, "detach"},   {"--no-new-privs", &choice, "privileges"},
                                         {"-b,--bundle", &text, "bundle"},   {"-u,--user", &user, "user"},
                                         {"-e,--env", &env, "environment"},  {"--count", &count, "count"},
                                         {"-n,--number", &number, "number"}, help};
        Command run{.name = "run", .options = {container_id(id), {"signal", &signal, "signal"}}};
        run.options.insert(run.options.end(), common.begin(), common.end());
        const Command exec{.name = "exec", .words = "ID COMMAND", .options = common};
        Command stats{.name = "stats", .options = {{"id", &ids, "ids"}}};
        stats.options.insert(stats.options.end(), common.begin(), common.end());
        cli.commands = {run, exec, stats};
    }
    Example(const Example&) = delete;
    Example& operator=(const Example&) = delete;
    Example(Example&&) = delete;
    Example& operator=(Example&&) = delete;
    ~Example() = default;

    [[nodiscard]] std::string shown() const {
        std::string all = "command=" + (cli.command == nullptr ? "" : std::string(cli.command->name));
        all += " root=" + cli.globals.root + " debug=" + std::to_string(cli.globals.debug) + " log=" + cli.globals.log +
               "/" + cli.globals.log_format + " flag=" + std::to_string(flag) +
               " choice=" + (choice ? std::to_string(*choice) : "none") + " text=" + text +
               " user=" + (user ? *user : "none") + " count=" + std::to_string(count) +
               " number=" + std::to_string(number) + " id=" + id + " signal=" + signal;
        for (const std::string& one : env) all += " env=" + one;
        for (const std::string& one : ids) all += " one=" + one;
        for (const std::string& one : cli.words) all += " word=" + one;
        return all;
    }
};

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    all.reserve(words.size());
    for (std::string& word : words) all.push_back(word.data());
    return all;
}

struct Case {
    std::vector<std::string> words;
    const char* shown;  // part of it
};
void PrintTo(const Case& line, std::ostream* out) { *out << ::testing::PrintToString(line.words); }

class PlainLine : public testing::TestWithParam<Case> {};

TEST_P(PlainLine, IsReadAsCli11ReadsIt) {
    std::vector<std::string> words = GetParam().words;
    Example plain;
    EXPECT_TRUE(read_plain_line(plain.cli, pointers(words)));
    EXPECT_NE(plain.shown().find(GetParam().shown), std::string::npos) << plain.shown();
    Example library;
    const Line line = read_line(library.cli, pointers(words));
    EXPECT_EQ(line.kind, Line::Kind::read) << line.text;
    EXPECT_EQ(plain.shown(), library.shown());
}

INSTANTIATE_TEST_SUITE_P(
    Lines, PlainLine,
    testing::Values(
        Case{{"run", "web"}, "command=run"}, Case{{"--root", "/x", "--debug", "run", "web"}, "root=/x debug=1"},
        Case{{"--root=/x", "run", "web", "-d"}, "flag=1"}, Case{{"run", "web", "KILL"}, "signal=KILL"},
        Case{{"run", "-b", "/a", "--bundle=/b", "web"}, "text=/b"}, Case{{"run", "-db", "/a", "web"}, "text=/a"},
        Case{{"run", "-b/a", "web"}, "text=/a"}, Case{{"run", "--number", "-1", "web"}, "number=-1"},
        Case{{"run", "--count", "7", "web"}, "count=7"}, Case{{"run", "--", "-web"}, "id=-web"},
        Case{{"run", "-e", "A=1", "web", "-e", "B"}, "env=A=1 env=B"},
        Case{{"--log-format", "json", "run", "web"}, "/json"}, Case{{"run", "--no-new-privs", "web"}, "choice=1"},
        Case{{"exec", "web", "ls", "-l"}, "word=web word=ls word=-l"},
        Case{{"exec", "-d", "web", "-d"},
             "flag=1 choice=none text= user=none count=0 number=0 id= signal= word=web word=-d"},
        Case{{"exec", "-u", "web", "web", "ls"}, "user=web"}, Case{{"exec", "--user=1", "web"}, "user=1"},
        Case{{"exec", "--user", "-d", "web"}, "user=-d"}, Case{{"exec", "-uweb", "web"}, "user=web"},
        Case{{"exec", "-du", "1", "web"}, "word=web"},
        Case{{"exec", "-e", "A=1", "-e", "B=2", "web", "-e"}, "env=A=1 env=B=2 word=web word=-e"},
        Case{{"exec", "--", "web", "--"}, "word=web word=--"}, Case{{"exec", "-d", "--", "-web"}, "word=-web"},
        Case{{"exec", "web", "--", "ls"}, "word=web word=-- word=ls"}, Case{{"exec", "-", "web"}, "word=- word=web"},
        Case{{"run", "-detach", "web"}, "flag=1"}, Case{{"run", "-bundle", "/a", "web"}, "text=/a"},
        Case{{"run", "-count=7", "web"}, "count=7"}, Case{{"-root", "/x", "run", "--", "-detach"}, "id=-detach"},
        Case{{"exec", "--user", "-detach", "web", "-detach"}, "user=-detach"}, Case{{"exec"}, "command=exec"},
        Case{{"exec", "-d"}, "flag=1"}, Case{{"stats"}, "command=stats"}, Case{{"stats", "web"}, "one=web"},
        Case{{"stats", "web", "-d", "db"},
             "flag=1 choice=none text= user=none count=0 number=0 id= signal= one=web one=db"},
        Case{{"stats", "-e", "A", "web", "-e", "B", "db"}, "env=A env=B one=web one=db"}));

class OtherLine : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(OtherLine, IsLeftToCli11WithNothingChanged) {
    std::vector<std::string> words = GetParam();
    Example example;
    const std::string before = example.shown();
    EXPECT_FALSE(read_plain_line(example.cli, pointers(words)));
    EXPECT_EQ(example.shown(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, OtherLine,
    testing::Values(
        std::vector<std::string>{}, std::vector<std::string>{"--debug"}, std::vector<std::string>{"stop", "web"},
        std::vector<std::string>{"run"}, std::vector<std::string>{"run", "web", "TERM", "more"},
        std::vector<std::string>{"run", "--help"}, std::vector<std::string>{"--version"},
        std::vector<std::string>{"run", "--nonsense", "web"}, std::vector<std::string>{"run", "web", "-b"},
        std::vector<std::string>{"stats", "web", "[a,b]"}, std::vector<std::string>{"stats", "--", "-x"},
        std::vector<std::string>{"run", "--count", "x", "web"}, std::vector<std::string>{"run", "--count", "-1", "web"},
        std::vector<std::string>{"run", "--count", "4294967296", "web"},
        std::vector<std::string>{"run", "--detach=false", "web"}, std::vector<std::string>{"run", "--user", "", "web"},
        std::vector<std::string>{"run", "--user=", "web"},
        std::vector<std::string>{"--log-format", "xml", "run", "web"}));

// Whatever the words: where the plain reader reads, CLI11 reads the same.
TEST(PlainLine, NeverDiffersFromCli11) {
    const std::vector<std::string> vocabulary = {
        "run",        "exec",           "web",     "-d",    "--detach", "-b",      "/a",     "-b/a",    "--bundle=/b",
        "-u",         "--user",         "-e",      "A=1",   "--env=B",  "--count", "7",      "-n",      "-1",
        "--number=3", "--no-new-privs", "--",      "-",     "-db",      "-dd",     "--root", "--debug", "--log-format",
        "json",       "--log=x",        "[a,b]",   "{}",    "%%",       "a b",     "\"q\"",  "0x10",    "1e3",
        "-n5",        "--detach=true",  "-detach", "-user", "-count=2"};
    std::mt19937 random(20260101);
    std::size_t read = 0;
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> words{std::vector{"run", "exec", "stats"}[random() % 3]};
        if (random() % 4 == 0) words.insert(words.begin(), {"--root", "/x"});
        for (std::size_t count = random() % 6; count > 0; --count)
            words.push_back(vocabulary[random() % vocabulary.size()]);
        Example plain;
        if (!read_plain_line(plain.cli, pointers(words))) continue;
        ++read;
        Example library;
        const Line line = read_line(library.cli, pointers(words));
        ASSERT_EQ(line.kind, Line::Kind::read) << line.text << testing::PrintToString(words);
        ASSERT_EQ(plain.shown(), library.shown()) << testing::PrintToString(words);
    }
    EXPECT_GT(read, 500U);
}

TEST(CommandLine, NamesTheWordThatIsUnknown) {
    const auto said = [](std::vector<std::string> words) {
        const Example example;
        return render(usage_error(example.cli, pointers(words), "the problem"));
    };
    EXPECT_NE(said({"rum", "web"}).find("unknown command \"rum\" (did you mean \"run\"?"), std::string::npos)
        << said({"rum", "web"});
    EXPECT_NE(said({"run", "--bundel", "x"}).find("\"--bundel\" of \"run\" (did you mean \"--bundle\"?"),
              std::string::npos);
    EXPECT_NE(said({"--rot", "/x", "run"}).find("unknown option \"--rot\" (did you mean \"--root\"?"),
              std::string::npos);
    EXPECT_NE(said({}).find("a command is required"), std::string::npos);
    EXPECT_NE(said({"run", "-x", "web"}).find("unknown option \"-x\" of \"run\""), std::string::npos);
    EXPECT_NE(said({"exec", "web", "--nonsense"}).find("the problem"), std::string::npos);
}

}  // namespace
}  // namespace ocirt::cli
