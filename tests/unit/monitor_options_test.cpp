// conmon's command line.
#include "shim/monitor/options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <regex>
#include <string>
#include <vector>

namespace ocirt::shim::monitor {
namespace {

Result<Options> parse(std::vector<std::string> words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size());
    for (std::string& word : words) pointers.push_back(word.data());
    return parse_options(pointers);
}

std::string refusal(const std::vector<std::string>& words) {
    const Result<Options> options = parse(words);
    const Result<> checked = options ? check_options(*options) : std::unexpected(options.error());
    return checked ? "" : checked.error().detail;
}

TEST(MonitorOptions, EveryForm) {
    const Result<Options> options = parse(
        {"--cid", "a", "--cuuid=b", "-n", "c", "-it", "-l", "k8s-file:/x", "--log-path=journald", "--timeout", "3",
         "--log-size-max=-1", "--runtime-arg", "--log", "--runtime-arg=--root=/r", "--exit-command-arg", "--"});
    ASSERT_TRUE(options) << render(options.error());
    EXPECT_EQ(options->id, "a");
    EXPECT_EQ(options->uuid, "b");
    EXPECT_EQ(options->name, "c");
    EXPECT_TRUE(options->input && options->terminal);
    EXPECT_EQ(options->log_paths, (std::vector<std::string>{"k8s-file:/x", "journald"}));
    EXPECT_EQ(options->timeout, 3);
    EXPECT_EQ(options->log_size_max, -1);
    EXPECT_EQ(options->runtime_args, (std::vector<std::string>{"--log", "--root=/r"}));
    EXPECT_EQ(options->exit_args, std::vector<std::string>{"--"});
}

TEST(MonitorOptions, TheWordBehindApiVersion) {
    const Result<Options> options = parse({"--api-version", "1", "-c", "a"});
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->api_version);
    EXPECT_EQ(options->id, "a");
    EXPECT_TRUE(parse({"--api-version", "-c", "a"}));
}

TEST(MonitorOptions, WhatIsWrongIsNamed) {
    EXPECT_EQ(refusal({"--foo"}), "Unknown option --foo");
    EXPECT_EQ(refusal({"--foo=1"}), "Unknown option --foo");
    EXPECT_EQ(refusal({"-ix"}), "Unknown option -x");
    EXPECT_EQ(refusal({"--cid"}), "Missing argument for --cid");
    EXPECT_EQ(refusal({"-l"}), "Missing argument for -l");
    EXPECT_EQ(refusal({"--exit-delay", "x"}), "Cannot parse integer value \"x\" for --exit-delay");
    EXPECT_EQ(refusal({"--exit-delay=1s"}), "Cannot parse integer value \"1s\" for --exit-delay");
    EXPECT_EQ(refusal({"--terminal=no"}), "--terminal takes no value");
    EXPECT_EQ(refusal({"word"}), "\"word\" is no option");
    EXPECT_EQ(refusal({"--", "-c"}), "\"-c\" is no option");
}

TEST(MonitorOptions, WhatTheySayTogether) {
    const std::vector<std::string> enough = {"-c", "a", "-u", "a", "-r", "/r", "-l", "none", "--api-version"};
    const auto with = [&enough](const std::vector<std::string>& more) {
        std::vector<std::string> words = enough;
        words.insert(words.end(), more.begin(), more.end());
        return refusal(words);
    };
    EXPECT_EQ(refusal(enough), "");
    EXPECT_EQ(refusal({"-u", "a"}), "Container ID not provided. Use --cid");
    EXPECT_EQ(refusal({"-c", "a"}), "Container UUID not provided. Use --cuuid");
    EXPECT_EQ(refusal({"-c", "a", "-u", "a"}), "Runtime path not provided. Use --runtime");
    EXPECT_EQ(refusal({"-c", "a", "-u", "a", "-r", "/r"}), "Log driver not provided. Use --log-path");
    EXPECT_EQ(with({"--exec"}), "--exec asks for --exec-process-spec FILE");
    EXPECT_EQ(with({"--exec-attach"}), "--exec-attach is for --exec");
    EXPECT_EQ(with({"-e", "--exec-process-spec", "f", "--restore", "d"}), "--exec and --restore exclude each other");
    EXPECT_EQ(with({"--exit-delay", "-1"}), "--exit-delay cannot be negative");
    EXPECT_EQ(with({"--log-level", "loud"}), "No such log level loud");
    EXPECT_EQ(with({"--log-rotate", "--log-max-files", "0"}), "--log-max-files 0 is out of range");
    EXPECT_TRUE(with({"--seccomp-notify-plugins", "p"}).starts_with("--seccomp-notify-plugins is not supported"));
    EXPECT_TRUE(with({"--seccomp-notify-socket", "s"}).starts_with("--seccomp-notify-socket is not supported"));
}

TEST(MonitorOptions, VersionIsWhatPodmanReads) {
    const std::string text = version_text();
    std::smatch match;
    const std::regex form("^conmon version ([0-9]+)\\.([0-9]+)\\.([0-9]+)\ncommit: ");
    ASSERT_TRUE(std::regex_search(text, match, form)) << text;
    EXPECT_GE(std::stoi(match[1]), 2);
}

std::string output_of(const std::string& line) {
    FILE* const pipe = ::popen((line + " 2>&1 </dev/null").c_str(), "r");
    std::string text;
    std::array<char, 4096> part{};
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), got);
    ::pclose(pipe);
    return text;
}

// Every option that conmon of this machine has, with its letter, and whether it takes a value.
TEST(MonitorOptions, AreAllOfConmons) {
    const std::string conmon = "/usr/bin/conmon";
    if (::access(conmon.c_str(), X_OK) != 0) GTEST_SKIP() << "SKIP: no conmon";
    const std::string text = output_of(conmon + " --help");
    const std::regex line("\n  (?:-(.), )?--([a-z-]+) ");
    std::size_t seen = 0;
    for (std::sregex_iterator i(text.begin(), text.end(), line), end; i != end; ++i, ++seen) {
        const std::string name = (*i)[2];
        const auto rows = option_rows();
        const auto found = std::ranges::find(rows, name, &OptionRow::name);
        ASSERT_NE(found, rows.end()) << "--" << name;
        EXPECT_EQ(found->letter, (*i)[1].matched ? (*i)[1].str().front() : '\0') << "--" << name;
        EXPECT_EQ(found->takes_value(), output_of(conmon + " --" + name).contains("Missing argument")) << "--" << name;
    }
    EXPECT_GT(seen, 30U) << text;
    EXPECT_TRUE(help_text().contains("  -c, --cid "));
}

}  // namespace
}  // namespace ocirt::shim::monitor
