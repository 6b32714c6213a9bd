// A command line word by word, as data alone would have it: what is an option, its value, an argument.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/command.h"

namespace ocirt::cli {

struct Word {
    enum class Kind : std::uint8_t { end, argument, option, unknown };
    Kind kind = Kind::end;
    std::string_view argument{};
    std::string unknown{};                    // as it is spelled: "--bindle", "-B"
    const Option* option = nullptr;           // of Kind::option
    std::optional<std::string_view> value{};  // "--bundle=x", "--bundle x", "-b x", "-bx"
};

// The word as it is, but "--name" and "--name=x" for "-name" and "-name=x" where that is an option's: programs in Go
// take both, and containerd's shim has `restore -no-subreaper` of runc.
[[nodiscard]] std::string with_two_dashes(const std::vector<Option>& options, std::string_view word);

// Reads on and on: options of `options` and arguments, in any order; "--" ends the options.
class Words {
   public:
    Words(const std::vector<Option>& options, std::span<char* const> words) : options_(&options), words_(words) {}

    [[nodiscard]] Word next();

    // What follows is a command's.
    void enter(const std::vector<Option>& options) { options_ = &options; }

    // Whether "--" has been read.
    [[nodiscard]] bool only_arguments() const { return only_arguments_; }

    // What has not been read.
    [[nodiscard]] std::span<char* const> rest() const { return words_; }

   private:
    [[nodiscard]] Word long_option(std::string_view spelling, std::string_view word);
    [[nodiscard]] Word short_option();
    [[nodiscard]] std::optional<std::string_view> next_value();

    const std::vector<Option>* options_;
    std::span<char* const> words_;
    std::string_view bundle_;  // "-dt": what of it is left
    bool only_arguments_ = false;
};

}  // namespace ocirt::cli
