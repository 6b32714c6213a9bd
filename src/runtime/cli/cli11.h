// CLI11: every form of a command line, what is wrong with one, and the help. The only place that sees the library,
// which costs each file that includes it 6,000 instructions before main and seconds of the build.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/cli/cli.h"

namespace ocirt::cli {

struct Line {
    enum class Kind : std::uint8_t { read, answered, wrong };
    Kind kind = Kind::read;
    std::string text{};  // what --help or --version ask for; what is wrong, in the parser's words
};

// `words` without the program's name. Gives the options their values, `cli.command` and `cli.words` theirs; or has the
// answer to --help or --version; or says what is wrong.
[[nodiscard]] Line read_line(Cli& cli, std::span<char* const> words);

// What `--help` prints, of the program or of a command.
[[nodiscard]] std::string help_text(Cli& cli, const Command* command);

// What `--usage` prints: "Usage: ocirt list [OPTIONS]".
[[nodiscard]] std::string usage_line(Cli& cli, const Command* command);

}  // namespace ocirt::cli
