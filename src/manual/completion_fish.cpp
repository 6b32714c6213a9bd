#include "manual/completion.h"
#include "manual/values.h"

namespace ocirt::manual {
namespace {

constexpr const char* ids = R"fish(
function __ocirt_ids
    set -l words (commandline -opc)
    set -l root
    for i in (seq 2 (count $words))
        if string match -q -- '--root=*' $words[$i]
            set root $words[$i]
        else if test "$words[$i]" = --root; and set -q words[(math $i + 1)]
            set root --root=$words[(math $i + 1)]
        end
    end
    command ocirt $root list --quiet 2>/dev/null
end

complete -c ocirt -f
)fish";

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return out + "'";
}

std::string words_of(const Value& value) {
    switch (value.kind) {
        case Kind::file: return " -rF";
        case Kind::directory: return " -x -a '(__fish_complete_directories)'";
        case Kind::container: return " -x -a '(__ocirt_ids)'";
        case Kind::signal: return " -x -a " + quoted(joined(signal_names()));
        case Kind::words: return " -x -a " + quoted(joined(value.words));
        case Kind::nothing: break;
    }
    return " -x";
}

std::string options_of(const CLI::App& app, const std::string& condition) {
    std::string text;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) continue;
        text += "complete -c ocirt -n " + quoted(condition);
        for (const std::string& name : option->get_lnames()) text += " -l " + name;
        for (const std::string& name : option->get_snames()) text += " -s " + quoted(name);
        text += (takes_value(*option) ? words_of(value_of(*option)) : "") + " -d " + quoted(option->get_description()) +
                "\n";
    }
    return text;
}

}  // namespace

std::string fish_completion(const cli::Cli& cli) {
    std::string text = std::string("# fish completion for ocirt, written by its build\n") + ids;
    text += options_of(cli.app, "__fish_use_subcommand");
    for (const CLI::App* command : cli.app.get_subcommands({})) {
        const std::string& name = command->get_name();
        const std::string here = "__fish_seen_subcommand_from " + name;
        text += "complete -c ocirt -n __fish_use_subcommand -a " + name + " -d " + quoted(command->get_description()) +
                "\n";
        text += options_of(*command, here);
        for (const Kind kind : arguments_of(*command))
            if (kind != Kind::nothing)
                text += "complete -c ocirt -n " + quoted(here) +
                        (kind == Kind::file ? " -F" : words_of({.kind = kind})) + "\n";
    }
    return text;
}

}  // namespace ocirt::manual
