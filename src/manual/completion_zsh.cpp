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
std::string quoted(const std::string& text) {
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

std::string action_of(const Value& value) {
    switch (value.kind) {
        case Kind::file: return "file:_files";
        case Kind::directory: return "directory:_directories";
        case Kind::container: return "container:_ocirt_ids";
        case Kind::signal: return "signal:(" + joined(signal_names()) + ")";
        case Kind::words: return "value:(" + joined(value.words) + ")";
        case Kind::nothing: break;
    }
    return "value: ";
}

std::string options_of(const CLI::App& app) {
    std::string text;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) continue;
        const std::string tail = "[" + quoted(option->get_description()) + "]" +
                                 (takes_value(*option) ? ":" + action_of(value_of(*option)) : "");
        for (const std::string& name : spellings_of(*option))
            text +=
                " \\\n            '*" + name + (name.starts_with("--") && takes_value(*option) ? "=" : "") + tail + "'";
    }
    return text;
}

}  // namespace

std::string zsh_completion(const cli::Cli& cli) {
    std::string commands;
    std::string cases;
    for (const CLI::App* command : cli.app.get_subcommands({})) {
        const std::string& name = command->get_name();
        commands += "        '" + name + ":" + quoted(command->get_description()) + "'\n";
        cases += "        " + name + ")\n            _arguments -s" + options_of(*command);
        int number = 1;
        for (const Kind kind : arguments_of(*command))
            cases += " \\\n            '" + std::to_string(number++) + ":" + action_of({.kind = kind}) + "'";
        cases += name == "exec" ? " \\\n            '*::command:_normal'\n            ;;\n" : "\n            ;;\n";
    }
    return std::string("#compdef ocirt\n# zsh completion for ocirt, written by its build\n") + ids +
           "\n_ocirt()\n{\n    local curcontext=$curcontext state line\n    local -A opt_args\n"
           "    local -a _ocirt_root _ocirt_commands\n    _ocirt_commands=(\n" +
           commands + "    )\n    _arguments -s -C" + options_of(cli.app) +
           " \\\n            '1:command:->command' \\\n            '*::argument:->argument' && return\n"
           "    (( $+opt_args[--root] )) && _ocirt_root=(--root ${(Q)opt_args[--root]})\n"
           "    if [[ $state == command ]]; then\n        _describe command _ocirt_commands\n        return\n    fi\n"
           "    case $line[1] in\n" +
           cases + "    esac\n}\n\n_ocirt \"$@\"\n";
}

}  // namespace ocirt::manual
