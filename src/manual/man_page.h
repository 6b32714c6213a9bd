// Manual pages (man(7)) from the commands' own options, descriptions and examples.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/cli.h"

namespace ocirt::manual {

struct ExitCode {
    std::string code;
    std::string meaning;  // Markdown: `code`
};

// The rows of the table "Exit codes" of docs/errors.md.
[[nodiscard]] std::vector<ExitCode> parse_exit_codes(std::string_view markdown);

// ocirt.8: every command by name, and the options before it. `cli` has everything added (cli::add_everything).
[[nodiscard]] std::string program_page(const cli::Cli& cli, const std::vector<ExitCode>& codes);

// ocirt-COMMAND.8.
[[nodiscard]] std::string command_page(const cli::Command& command, const std::vector<ExitCode>& codes);

}  // namespace ocirt::manual
