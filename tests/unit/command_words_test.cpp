// Where exec's own options end: what follows is the command's and must come through untouched.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/cli/command_words.h"

namespace ocirt::cli {
namespace {

struct Line {
    std::vector<std::string> words;
    std::size_t options;
};
void PrintTo(const Line& line, std::ostream* out) { *out << ::testing::PrintToString(line.words); }

class CommandWords : public testing::TestWithParam<Line> {};

TEST_P(CommandWords, BeginAfterTheOptions) {
    CLI::App app;
    std::string value;
    std::vector<std::string> values;
    bool flag = false;
    app.add_option("-u,--user", value);
    app.add_option("-e,--env", values)->type_size(1)->allow_extra_args(false);
    app.add_flag("-d,--detach", flag);
    std::vector<std::string> words = GetParam().words;
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    EXPECT_EQ(count_options(app, pointers), GetParam().options);
}

INSTANTIATE_TEST_SUITE_P(Lines, CommandWords,
                         testing::Values(Line{{}, 0}, Line{{"web", "ls", "-l"}, 0}, Line{{"-d", "web", "-d"}, 1},
                                         Line{{"-u", "web", "web", "ls"}, 2}, Line{{"--user=web", "web"}, 1},
                                         Line{{"--user", "-d", "web"}, 2}, Line{{"-uweb", "web"}, 1},
                                         Line{{"-du", "1", "web"}, 2}, Line{{"-e", "A=1", "-e", "B=2", "web", "-e"}, 4},
                                         Line{{"--", "web", "--"}, 1}, Line{{"-d", "--", "-web"}, 2},
                                         Line{{"web", "--", "ls"}, 0}, Line{{"--unknown", "web"}, 1}, Line{{"-"}, 0},
                                         Line{{"-u"}, 1}, Line{{"-d"}, 1}));

}  // namespace
}  // namespace ocirt::cli
