// What may stand on the command line, as data: the parser, the help, the manual pages and the completions all read it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/error.h"

namespace ocirt::cli {

// Where an option's value goes. A bool takes no word and is true when given; a vector takes one word each time the
// option is given, or as an argument, the last one, all that are left; the others keep the last. std::monostate: --help
// and --version, which the parser answers itself.
using Target = std::variant<std::monostate, bool*, std::optional<bool>*, std::string*, std::optional<std::string>*,
                            std::vector<std::string>*, std::uint32_t*, int*, std::int64_t*>;

// What a value names, as far as a shell can complete it.
enum class Names : std::uint8_t { nothing, file, directory, container, signal };

struct Option {
    std::string_view spellings;  // "-b,--bundle"; without dashes an argument: "id"
    Target target{};
    std::string_view description{};
    std::string_view choices{};  // "text,json": only these
    Names names = Names::nothing;
    bool required = false;  // of an argument

    [[nodiscard]] bool is_argument() const { return !spellings.starts_with('-'); }
    [[nodiscard]] bool takes_value() const { return target.index() > 2; }
    [[nodiscard]] bool repeats() const { return std::holds_alternative<std::vector<std::string>*>(target); }
};

// The parts of "a,b,c": spellings, choices.
[[nodiscard]] std::vector<std::string_view> split(std::string_view list);

// Whether `word` is one of them.
[[nodiscard]] bool is_part(std::string_view list, std::string_view word);

// The option so spelled ("-b", "--bundle"); null: none.
[[nodiscard]] const Option* find_option(const std::vector<Option>& options, std::string_view spelling);

// A command reads its own options and does its work; the exit status is its value.
using Action = std::function<Result<int>()>;

enum class Group : std::uint8_t { life, running, bundle };

struct Command {
    std::string_view name;
    Group group = Group::life;
    std::string_view description{};
    std::string_view examples{};  // lines of "  COMMAND LINE        remark"
    // "ID COMMAND [ARGS...]": from its first argument on nothing is looked at as an option; it is all in Cli::words.
    std::string_view words{};
    std::vector<Option> options{};
    Action action{};
};

}  // namespace ocirt::cli
