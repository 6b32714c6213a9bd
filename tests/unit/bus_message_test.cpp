// D-Bus messages: what is written, byte by byte, and what is read of what others wrote.
#include <gtest/gtest.h>

#include "common/bus_connection.h"
#include "common/bus_message.h"

namespace ocirt {
namespace {

using namespace std::string_literals;

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        (text += digits[byte >> 4]) += digits[byte & 15];
    }
    return text;
}

struct ValueCase {
    BusValue value;
    const char* bytes;  // of a(sv) with the one property "P"
    const char* text;
};
void PrintTo(const ValueCase& value, std::ostream* out) { *out << value.text; }

class BusValues : public testing::TestWithParam<ValueCase> {};

TEST_P(BusValues, AreWrittenAligned) {
    const BusProperty property{.name = "P", .value = GetParam().value};
    const BusArguments arguments = BusArguments().properties({&property, 1});
    EXPECT_EQ(arguments.signature(), "a(sv)");
    // The array's length, its padding to 8, and the name.
    const std::string bytes = hex(arguments.bytes());
    ASSERT_GT(bytes.size(), 28U);
    EXPECT_EQ(bytes.substr(8, 8), "00000000");
    EXPECT_EQ(bytes.substr(16, 12), "010000005000");
    EXPECT_EQ(bytes.substr(28), GetParam().bytes);
    EXPECT_EQ(bus_value_text(GetParam().value), GetParam().text);
}

// What busctl(1) sends for the same values.
INSTANTIATE_TEST_SUITE_P(
    Types, BusValues,
    testing::Values(ValueCase{true, "01620000000001000000", "true"},
                    ValueCase{std::int32_t{-2}, "016900000000feffffff", "-2"},
                    ValueCase{std::uint32_t{7}, "01750000000007000000", "7"},
                    ValueCase{std::uint64_t{UINT64_MAX}, "01740000000000000000ffffffffffffffff", "infinity"},
                    ValueCase{"ab"s, "01730000000002000000616200", "ab"},
                    ValueCase{std::vector<std::string>{"a", "b"}, "0261730000000e0000000100000061000000010000006200",
                              "[a, b]"},
                    ValueCase{std::vector<std::uint32_t>{7}, "0261750000000400000007000000", "[7]"},
                    ValueCase{std::vector<std::uint8_t>{3, 2}, "026179000000020000000302", "[3, 2]"},
                    ValueCase{std::vector<BusPair>{{"a", "b"}},
                              "056128737329000000000e000000000000000100000061000000010000006200", "[a b]"}));

TEST(BusMessage, ACallIsReadBackByItsFields) {
    BusCall call{.destination = "org.x", .path = "/o", .interface = "i.f", .member = "M"};
    call.arguments.text("word").boolean(true);
    const std::string bytes = encode(call, 9);
    EXPECT_EQ(bytes.substr(0, 4), "l\1\0\1"s);
    EXPECT_EQ(bytes.size() % 4, 0U);
    std::string arrived = bytes + "rest";
    const auto message = take_bus_message(arrived);
    ASSERT_TRUE(message && *message) << render(message.error());
    EXPECT_EQ(arrived, "rest");
    EXPECT_EQ((*message)->kind, BusMessage::Kind::other);
    EXPECT_EQ((*message)->member, "M");
    EXPECT_EQ((*message)->interface, "i.f");
    EXPECT_EQ((*message)->signature, "sb");
    EXPECT_EQ((*message)->words(), std::vector<std::string>{"word"});
}

// JobRemoved, as systemd sends it: uoss.
std::string job_removed() {
    BusCall call{.destination = {}, .path = "/o", .interface = "i", .member = "JobRemoved"};
    call.arguments.text("/job/1").text("a.scope").text("done");
    std::string bytes = encode(call, 1);
    bytes[1] = 4;  // a signal
    return bytes;
}

TEST(BusMessage, IsWholeOrNotYet) {
    const std::string bytes = job_removed();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        std::string arrived = bytes.substr(0, size);
        const auto message = take_bus_message(arrived);
        ASSERT_TRUE(message) << size;
        EXPECT_FALSE(*message) << size;
        EXPECT_EQ(arrived.size(), size);
    }
    std::string arrived = bytes;
    const auto message = take_bus_message(arrived);
    ASSERT_TRUE(message && *message);
    EXPECT_EQ((*message)->kind, BusMessage::Kind::signal);
    EXPECT_EQ((*message)->words(), (std::vector<std::string>{"/job/1", "a.scope", "done"}));
}

// Whatever one byte says, nothing is read that is not there (the sanitizers watch).
TEST(BusMessage, SurvivesEveryWrongByte) {
    const std::string bytes = job_removed();
    for (std::size_t at = 0; at < bytes.size(); ++at)
        for (const char wrong : {'\0', '\1', '\x7f', '\xff'}) {
            std::string arrived = bytes;
            arrived[at] = wrong;
            const auto message = take_bus_message(arrived);
            if (!message || !*message) continue;
            EXPECT_LE((*message)->words().size(), 64U);
        }
}

TEST(BusMessage, RefusesWhatIsNone) {
    for (const std::string& wrong :
         {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "B\1\0\1"s + std::string(60, '\0'), "l\4\0\2"s + std::string(60, '\0'),
          "l\4\0\1\xff\xff\xff\x7f"s + std::string(60, '\0')}) {
        std::string arrived = wrong;
        const auto message = take_bus_message(arrived);
        ASSERT_FALSE(message) << wrong;
        EXPECT_EQ(message.error().fault, Fault::corrupted);
    }
}

TEST(BusAddresses, AreTheSocketsAmongThem) {
    const auto sockets = [](std::string_view text) {
        std::string all;
        for (const BusAddress& address : parse_bus_addresses(text)) all += address.socket + " ";
        return all;
    };
    EXPECT_EQ(sockets("unix:path=/run/user/1000/bus"), "/run/user/1000/bus ");
    EXPECT_EQ(sockets("unix:path=/run/bus,guid=12ab"), "/run/bus ");
    EXPECT_EQ(sockets("unix:abstract=/tmp/dbus-x,guid=1;unix:path=/b"), "@/tmp/dbus-x /b ");
    EXPECT_EQ(sockets("unix:path=/a%20b%2fc%"), "/a b/c% ");
    EXPECT_EQ(sockets("tcp:host=localhost,port=1;unix:tmpdir=/tmp;autolaunch:;unix:path="), "");
    EXPECT_EQ(sockets(""), "");
}

}  // namespace
}  // namespace ocirt
