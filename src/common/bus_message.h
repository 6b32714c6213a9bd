// Messages of D-Bus (D-Bus Specification, "Marshaling", "Message Protocol"), as far as a client of systemd's needs
// them: little-endian, without descriptors. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/error.h"

namespace ocirt {

// What a variant can hold: the types that properties of systemd's units have. In this order their signatures are
// b, i, u, t, s, as, au, ay and a(ss).
using BusPair = std::pair<std::string, std::string>;
using BusValue = std::variant<bool, std::int32_t, std::uint32_t, std::uint64_t, std::string, std::vector<std::string>,
                              std::vector<std::uint32_t>, std::vector<std::uint8_t>, std::vector<BusPair>>;

struct BusProperty {
    std::string name;
    BusValue value;
    friend bool operator==(const BusProperty&, const BusProperty&) = default;
};

// A value as a reader would write it: "33554432", "true", "[a, b]". For `plan` and errors.
[[nodiscard]] std::string bus_value_text(const BusValue& value);

// The arguments of a call, in their order, and their signature.
class BusArguments {
   public:
    BusArguments& text(std::string_view value);                         // s
    BusArguments& boolean(bool value);                                  // b
    BusArguments& properties(std::span<const BusProperty> properties);  // a(sv)
    BusArguments& no_units();                                           // a(sa(sv)), empty

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] const std::string& signature() const { return signature_; }

   private:
    std::string bytes_{};
    std::string signature_{};
};

struct BusCall {
    std::string destination;
    std::string path;
    std::string interface;
    std::string member;
    BusArguments arguments{};
};

[[nodiscard]] std::string encode(const BusCall& call, std::uint32_t serial);

struct BusMessage {
    enum class Kind : std::uint8_t { other, reply, error, signal };
    Kind kind = Kind::other;
    std::uint32_t reply_serial = 0;  // of the call that is answered
    std::string interface{};
    std::string member{};
    std::string error_name{};  // "org.freedesktop.systemd1.NoSuchUnit"
    std::string signature{};
    std::string body{};

    // The arguments before the first one that is neither a text (s, o) nor a number (u), as text. An error's only
    // argument is what a person shall read.
    [[nodiscard]] std::vector<std::string> words() const;
};

// Larger ones are refused: what systemd has to say to us is short.
inline constexpr std::size_t bus_message_limit = 1u << 20;

// Takes the first message off the beginning of what arrived. std::nullopt: it is not all there yet.
// Errors: corrupted, what is no message; the connection is of no use any more.
[[nodiscard]] Result<std::optional<BusMessage>> take_bus_message(std::string& arrived);

}  // namespace ocirt
