#include "shim/monitor/attach_socket.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/socket.h"

namespace ocirt::shim::monitor {
namespace {

Result<> make_link(const std::string& target, const std::string& link) {
    if (::unlink(link.c_str()) != 0 && errno != ENOENT) return fail_errno("unlink", "replace the link", link);
    if (::symlink(target.c_str(), link.c_str()) != 0) return fail_errno("symlink", "make the link", link);
    return {};
}

}  // namespace

std::string attach_link(const std::string& socket_dir, const std::string& uuid) {
    std::string link = socket_dir + "/" + uuid;
    if (link.size() == sizeof(sockaddr_un{}.sun_path) - 1) link.pop_back();
    return link;
}

Result<std::unique_ptr<AttachSocket>> AttachSocket::open(EventLoop& loop, Place place, Events events) {
    if (::unlinkat(place.directory.get(), place.name.c_str(), 0) != 0 && errno != ENOENT)
        return fail_errno("unlinkat", "replace the attach socket in", place.path);
    Fd listener = TRY(listen_at(place.directory, place.name));
    ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
    std::unique_ptr<AttachSocket> socket(new AttachSocket(loop, std::move(place), std::move(events)));
    socket->listener_ = std::move(listener);
    if (const Place& its = socket->place_; !its.link.empty()) TRY(make_link(its.path, its.link));
    TRY(loop.watch(socket->listener_, EPOLLIN, [raw = socket.get()](std::uint32_t) { raw->accept(); }));
    return socket;
}

AttachSocket::~AttachSocket() {
    clients_.clear();
    loop_.forget(listener_);
    ::unlinkat(place_.directory.get(), place_.name.c_str(), 0);
    if (!place_.link.empty()) ::unlink(place_.link.c_str());
}

void AttachSocket::accept() {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    auto& place = clients_.emplace_back();
    const auto gone = [this, &place] { loop_.defer([this, client = place.get()] { remove(client); }); };
    place = std::make_unique<AttachClient>(loop_, std::move(socket),
                                           AttachClient::Events{.input = events_.input,
                                                                .input_ended = events_.input_ended,
                                                                .caught_up =
                                                                    [this] {
                                                                        if (!is_blocked()) events_.caught_up();
                                                                    },
                                                                .gone = gone});
    place->hold_input(input_held_);
}

void AttachSocket::remove(const AttachClient* client) {
    std::erase_if(clients_, [client](const auto& one) { return one.get() == client; });
    if (!is_blocked()) events_.caught_up();
}

void AttachSocket::send(Stream stream, std::string_view bytes) {
    for (const auto& client : clients_) client->send(stream, bytes);
}

bool AttachSocket::is_blocked() const {
    return std::ranges::any_of(clients_, [](const auto& client) { return client->is_blocked(); });
}

void AttachSocket::hold_input(bool hold) {
    input_held_ = hold;
    for (const auto& client : clients_) client->hold_input(hold);
}

}  // namespace ocirt::shim::monitor
