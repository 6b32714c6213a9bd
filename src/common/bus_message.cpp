#include "common/bus_message.h"

#include <bit>
#include <concepts>
#include <cstring>

namespace ocirt {
namespace {

static_assert(std::endian::native == std::endian::little);

enum Type : std::uint8_t { method_call = 1, method_return = 2, error_reply = 3, signal_message = 4 };
enum Field : std::uint8_t {
    path_field = 1,
    interface_field = 2,
    member_field = 3,
    error_name_field = 4,
    reply_serial_field = 5,
    destination_field = 6,
    sender_field = 7,
    signature_field = 8,
};
constexpr std::size_t fixed_header = 12;  // before the array of fields
constexpr std::size_t length_size = 4;

constexpr std::size_t aligned(std::size_t at, std::size_t to) { return (at + to - 1) / to * to; }

// Appends in the wire's form; alignment counts from the beginning of the text.
class Writer {
   public:
    explicit Writer(std::string& bytes) : bytes_(bytes) {}

    void align(std::size_t to) { bytes_.resize(aligned(bytes_.size(), to)); }
    void byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }
    template <std::integral Number>
    void number(Number value) {
        align(sizeof value);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes_.append(value).push_back('\0');
    }
    void signature(std::string_view value) {
        byte(static_cast<std::uint8_t>(value.size()));
        bytes_.append(value).push_back('\0');
    }
    // The length counts from the first element, after its padding.
    template <class Elements>
    void array(std::size_t alignment, Elements write_elements) {
        number(std::uint32_t{0});
        const std::size_t length_at = bytes_.size() - length_size;
        align(alignment);
        const std::size_t begin = bytes_.size();
        write_elements();
        const auto length = static_cast<std::uint32_t>(bytes_.size() - begin);
        std::memcpy(bytes_.data() + length_at, &length, sizeof length);
    }
    void value(const BusValue& value) {
        std::visit([this](const auto& held) { put(held); }, value);
    }

   private:
    void put(bool value) { number(std::uint32_t{value}); }
    void put(std::integral auto value) { number(value); }
    void put(const std::string& value) { text(value); }
    void put(const std::vector<std::string>& values) {
        array(4, [&] {
            for (const std::string& each : values) text(each);
        });
    }
    template <std::integral Number>
    void put(const std::vector<Number>& values) {
        array(sizeof(Number), [&] {
            for (const Number each : values) number(each);
        });
    }
    void put(const std::vector<BusPair>& values) {
        array(8, [&] {
            for (const BusPair& each : values) {
                align(8);
                text(each.first);
                text(each.second);
            }
        });
    }

    std::string& bytes_;
};

constexpr const char* signatures[] = {"b", "i", "u", "t", "s", "as", "au", "ay", "a(ss)"};
static_assert(std::size(signatures) == std::variant_size_v<BusValue>);

// Reads what others wrote: never past the end.
class Reader {
   public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    void align(std::size_t to) { skip(aligned(at_, to) - at_); }
    std::uint8_t byte() {
        const std::string_view one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
    }
    std::uint32_t number() {
        align(4);
        std::uint32_t value = 0;
        const std::string_view four = take(sizeof value);
        if (ok_) std::memcpy(&value, four.data(), sizeof value);
        return value;
    }
    std::string_view text() { return closed(number()); }
    std::string_view signature() { return closed(byte()); }

   private:
    std::string_view take(std::size_t size) {
        ok_ = ok_ && size <= bytes_.size() - at_;
        if (!ok_) return {};
        at_ += size;
        return bytes_.substr(at_ - size, size);
    }
    void skip(std::size_t size) { (void)take(size); }
    std::string_view closed(std::size_t size) {
        const std::string_view value = take(size);
        ok_ = byte() == 0 && ok_;
        return ok_ ? value : std::string_view{};
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

void write_field(Writer& writer, Field field, char type, std::string_view value) {
    if (value.empty()) return;
    writer.align(8);
    writer.byte(field);
    writer.signature(std::string_view(&type, 1));
    type == 'g' ? writer.signature(value) : writer.text(value);
}

// Fields that are not known have one of these types too, but for later ones, which would be a struct of their own.
bool read_field(Reader& reader, BusMessage& message) {
    reader.align(8);
    const std::uint8_t field = reader.byte();
    const std::string_view type = reader.signature();
    std::string_view text;
    std::uint32_t number = 0;
    if (type == "s" || type == "o")
        text = reader.text();
    else if (type == "g")
        text = reader.signature();
    else if (type == "u")
        number = reader.number();
    else
        return false;
    switch (field) {
        case interface_field: message.interface = text; break;
        case member_field: message.member = text; break;
        case error_name_field: message.error_name = text; break;
        case signature_field: message.signature = text; break;
        case reply_serial_field: message.reply_serial = number; break;
        default: break;
    }
    return reader.ok();
}

BusMessage::Kind kind_of(std::uint8_t type) {
    switch (type) {
        case method_return: return BusMessage::Kind::reply;
        case error_reply: return BusMessage::Kind::error;
        case signal_message: return BusMessage::Kind::signal;
        default: return BusMessage::Kind::other;
    }
}

std::unexpected<Error> not_a_message(std::string detail) {
    return fail({.fault = Fault::corrupted, .operation = "read a message of D-Bus", .detail = std::move(detail)});
}

std::string joined(const std::vector<std::string>& words) {
    std::string text = "[";
    for (const std::string& word : words) text.append(text.size() == 1 ? "" : ", ").append(word);
    return text + "]";
}

struct ValueText {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::uint64_t value) const {
        return value == UINT64_MAX ? "infinity" : std::to_string(value);
    }
    std::string operator()(std::integral auto value) const { return std::to_string(value); }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const std::vector<std::string>& values) const { return joined(values); }
    std::string operator()(const std::vector<BusPair>& values) const {
        std::vector<std::string> words;
        words.reserve(values.size());
        for (const BusPair& pair : values) words.push_back(pair.first + " " + pair.second);
        return joined(words);
    }
    template <std::integral Number>
    std::string operator()(const std::vector<Number>& values) const {
        std::vector<std::string> words;
        words.reserve(values.size());
        for (const Number value : values) words.push_back(std::to_string(value));
        return joined(words);
    }
};

}  // namespace

