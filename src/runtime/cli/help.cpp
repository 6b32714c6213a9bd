#include "runtime/cli/help.h"

#include <algorithm>
#include <vector>

#include "runtime/cli/cli11.h"
#include "runtime/cli/words.h"
#include "runtime/spec/finding.h"
#include "runtime/state/directory.h"

namespace ocirt::cli {
namespace {

std::string quoted(std::string_view text) { return spec::quoted(text); }

std::string did_you_mean(std::string_view word) { return word.empty() ? "" : "did you mean " + quoted(word) + "?"; }

std::string look_at_help(const Command* command) {
    return "`ocirt " + (command == nullptr ? "" : std::string(command->name) + " ") + "--help` shows what there is";
}

Error wrong_words(std::string detail, std::string hint) {
    return {.fault = Fault::invalid_argument, .detail = std::move(detail), .hint = std::move(hint)};
}

Error unknown_command(const Cli& cli, std::string_view word) {
    std::vector<std::string_view> names;
    names.reserve(cli.commands.size());
    for (const Command& command : cli.commands) names.push_back(command.name);
    const std::string hint = did_you_mean(spec::nearest(word, names));
    return wrong_words("unknown command " + quoted(word), hint.empty() ? look_at_help(nullptr) : hint);
}

// `command`: null where the option stands before it.
Error unknown_option(const Cli& cli, const Command* command, const std::string& option) {
    std::vector<std::string_view> known;
    for (const Option& one : command == nullptr ? cli.options : command->options)
        if (!one.is_argument()) std::ranges::copy(split(one.spellings), std::back_inserter(known));
    const std::string hint = did_you_mean(spec::nearest(option, known));
    const std::string of = command == nullptr ? "" : " of " + quoted(command->name);
    return wrong_words("unknown option " + quoted(option) + of, hint.empty() ? look_at_help(command) : hint);
}

// The next word that is no option; an unknown one ends the search.
Word next_argument(Words& reader) {
    Word word = reader.next();
    while (word.kind == Word::Kind::option) word = reader.next();
    return word;
}

}  // namespace

const char* title_of(Group group) {
    switch (group) {
        case Group::life: return "A container's life";
        case Group::running: return "Running containers";
        case Group::bundle: break;
    }
    return "Bundles and this program";
}

Error usage_error(const Cli& cli, std::span<char* const> words, const std::string& problem) {
    Words reader(cli.options, words);
    const Word name = next_argument(reader);
    if (name.kind == Word::Kind::unknown) return unknown_option(cli, nullptr, name.unknown);
    if (name.kind == Word::Kind::end) return wrong_words("a command is required", look_at_help(nullptr));
    const Command* command = find_command(cli, name.argument);
    if (command == nullptr) return unknown_command(cli, name.argument);
    reader.enter(command->options);
    Word word = next_argument(reader);
    while (word.kind == Word::Kind::argument && command->words.empty()) word = next_argument(reader);
    if (word.kind == Word::Kind::unknown) return unknown_option(cli, command, word.unknown);
    return wrong_words(problem, look_at_help(command));
}

int answer(Cli& cli, std::span<char* const> words, const std::string& problem) {
    Words reader(cli.options, words);
    std::string_view name = next_argument(reader).argument;
    const bool help = name == "help" || name == "h";
    if (help) name = next_argument(reader).argument;
    const Command* command = find_command(cli, name);
    const bool usage = std::ranges::find(words, std::string_view("--usage")) != words.end();
    if ((name.empty() || command != nullptr) && (help || usage))
        return print(usage ? usage_line(cli, command) : help_text(cli, command)).value_or(1);
    cli.log.error(help ? unknown_command(cli, name) : usage_error(cli, words, problem));
    return 1;
}

Error with_nearest_id(Error error, const std::string& root) {
    if (error.fault != Fault::not_found || !error.hint.empty() || error.object.size() < 3) return error;
    const auto ids = state::list_ids(root);
    if (!ids) return error;
    const std::string_view id = std::string_view(error.object).substr(1, error.object.size() - 2);  // it is quoted
    error.hint = did_you_mean(spec::nearest(id, std::vector<std::string_view>(ids->begin(), ids->end())));
    return error;
}

}  // namespace ocirt::cli
