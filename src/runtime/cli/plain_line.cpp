#include "runtime/cli/plain_line.h"

#include <algorithm>

#include "common/number.h"
#include "runtime/cli/words.h"

namespace ocirt::cli {
namespace {

struct Given {
    const Option* option;
    std::string_view value;
};

bool is_plain(const Option& option, std::string_view value) {
    std::uint32_t count = 0;
    int number = 0;
    std::int64_t size = 0;
    if (value.empty() || value == "--") return false;
    // CLI11 takes "[a,b]" and "{}" for lists where it may take many words.
    if (option.is_argument() && option.repeats() && std::string_view("[{%").contains(value.front())) return false;
    if (!option.choices.empty() && !is_part(option.choices, value)) return false;
    if (std::holds_alternative<std::uint32_t*>(option.target)) return read_number(value, count);
    if (std::holds_alternative<int*>(option.target)) return read_number(value, number);
    if (std::holds_alternative<std::int64_t*>(option.target)) return read_number(value, size);
    return true;
}

// An option that is only given, or one with its value.
bool is_plain(const Word& word) {
    if (std::holds_alternative<std::monostate>(word.option->target)) return false;
    if (!word.option->takes_value()) return !word.value;
    return word.value && is_plain(*word.option, *word.value);
}

struct Assign {
    std::string_view value;

    void operator()(std::monostate) const {}
    void operator()(bool* target) const { *target = true; }
    void operator()(std::optional<bool>* target) const { *target = true; }
    void operator()(std::string* target) const { *target = value; }
    void operator()(std::optional<std::string>* target) const { *target = value; }
    void operator()(std::vector<std::string>* target) const { target->emplace_back(value); }
    void operator()(std::uint32_t* target) const { (void)read_number(value, *target); }
    void operator()(int* target) const { (void)read_number(value, *target); }
    void operator()(std::int64_t* target) const { (void)read_number(value, *target); }
};

class PlainLine {
   public:
    PlainLine(const Cli& cli, std::span<char* const> words) : cli_(&cli), reader_(cli.options, words) {}

    bool read() {
        constexpr std::size_t usual = 16;
        given_.reserve(usual);
        while (true) {
            const Word word = reader_.next();
            switch (word.kind) {
                case Word::Kind::end: return command_ != nullptr && is_complete();
                case Word::Kind::unknown: return false;
                case Word::Kind::option:
                    if (!is_plain(word)) return false;
                    given_.push_back({word.option, word.value.value_or("")});
                    break;
                case Word::Kind::argument:
                    if (!(command_ == nullptr ? enter(word.argument) : take(word.argument))) return false;
                    if (ended_) return true;
            }
        }
    }
    void assign(Cli& cli) {
        for (const Given& given : given_) std::visit(Assign{given.value}, given.option->target);
        cli.command = command_;
        cli.words = std::move(words_);
    }

   private:
    bool enter(std::string_view name) {
        const Command* found = find_command(*cli_, name);
        if (found == nullptr) return false;
        command_ = found;
        reader_.enter(command_->options);
        return true;
    }
    // An argument of the command.
    bool take(std::string_view argument) {
        if (!command_->words.empty()) {
            words_.emplace_back(argument);
            words_.insert(words_.end(), reader_.rest().begin(), reader_.rest().end());
            return ended_ = true;
        }
        std::size_t place = arguments_++;
        for (const Option& option : command_->options) {
            if (!option.is_argument() || (place-- != 0 && !option.repeats())) continue;
            given_.push_back({&option, argument});
            // CLI11 takes no more words of a list behind "--".
            return is_plain(option, argument) && !(option.repeats() && reader_.only_arguments());
        }
        return false;
    }
    [[nodiscard]] bool is_complete() const {
        std::size_t place = 0;
        return std::ranges::all_of(command_->options, [this, &place](const Option& option) {
            return !option.is_argument() || place++ < arguments_ || !option.required;
        });
    }

    const Cli* cli_;
    Words reader_;
    const Command* command_ = nullptr;
    std::size_t arguments_ = 0;
    std::vector<Given> given_;
    std::vector<std::string> words_;
    bool ended_ = false;
};

}  // namespace

bool read_plain_line(Cli& cli, std::span<char* const> words) {
    PlainLine line(cli, words);
    if (!line.read()) return false;
    line.assign(cli);
    return true;
}

}  // namespace ocirt::cli
