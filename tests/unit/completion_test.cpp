// The completions: bash is driven as it drives itself, with an `ocirt` of the test's own; zsh and fish check the
// syntax.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "manual/completion.h"

namespace ocirt::manual {
namespace {

class Completion : public testing::Test {
   protected:
    Completion() {
        cli::add_everything(cli_);
        EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    }
    ~Completion() override { shell("rm -r " + directory_); }

    static std::string shell(const std::string& command) {
        std::string text;
        if (std::FILE* output = ::popen((command + " 2>&1").c_str(), "r")) {
            char part[4096];
            while (const std::size_t got = std::fread(part, 1, sizeof part, output)) text.append(part, got);
            if (::pclose(output) != 0) text += "(it failed)";
        }
        return text;
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(directory_ + "/" + name) << text;
        return directory_ + "/" + name;
    }
    // What bash offers for the last word of a line, words given as bash cuts them; one a line.
    [[nodiscard]] std::string complete(const std::string& words) const {
        const std::string script =
            "ocirt() { if [[ \"$*\" == '--root /state list --quiet' ]]; then echo there; else echo "
            "web; echo job; fi; }\nsource " +
            file("ocirt.bash", bash_completion(cli_)) + "\ncd " + directory_ + "\nCOMP_WORDS=(" + words +
            ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_ocirt\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
        return shell("bash --norc " + file("script", script));
    }

    cli::Cli cli_;
    std::string directory_ = "/tmp/ocirt-completion-XXXXXX";
};

TEST_F(Completion, CommandsAndTheirOptions) {
    EXPECT_EQ(complete("ocirt pa"), "pause\n");
    EXPECT_EQ(complete("ocirt --debug --root /x fe"), "features\n");
    EXPECT_EQ(complete("ocirt --log-f"), "--log-format\n");
    EXPECT_EQ(complete("ocirt run --key"), "\n");
    EXPECT_EQ(complete("ocirt run --ke"), "--keep\n");
    EXPECT_EQ(complete("ocirt list --format ''"), "table\njson\n");
    EXPECT_EQ(complete("ocirt list --format = j"), "json\n");
    EXPECT_EQ(complete("ocirt --log-format ="), "text\njson\n");
    EXPECT_EQ(complete("ocirt mounts ''"), "add\nremove\n");
}

TEST_F(Completion, IdsOfTheRootOnTheLine) {
    EXPECT_EQ(complete("ocirt start ''"), "web\njob\n");
    EXPECT_EQ(complete("ocirt exec -t --user 0 w"), "web\n");
    EXPECT_EQ(complete("ocirt ps j"), "job\n");
    EXPECT_EQ(complete("ocirt --root /state state ''"), "there\n");
    EXPECT_EQ(complete("ocirt --root = /state --debug kill --all ''"), "there\n");
    EXPECT_EQ(complete("ocirt run ''"), "\n");      // a new one
    EXPECT_EQ(complete("ocirt exec web -"), "\n");  // the program's
    EXPECT_EQ(complete("ocirt delete web ''"), "\n");
    EXPECT_EQ(complete("ocirt events ''"), "web\njob\n");
    EXPECT_EQ(complete("ocirt stats web ''"), "web\njob\n");  // any number of them
    EXPECT_EQ(complete("ocirt stats web job --no-stream j"), "job\n");
}

TEST_F(Completion, SignalsFilesAndDirectories) {
    EXPECT_EQ(complete("ocirt kill web T"), "TRAP\nTERM\nTSTP\nTTIN\nTTOU\n");
    static_cast<void>(file("config.json", ""));
    shell("mkdir " + directory_ + "/configs");
    EXPECT_EQ(complete("ocirt run -b conf"), "configs\n");
    EXPECT_NE(complete("ocirt validate conf").find("config.json\n"), std::string::npos);
}

TEST_F(Completion, EveryShellReadsItsScript) {
    EXPECT_EQ(shell("bash -n " + file("ocirt.bash", bash_completion(cli_))), "");
    EXPECT_NE(shell("bash -n " + file("bad.bash", "case x in")), "");
    const bool zsh = std::system("command -v zsh >/dev/null") == 0;
    const bool fish = std::system("command -v fish >/dev/null") == 0;
    if (zsh) {
        EXPECT_EQ(shell("zsh -n " + file("_ocirt", zsh_completion(cli_))), "");
    }
    if (fish) {
        EXPECT_EQ(shell("fish -n " + file("ocirt.fish", fish_completion(cli_))), "");
    }
    if (!zsh || !fish) GTEST_SKIP() << "SKIP: no " << (zsh ? "fish" : "zsh") << " to check the syntax with";
}

}  // namespace
}  // namespace ocirt::manual
