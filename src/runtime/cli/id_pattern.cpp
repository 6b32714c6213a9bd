#include "runtime/cli/id_pattern.h"

#include <regex.h>

#include <array>

#include "runtime/state/directory.h"

namespace ocirt::cli {
namespace {

constexpr std::size_t longest_pattern = 256;  // what a short one can cost is the C library's own limit

class Pattern {
   public:
    Pattern() = default;
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;
    ~Pattern() {
        if (compiled_) ::regfree(&regex_);
    }

    [[nodiscard]] Result<> compile(const std::string& text) {
        std::string detail;
        if (text.size() > longest_pattern) {
            detail = "longer than " + std::to_string(longest_pattern) + " bytes";
        } else if (const int fault = ::regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB); fault != 0) {
            std::array<char, 128> words{};
            (void)::regerror(fault, &regex_, words.data(), words.size());
            detail = words.data();
        } else {
            compiled_ = true;
            return {};
        }
        return fail({.fault = Fault::invalid_argument,
                     .operation = "use the regular expression",
                     .object = "\"" + text.substr(0, longest_pattern) + "\"",
                     .detail = std::move(detail),
                     .hint = "POSIX extended syntax: regex(7)"});
    }
    [[nodiscard]] bool matches(const std::string& id) const {
        return ::regexec(&regex_, id.c_str(), 0, nullptr, 0) == 0;
    }

   private:
    regex_t regex_{};
    bool compiled_ = false;
};

}  // namespace

Result<int> for_matching_ids(const Cli& cli, const std::string& pattern,
                             const std::function<Result<>(const std::string& id)>& each) {
    Pattern compiled;
    TRY(compiled.compile(pattern));
    int status = 0;
    for (const std::string& id : TRY(state::list_ids(cli.globals.root))) {
        if (!compiled.matches(id)) continue;
        const Result<> done = each(id);
        // One that has gone meanwhile is as one that was never matched.
        if (done || done.error().fault == Fault::not_found) continue;
        cli.log.error(done.error());
        status = 1;
    }
    return status;
}

}  // namespace ocirt::cli
