#include "runtime/cgroup/variant_text.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

namespace ocirt::cgroup {
namespace {

class Text {
   public:
    explicit Text(std::string_view rest) : rest_(rest) {}

    std::optional<BusValue> whole() {
        std::optional<BusValue> found = value();
        skip_spaces();
        return rest_.empty() ? found : std::nullopt;
    }

   private:
    std::optional<BusValue> value() {
        skip_spaces();
        if (take("true")) return true;
        if (take("false")) return false;
        if (rest_.starts_with('\'') || rest_.starts_with('"')) return text();
        if (take("@as")) return texts();
        if (rest_.starts_with('[')) return texts();
        for (const char* type : {"uint64 ", "@t "})
            if (take(type)) return number<std::uint64_t>();
        for (const char* type : {"uint32 ", "@u "})
            if (take(type)) return number<std::uint32_t>();
        for (const char* type : {"int32 ", "@i "})
            if (take(type)) break;
        return number<std::int32_t>();
    }

    std::optional<BusValue> texts() {
        skip_spaces();
        if (!take("[")) return std::nullopt;
        std::vector<std::string> all;
        skip_spaces();
        if (take("]")) return all;
        for (;;) {
            skip_spaces();
            std::optional<std::string> one = text();
            if (!one) return std::nullopt;
            all.push_back(*std::move(one));
            skip_spaces();
            if (take("]")) return all;
            if (!take(",")) return std::nullopt;
        }
    }

    std::optional<std::string> text() {
        if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return std::nullopt;
        const char quote = rest_.front();
        std::string plain;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            char c = rest_[i];
            if (c == quote) {
                rest_.remove_prefix(i + 1);
                return plain;
            }
            if (c == '\\') {
                if (++i == rest_.size()) return std::nullopt;
                c = rest_[i];
                if (c != '\\' && c != '\'' && c != '"') return std::nullopt;
            }
            plain += c;
        }
        return std::nullopt;
    }

    template <class Number>
    std::optional<BusValue> number() {
        skip_spaces();
        const bool hexadecimal = take("0x");
        Number number = 0;
        const auto [end, fault] =
            std::from_chars(rest_.data(), rest_.data() + rest_.size(), number, hexadecimal ? 16 : 10);
        if (fault != std::errc{}) return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return number;
    }

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void skip_spaces() {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    }

    std::string_view rest_;
};

}  // namespace

std::optional<BusValue> parse_variant_text(std::string_view text) { return Text(text).whole(); }

}  // namespace ocirt::cgroup
