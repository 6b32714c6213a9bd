// Unix sockets, SOCK_SEQPACKET but where said otherwise: whole messages, with descriptors on them (unix(7),
// SCM_RIGHTS).
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt {

// A connected pair.
[[nodiscard]] Result<std::pair<Fd, Fd>> make_socket_pair();

// One message of exactly `size` bytes, with at most 253 descriptors. A peer that is gone is EPIPE, never a signal.
[[nodiscard]] Result<> send_message(const Fd& socket, const void* data, std::size_t size,
                                    std::span<const int> descriptors = {});

// One message of exactly `size` bytes into `data`; its descriptors are O_CLOEXEC. False: the peer has closed.
// Errors: ETIMEDOUT after `deadline`; EBADMSG for a message of another size.
struct Received {
    bool open = false;
    std::vector<Fd> descriptors;
};
[[nodiscard]] Result<Received> receive_message(const Fd& socket, void* data, std::size_t size,
                                               std::chrono::milliseconds deadline);

// One message of at most `limit` bytes; its descriptors are O_CLOEXEC. Not `open`: the peer has closed.
// Errors: ETIMEDOUT after `deadline`; EBADMSG for a longer one.
struct Datagram {
    bool open = false;
    std::string data{};
    std::vector<Fd> descriptors{};
};
[[nodiscard]] Result<Datagram> receive_datagram(const Fd& socket, std::size_t limit,
                                                std::chrono::milliseconds deadline);

// A listening socket named `name` in `directory`, and a connection to it. Bound and reached through the directory's
// descriptor: the path may be longer than the 108 bytes of sun_path.
[[nodiscard]] Result<Fd> listen_at(const Fd& directory, const std::string& name, int type = SOCK_SEQPACKET);
[[nodiscard]] Result<Fd> connect_at(const Fd& directory, const std::string& name, int type = SOCK_SEQPACKET);

// A connection to a stream socket. Connecting and sending give up after `deadline`, with EAGAIN.
[[nodiscard]] Result<Fd> connect_stream_at(const Fd& directory, const std::string& name,
                                           std::chrono::milliseconds deadline);
// All of `text` over a stream, the descriptors on its first byte.
[[nodiscard]] Result<> send_stream(const Fd& socket, std::string_view text, std::span<const int> descriptors);

// A datagram socket named `name` in `directory`, which everybody who reaches the name may write to (mode 0777). It
// never blocks. Bound as listen_at does.
[[nodiscard]] Result<Fd> bind_datagram_at(const Fd& directory, const std::string& name);

// A datagram socket that never blocks, connected to the path `address`, or to the abstract name after its "@".
// Errors: ENAMETOOLONG beyond what sun_path holds.
[[nodiscard]] Result<Fd> connect_datagram(const std::string& address);

}  // namespace ocirt
