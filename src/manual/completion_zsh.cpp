#include "manual/completion.h"
#include "manual/values.h"

namespace ocirt::manual {
namespace {

constexpr const char* ids = R"zsh(
_ocirt_ids()
{
    local -a ids
    ids=(${(f)"$(command ocirt $_ocirt_root list --quiet 2>/dev/null)"})
    compadd -a ids
}
)zsh";

// Inside single quotes and a specification of _arguments.
std::string quoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'')
            out += "'\\''";
        else if (c == '[' || c == ']' || c == ':' || c == '\\')
            out += std::string("\\") + c;
        else
            out += c;
    }
    return out;
}

std::string action_of(cli::Names names, std::string_view choices = {}) {
    if (!choices.empty()) return "value:(" + with_blanks(choices) + ")";
    switch (names) {
        case cli::Names::file: return "file:_files";
        case cli::Names::directory: return "directory:_directories";
        case cli::Names::container: return "container:_ocirt_ids";
        case cli::Names::signal: return "signal:(" + signal_names() + ")";
        case cli::Names::nothing: break;
    }
    return "value: ";
}

std::string specifications(const std::vector<cli::Option>& options) {
    std::string text;
    for (const cli::Option& option : options) {
        if (option.is_argument()) continue;
        const bool value = option.takes_value();
        const std::string tail =
            "[" + quoted(option.description) + "]" + (value ? ":" + action_of(option.names, option.choices) : "");
        for (const std::string_view name : cli::split(option.spellings))
            text +=
                " \\\n            '*" + std::string(name) + (name.starts_with("--") && value ? "=" : "") + tail + "'";
    }
    return text;
}

}  // namespace

std::string zsh_completion(const cli::Cli& cli) {
    std::string commands;
    std::string cases;
    for (const cli::Command& command : cli.commands) {
        const std::string name(command.name);
        commands += "        '" + name + ":" + quoted(command.description) + "'\n";
        cases += "        " + name + ")\n            _arguments -s" + specifications(command.options);
        int number = 1;
        for (const cli::Option& argument : arguments_of(command))
            cases += " \\\n            '" + (argument.repeats() ? "*" : std::to_string(number++)) + ":" +
                     action_of(argument.names, argument.choices) + "'";
        cases += name == "exec" ? " \\\n            '*::command:_normal'\n            ;;\n" : "\n            ;;\n";
    }
    return std::string("#compdef ocirt\n# zsh completion for ocirt, written by its build\n") + ids +
           "\n_ocirt()\n{\n    local curcontext=$curcontext state line\n    local -A opt_args\n"
           "    local -a _ocirt_root _ocirt_commands\n    _ocirt_commands=(\n" +
           commands + "    )\n    _arguments -s -C" + specifications(cli.options) +
           " \\\n            '1:command:->command' \\\n            '*::argument:->argument' && return\n"
           "    (( $+opt_args[--root] )) && _ocirt_root=(--root ${(Q)opt_args[--root]})\n"
           "    if [[ $state == command ]]; then\n        _describe command _ocirt_commands\n        return\n    fi\n"
           "    case $line[1] in\n" +
           cases + "    esac\n}\n\n_ocirt \"$@\"\n";
}

}  // namespace ocirt::manual
