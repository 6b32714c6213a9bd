#include "runtime/cgroup/unit_annotations.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "runtime/cgroup/variant_text.h"

namespace ocirt::cgroup {
namespace {

constexpr std::uint64_t second = 1'000'000;  // in µs

// The first of each kind: what the property's value has to be.
struct Known {
    std::string_view name;
    BusValue kind;
};

const Known* find_known(std::string_view name) {
    static const Known known[] = {{"After", std::vector<std::string>{}}, {"CollectMode", std::string{}},
                                  {"DefaultDependencies", false},        {"Description", std::string{}},
                                  {"KillSignal", std::int32_t{}},        {"SendSIGHUP", false},
                                  {"TimeoutStopUSec", std::uint64_t{}}};
    const Known* found = std::ranges::find(known, name, &Known::name);
    return found == std::end(known) ? nullptr : found;
}

// A number is of another kind only because of how it was written.
std::optional<std::uint64_t> unsigned_number(const BusValue& value) {
    if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
    if (const auto* number = std::get_if<std::uint32_t>(&value)) return *number;
    if (const auto* number = std::get_if<std::int32_t>(&value); number != nullptr && *number >= 0)
        return static_cast<std::uint64_t>(*number);
    return std::nullopt;
}

std::optional<BusValue> as_kind(BusValue value, const BusValue& kind) {
    if (value.index() == kind.index()) return value;
    const auto number = unsigned_number(value);
    if (number && std::holds_alternative<std::uint64_t>(kind)) return *number;
    if (number && std::holds_alternative<std::int32_t>(kind) && *number <= INT32_MAX)
        return static_cast<std::int32_t>(*number);
    return std::nullopt;
}

std::unexpected<Error> refuse(Fault fault, std::string_view annotation, std::string detail, std::string hint = {}) {
    return fail({.fault = fault,
                 .pointer = "/annotations/" + std::string(annotation),
                 .operation = "set a property of the systemd unit",
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

// "TimeoutStopSec" is "TimeoutStopUSec" in another unit.
bool in_seconds(std::string_view name) { return name.ends_with("Sec") && !name.ends_with("USec"); }

std::string in_microseconds(std::string_view name) { return std::string(name.substr(0, name.size() - 3)) + "USec"; }

Result<BusProperty> annotated_property(std::string_view annotation, std::string_view text, bool allowed) {
    const std::string_view given = annotation.substr(property_prefix.size());
    const std::string name = in_seconds(given) ? in_microseconds(given) : std::string(given);
    const Known* known = find_known(name);
    if (known == nullptr && !allowed)
        return refuse(Fault::unsupported, annotation,
                      "whoever may write annotations could change the host by properties of units",
                      "an administrator can allow it in /etc/ocirt/annotations.conf");
    // D-Bus has no NUL in its texts.
    std::optional<BusValue> value = text.contains('\0') ? std::nullopt : parse_variant_text(text);
    if (!value)
        return refuse(Fault::invalid_config, annotation, "\"" + std::string(text) + "\" is no value in GVariant's text",
                      "such as 'text', true, uint64 5, ['a', 'b']");
    if (in_seconds(given)) {
        const auto seconds = unsigned_number(*value);
        if (!seconds || *seconds > UINT64_MAX / second)
            return refuse(Fault::invalid_config, annotation, "not a number of seconds");
        value = *seconds * second;
    }
    if (known != nullptr) value = as_kind(*std::move(value), known->kind);
    if (!value)
        return refuse(Fault::invalid_config, annotation, "systemd has values of another type for this property");
    return BusProperty{.name = name, .value = *std::move(value)};
}

}  // namespace

Result<std::vector<BusProperty>> annotated_properties(const spec::StringMap& annotations,
                                                      const std::vector<std::string>& allowed) {
    std::vector<BusProperty> properties;
    for (const auto& [annotation, text] : annotations) {
        if (!annotation.starts_with(property_prefix)) continue;
        const bool named = std::ranges::find(allowed, annotation) != allowed.end();
        properties.push_back(TRY(annotated_property(annotation, text, named)));
    }
    return properties;
}

}  // namespace ocirt::cgroup
