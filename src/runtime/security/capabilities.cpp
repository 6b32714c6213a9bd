#include "runtime/security/capabilities.h"

#include <sys/capability.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>

namespace ocirt::security {
namespace {

constexpr std::string_view prefix = "CAP_";
constexpr int mask_bits = 64;

char upper_case(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// "CAP_CHOWN" for "chown"; nothing for what is no word of letters and underscores: libcap would read "12" as a number
// and stop at a blank.
std::optional<std::string> canonical_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const char upper = upper_case(c);
        if ((upper < 'A' || upper > 'Z') && upper != '_') return std::nullopt;
        name += upper;
    }
    if (!name.starts_with(prefix)) name.insert(0, prefix);
    return name;
}

std::optional<int> capability_number(std::string_view text) {
    const std::optional<std::string> name = canonical_name(text);
    cap_value_t value = 0;
    if (!name || cap_from_name(name->c_str(), &value) != 0 || value < 0 || value >= mask_bits) return std::nullopt;
    return value;
}

std::string capability_name(int number) {
    const std::unique_ptr<char, int (*)(void*)> text(cap_to_name(number), cap_free);
    if (!text) return std::to_string(number);
    std::string name = text.get();
    std::ranges::transform(name, name.begin(), upper_case);
    return name;
}

class Resolver {
   public:
    Resolver(int last, std::string_view pointer) : last_(last), pointer_(pointer) {}

    std::uint64_t mask(const std::vector<std::string>& names, const char* set) {
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const std::optional<int> number = capability_number(names[i]);
            if (number && *number <= last_) {
                mask |= std::uint64_t{1} << *number;
                continue;
            }
            warn(std::string(set) + "/" + std::to_string(i), names[i],
                 number ? "this kernel does not have it" : "unknown capability");
        }
        return mask;
    }

    // `set` without what is not in `limit`.
    std::uint64_t within(std::uint64_t mask, std::uint64_t limit, const char* set, const char* reason) {
        for (const std::string& name : capability_names(mask & ~limit)) warn(set, name, reason);
        return mask & limit;
    }

    std::vector<Error> take_warnings() { return std::move(warnings_); }

   private:
    void warn(const std::string& place, const std::string& name, const char* reason) {
        warnings_.push_back({.fault = Fault::unsupported,
                             .pointer = std::string(pointer_) + "/" + place,
                             .operation = "leave out capability",
                             .object = name,
                             .detail = reason});
    }

    int last_;
    std::string_view pointer_;
    std::vector<Error> warnings_;
};

}  // namespace

int last_capability() { return cap_max_bits() - 1; }

ResolvedCapabilities resolve_capabilities(const spec::Capabilities& capabilities, int last, std::string_view pointer) {
    Resolver resolver(last, pointer);
    CapabilitySets sets{
        .bounding = resolver.mask(capabilities.bounding, "bounding"),
        .effective = resolver.mask(capabilities.effective, "effective"),
        .inheritable = resolver.mask(capabilities.inheritable, "inheritable"),
        .permitted = resolver.mask(capabilities.permitted, "permitted"),
        .ambient = resolver.mask(capabilities.ambient, "ambient"),
    };
    sets.inheritable = resolver.within(sets.inheritable, sets.bounding, "inheritable", "it is not in the bounding set");
    sets.effective = resolver.within(sets.effective, sets.permitted, "effective", "it is not in the permitted set");
    sets.ambient = resolver.within(sets.ambient, sets.permitted & sets.inheritable, "ambient",
                                   "it is not in the permitted and the inheritable set");
    return {.sets = sets, .warnings = resolver.take_warnings()};
}

std::vector<std::string> capability_names(std::uint64_t mask) {
    std::vector<std::string> names;
    for (; mask != 0; mask &= mask - 1) names.push_back(capability_name(std::countr_zero(mask)));
    return names;
}

}  // namespace ocirt::security