std::string bus_value_text(const BusValue& value) { return std::visit(ValueText{}, value); }

BusArguments& BusArguments::text(std::string_view value) {
    signature_ += 's';
    Writer(bytes_).text(value);
    return *this;
}

BusArguments& BusArguments::boolean(bool value) {
    signature_ += 'b';
    Writer(bytes_).number(std::uint32_t{value});
    return *this;
}

BusArguments& BusArguments::properties(std::span<const BusProperty> properties) {
    signature_ += "a(sv)";
    Writer writer(bytes_);
    writer.array(8, [&] {
        for (const BusProperty& property : properties) {
            writer.align(8);
            writer.text(property.name);
            writer.signature(signatures[property.value.index()]);
            writer.value(property.value);
        }
    });
    return *this;
}

BusArguments& BusArguments::no_units() {
    signature_ += "a(sa(sv))";
    Writer(bytes_).array(8, [] {});
    return *this;
}

std::string encode(const BusCall& call, std::uint32_t serial) {
    std::string bytes;
    Writer writer(bytes);
    for (const std::uint8_t byte : {std::uint8_t{'l'}, std::uint8_t{method_call}, std::uint8_t{0}, std::uint8_t{1}})
        writer.byte(byte);
    writer.number(static_cast<std::uint32_t>(call.arguments.bytes().size()));
    writer.number(serial);
    writer.array(8, [&] {
        write_field(writer, path_field, 'o', call.path);
        write_field(writer, destination_field, 's', call.destination);
        write_field(writer, interface_field, 's', call.interface);
        write_field(writer, member_field, 's', call.member);
        write_field(writer, signature_field, 'g', call.arguments.signature());
    });
    writer.align(8);
    return bytes + call.arguments.bytes();
}

Result<std::optional<BusMessage>> take_bus_message(std::string& arrived) {
    if (arrived.size() < fixed_header + length_size) return std::nullopt;
    Reader head(arrived);
    const std::uint8_t order = head.byte();
    BusMessage message{.kind = kind_of(head.byte())};
    (void)head.byte();  // flags
    const std::uint8_t version = head.byte();
    if (order != 'l' || version != 1) return not_a_message("it is not of version 1, little-endian");
    const std::uint32_t body_size = head.number();
    (void)head.number();  // serial
    const std::uint32_t fields_size = head.number();
    if (body_size > bus_message_limit || fields_size > bus_message_limit)
        return not_a_message("it is larger than 1 MiB");
    const std::size_t fields_end = fixed_header + length_size + fields_size;
    const std::size_t size = aligned(fields_end, 8) + body_size;
    if (arrived.size() < size) return std::nullopt;
    Reader fields(std::string_view(arrived).substr(0, fields_end));
    while (fields.at() < fixed_header + length_size) (void)fields.byte();
    while (fields.at() < fields_end)
        if (!read_field(fields, message)) return not_a_message("its header is wrong");
    message.body = arrived.substr(size - body_size, body_size);
    arrived.erase(0, size);
    return message;
}

std::vector<std::string> BusMessage::words() const {
    std::vector<std::string> words;
    Reader reader(body);
    for (const char type : signature) {
        std::string word;
        if (type == 's' || type == 'o')
            word = reader.text();
        else if (type == 'u')
            word = std::to_string(reader.number());
        else
            break;
        if (!reader.ok()) break;
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace ocirt
