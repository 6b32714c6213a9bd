// The manual pages: every command has one, every option is on it, and groff has nothing to say about them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "manual/man_page.h"

namespace ocirt::manual {
namespace {

std::vector<ExitCode> exit_codes() {
    std::ifstream stream(OCIRT_SOURCE_DIR "/docs/errors.md");
    return parse_exit_codes(std::string{std::istreambuf_iterator<char>(stream), {}});
}

// As a reader finds it on the page.
std::string in_roff(std::string_view word) {
    std::string text;
    for (const char c : word) text += c == '-' ? "\\-" : std::string(1, c);
    return text;
}

void expect_options(const std::vector<cli::Option>& options, const std::string& page) {
    for (const cli::Option& option : options) {
        for (const std::string_view name : cli::split(option.spellings))
            EXPECT_NE(page.find((option.is_argument() ? "\\fI" : "\\fB") + in_roff(name) + "\\fR"), page.npos) << name;
        EXPECT_FALSE(option.description.empty()) << option.spellings;
    }
}

// What groff says about a page.
std::string complaints(const std::string& page) {
    char name[] = "/tmp/ocirt-page-XXXXXX";
    const int file = ::mkstemp(name);
    if (file < 0 || ::write(file, page.data(), page.size()) != static_cast<ssize_t>(page.size())) return "mkstemp";
    ::close(file);
    std::string text;
    if (std::FILE* output = ::popen((std::string("groff -man -ww -z ") + name + " 2>&1").c_str(), "r")) {
        char part[4096];
        while (const std::size_t got = std::fread(part, 1, sizeof part, output)) text.append(part, got);
        if (::pclose(output) != 0) text += "(it failed)";
    }
    ::unlink(name);
    return text;
}

class Manual : public testing::Test {
   protected:
    Manual() { cli::add_everything(cli_); }
    cli::Cli cli_;
    std::vector<ExitCode> codes_ = exit_codes();
};

TEST_F(Manual, TheProgramsPageNamesEveryCommand) {
    const std::string page = program_page(cli_, codes_);
    expect_options(cli_.options, page);
    ASSERT_FALSE(cli_.commands.empty());
    for (const cli::Command& command : cli_.commands)
        EXPECT_NE(page.find("\\fB" + in_roff("ocirt-" + std::string(command.name)) + "\\fR(8)"), page.npos);
}

TEST_F(Manual, EveryOptionOfACommandIsOnItsPage) {
    for (const cli::Command& command : cli_.commands) {
        const std::string page = command_page(command, codes_);
        expect_options(command.options, page);
        for (const char* section :
             {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "FILES", "SEE ALSO"})
            EXPECT_NE(page.find(std::string("\n.SH ") + section + "\n"), page.npos) << command.name << section;
    }
}

TEST_F(Manual, SynopsisSaysHowManyArguments) {
    const auto synopsis = [this](const char* command) {
        const std::string page = command_page(*find_command(cli_, command), codes_);
        const std::size_t at = page.find("\\fIoptions\\fR]");
        return page.substr(at, page.find('\n', at) - at);
    };
    EXPECT_TRUE(synopsis("start").ends_with("] \\fIid\\fR")) << synopsis("start");
    EXPECT_TRUE(synopsis("events").ends_with(" [\\fIid\\fR]")) << synopsis("events");
    EXPECT_TRUE(synopsis("stats").ends_with(" [\\fIid\\fR ...]")) << synopsis("stats");
}

TEST_F(Manual, ExitCodesAreThoseOfTheCommand) {
    ASSERT_EQ(codes_.size(), 7U);
    EXPECT_EQ(codes_.front().code, "0");
    EXPECT_EQ(codes_.front().meaning, "done");
    const auto has = [this](const char* command, const char* code) {
        const std::string page = command_page(*find_command(cli_, command), codes_);
        return page.find(".TP\n\\fB" + std::string(code) + "\\fR\n") != page.npos;
    };
    EXPECT_TRUE(has("list", "0"));
    EXPECT_TRUE(has("exec", "255"));
    EXPECT_FALSE(has("run", "255"));
    EXPECT_TRUE(has("run", "128+n"));
    EXPECT_TRUE(has("create", "127"));
    EXPECT_FALSE(has("list", "127"));
}

TEST_F(Manual, TextIsNeverARequest) {
    const cli::Command command{.name = "odd", .description = ".so /etc/passwd with \\n and a-dash"};
    const std::string page = command_page(command, {{"1", "'bad' `code`"}});
    EXPECT_NE(page.find("\n.TP\n\\fB1\\fR\n\\&'bad' \\fBcode\\fR\n"), page.npos) << page;
    EXPECT_NE(page.find("\\&.so /etc/passwd with \\en and a\\-dash"), page.npos) << page;
}

TEST_F(Manual, GroffHasNothingToSay) {
    if (std::system("command -v groff >/dev/null") != 0) GTEST_SKIP() << "SKIP: no groff";
    EXPECT_NE(complaints(".TH X 8\n.TP\n.no-such-request\n"), "");
    EXPECT_EQ(complaints(program_page(cli_, codes_)), "");
    for (const cli::Command& command : cli_.commands)
        EXPECT_EQ(complaints(command_page(command, codes_)), "") << command.name;
}

}  // namespace
}  // namespace ocirt::manual
