// A client of D-Bus against a server that says what the test has it say.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

#include "common/bus_connection.h"

namespace ocirt {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

// Takes one connection and lets `talk` have it, on a thread of its own.
class Server {
   public:
    explicit Server(std::function<void(int)> talk) {
        std::string directory = (std::filesystem::temp_directory_path() / "ocirt-bus-XXXXXX").string();
        if (::mkdtemp(directory.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = directory + "/bus";
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::strncpy(name.sun_path, path_.c_str(), sizeof(name.sun_path) - 1);
        listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 ||
            ::listen(listener_.get(), 1) != 0)
            throw std::runtime_error("listen");
        thread_ = std::thread([this, talk = std::move(talk)] {
            const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            talk(client.get());
        });
    }
    ~Server() {
        thread_.join();
        std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] BusAddress address(bool direct = true) const { return {.socket = path_, .direct = direct}; }

   private:
    std::string path_{};
    Fd listener_{};
    std::thread thread_{};
};

// What arrives until it ends with `end`, or the client is gone.
std::string hear(int client, std::string_view end) {
    std::string heard;
    for (char c = 0; !heard.ends_with(end) && ::read(client, &c, 1) == 1;) heard += c;
    return heard;
}

void say(int client, std::string_view text) { (void)!::write(client, text.data(), text.size()); }

std::string let_in(int client) {
    const std::string said = hear(client, "DATA\r\n");
    say(client, "DATA\r\nOK 1234\r\n");
    return said + hear(client, "BEGIN\r\n");
}

// A message of the type, with what this file needs of a header.
std::string message(char type, const std::string& member, const std::string& word, std::uint32_t answers) {
    BusCall call{.destination = {}, .path = "/o", .interface = "i", .member = member};
    call.arguments.text(word);
    std::string bytes = encode(call, 1);
    bytes[1] = type;
    if (answers == 0) return bytes;
    // The path's field becomes the serial's: REPLY_SERIAL (5), "u". It is 4 + 4 bytes, as that of "/o" is without its
    // end.
    bytes[16] = 5;
    bytes[18] = 'u';
    std::memcpy(&bytes[20], &answers, sizeof answers);
    bytes.erase(24, 8);
    std::uint32_t size = 0;
    std::memcpy(&size, &bytes[12], sizeof size);
    size -= 8;
    std::memcpy(&bytes[12], &size, sizeof size);
    return bytes;
}

BusConnection::Time soon() { return std::chrono::steady_clock::now() + 5s; }

TEST(BusConnection, SaysNothingOfWhoItIs) {
    std::string said;
    {
        const Server server([&said](int client) { said = let_in(client); });
        const auto connection = BusConnection::open(server.address(), soon());
        ASSERT_TRUE(connection) << render(connection.error());
    }
    EXPECT_EQ(said, "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"s);
}

TEST(BusConnection, KeepsSignalsThatComeBeforeTheAnswer) {
    const Server server([](int client) {
        (void)let_in(client);
        (void)hear(client, "word\0"s);
        say(client, message(4, "Other", "x", 0) + message(4, "JobRemoved", "job", 0) + message(2, "M", "yes", 1));
        (void)hear(client, "never");
    });
    auto connection = BusConnection::open(server.address(), soon());
    ASSERT_TRUE(connection) << render(connection.error());
    BusCall call{.destination = "d", .path = "/o", .interface = "i", .member = "M"};
    call.arguments.text("word");
    const auto answer = connection->call(call, soon());
    ASSERT_TRUE(answer) << render(answer.error());
    EXPECT_EQ(answer->words(), std::vector<std::string>{"yes"});
    const auto signal =
        connection->wait_for([](const BusMessage& each) { return each.member == "JobRemoved"; }, soon());
    ASSERT_TRUE(signal) << render(signal.error());
    EXPECT_EQ(signal->words(), std::vector<std::string>{"job"});
}

TEST(BusConnection, IsRefusedInTheServersWords) {
    const Server server([](int client) {
        (void)hear(client, "DATA\r\n");
        say(client, "REJECTED EXTERNAL\r\n");
    });
    const auto connection = BusConnection::open(server.address(), soon());
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().fault, Fault::unsupported);
    EXPECT_TRUE(render(connection.error()).contains("does not let this user in: REJECTED EXTERNAL"));
}

TEST(BusConnection, WaitsNoLongerThanItMay) {
    const Server server([](int client) { (void)hear(client, "never"); });
    const auto begin = std::chrono::steady_clock::now();
    const auto connection = BusConnection::open(server.address(), begin + 50ms);
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().fault, Fault::timed_out);
    EXPECT_EQ(connection.error().object, server.address().socket);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(BusConnection, NamesWhatIsNotThere) {
    const auto connection = BusConnection::open({.socket = "/nowhere/bus"}, soon());
    ASSERT_FALSE(connection);
    EXPECT_EQ(render(connection.error()), "connect to /nowhere/bus: no such file or directory (ENOENT)");
}

// What talks on, but not D-Bus.
TEST(BusConnection, GivesUpOnAnotherProtocol) {
    const Server server([](int client) { say(client, std::string(10'000, 'x')); });
    const auto connection = BusConnection::open(server.address(), soon());
    ASSERT_FALSE(connection);
}

}  // namespace
}  // namespace ocirt
