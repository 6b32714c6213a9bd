#include "common/bus_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <thread>

namespace ocirt {
namespace {

using namespace std::chrono_literals;
using Time = BusConnection::Time;

constexpr std::size_t line_limit = 4096;  // of the conversation that authenticates
constexpr std::size_t signal_limit = 4096;

constexpr const char* bus_name = "org.freedesktop.DBus";
constexpr const char* bus_path = "/org/freedesktop/DBus";

std::unexpected<Error> too_late(std::string detail) {
    return fail({.fault = Fault::timed_out, .operation = "wait for D-Bus", .detail = std::move(detail)});
}

Result<> wait_ready(const Fd& socket, short events, Time deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left <= 0ms) return too_late("it does not answer");
        pollfd ready{.fd = socket.get(), .events = events, .revents = 0};
        const int polled = ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
        if (polled > 0) return {};
        if (polled < 0 && errno != EINTR) return fail_errno("poll", "wait for D-Bus");
    }
}

Result<Fd> connect_to(const BusAddress& address, Time deadline) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (address.socket.empty() || address.socket.size() >= sizeof(name.sun_path))
        return fail_errno(ENAMETOOLONG, "connect", "connect to", address.socket);
    std::memcpy(name.sun_path, address.socket.data(), address.socket.size());
    const bool abstract = address.socket.front() == '@';
    if (abstract) name.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.socket.size() + !abstract);
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno("socket", "make a socket");
    while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return fail_errno("connect", "connect to", address.socket);
        // The listener's queue is full; nothing tells when it is not any more.
        if (std::chrono::steady_clock::now() >= deadline) return too_late(address.socket + " takes no connection");
        std::this_thread::sleep_for(10ms);
    }
    return socket;
}

// "%2f" is "/".
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            plain += static_cast<char>(value);
            i += 2;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::string_view cut(std::string_view& rest, char separator) {
    const std::string_view part = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
}

}  // namespace

std::vector<BusAddress> parse_bus_addresses(std::string_view text) {
    constexpr std::string_view transport = "unix:";
    std::vector<BusAddress> addresses;
    while (!text.empty()) {
        std::string_view rest = cut(text, ';');
        if (!rest.starts_with(transport)) continue;
        rest.remove_prefix(transport.size());
        while (!rest.empty()) {
            std::string_view value = cut(rest, ',');
            const std::string_view key = cut(value, '=');
            if (value.empty()) continue;
            if (key == "path") addresses.push_back({.socket = unescaped(value)});
            if (key == "abstract") addresses.push_back({.socket = "@" + unescaped(value)});
        }
    }
    return addresses;
}

Result<BusConnection> BusConnection::open(const BusAddress& address, Time deadline) {
    BusConnection connection(TRY(connect_to(address, deadline)));
    connection.direct_ = address.direct;
    Result<> known = connection.authenticate(deadline);
    if (known && !address.direct) {
        const Result<BusMessage> greeted = connection.call(
            {.destination = bus_name, .path = bus_path, .interface = bus_name, .member = "Hello"}, deadline);
        if (!greeted) known = std::unexpected(greeted.error());
    }
    if (known) return connection;
    if (known.error().object.empty()) known.error().object = address.socket;
    return std::unexpected(std::move(known).error());
}

// "Authentication Protocol", the mechanism EXTERNAL with no identity of our own: the server takes the one that the
// kernel knows.
Result<> BusConnection::authenticate(Time deadline) {
    static constexpr char opening[] = "\0AUTH EXTERNAL\r\nDATA\r\n";
    TRY(write({opening, sizeof opening - 1}, deadline));
    std::string line = TRY(read_line(deadline));
    if (line.starts_with("DATA")) line = TRY(read_line(deadline));
    if (line.starts_with("OK")) return write("BEGIN\r\n", deadline);
    return fail({.fault = Fault::unsupported,
                 .operation = "authenticate to",
                 .detail = "D-Bus does not let this user in: " + line.substr(0, 80)});
}

Result<> BusConnection::watch(const std::string& rule, Time deadline) {
    if (direct_) return {};  // it sends all it has
    BusCall match{.destination = bus_name, .path = bus_path, .interface = bus_name, .member = "AddMatch"};
    match.arguments.text(rule);
    const BusMessage answer = TRY(call(match, deadline));
    if (answer.kind == BusMessage::Kind::reply) return {};
    const std::vector<std::string> words = answer.words();
    return fail({.operation = "ask D-Bus for signals", .detail = words.empty() ? answer.error_name : words.front()});
}

Result<BusMessage> BusConnection::call(const BusCall& call, Time deadline) {
    const std::uint32_t serial = ++serial_;
    TRY(write(encode(call, serial), deadline));
    for (;;) {
        BusMessage message = TRY(read_message(deadline));
        const bool answers = message.kind == BusMessage::Kind::reply || message.kind == BusMessage::Kind::error;
        if (answers && message.reply_serial == serial) return message;
        keep(std::move(message));
    }
}

Result<BusMessage> BusConnection::wait_for(const std::function<bool(const BusMessage&)>& is_it, Time deadline) {
    for (;;) {
        if (const auto found = std::ranges::find_if(signals_, is_it); found != signals_.end()) {
            BusMessage message = std::move(*found);
            signals_.erase(signals_.begin(), found + 1);
            return message;
        }
        signals_.clear();
        keep(TRY(read_message(deadline)));
    }
}

void BusConnection::keep(BusMessage message) {
    if (message.kind == BusMessage::Kind::signal && signals_.size() < signal_limit)
        signals_.push_back(std::move(message));
}

Result<std::string> BusConnection::read_line(Time deadline) {
    for (;;) {
        if (const std::size_t end = arrived_.find("\r\n"); end != std::string::npos) {
            std::string line = arrived_.substr(0, end);
            arrived_.erase(0, end + 2);
            return line;
        }
        if (arrived_.size() > line_limit)
            return fail({.fault = Fault::corrupted, .operation = "authenticate to", .detail = "it is no D-Bus"});
        TRY(read_some(deadline));
    }
}

Result<BusMessage> BusConnection::read_message(Time deadline) {
    for (;;) {
        if (std::optional<BusMessage> message = TRY(take_bus_message(arrived_))) return *std::move(message);
        TRY(read_some(deadline));
    }
}

Result<> BusConnection::read_some(Time deadline) {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got > 0) {
            arrived_.append(buffer.data(), static_cast<std::size_t>(got));
            return {};
        }
        if (got == 0) return fail_errno(ECONNRESET, "recv", "read from D-Bus");
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return fail_errno("recv", "read from D-Bus");
        TRY(wait_ready(socket_, POLLIN, deadline));
    }
}

Result<> BusConnection::write(std::string_view bytes, Time deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            TRY(wait_ready(socket_, POLLOUT, deadline));
        } else if (errno != EINTR) {
            return fail_errno("send", "write to D-Bus");
        }
    }
    return {};
}

}  // namespace ocirt
