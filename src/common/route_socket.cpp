#include "common/route_socket.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

#include "common/syscall.h"

namespace ocirt {

namespace {

constexpr timeval answer_deadline{.tv_sec = 10, .tv_usec = 0};  // the kernel answers once it has its rtnl lock
constexpr std::size_t answer_limit = std::size_t{64} << 10;

std::size_t aligned(std::size_t size) { return (size + NLA_ALIGNTO - 1) & ~std::size_t{NLA_ALIGNTO - 1}; }

template <class T>
std::string_view bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// A T at the beginning of `bytes`; all zero where they are fewer.
template <class T>
T read(std::string_view bytes) {
    T value{};
    if (bytes.size() >= sizeof(T)) bytes.copy(reinterpret_cast<char*>(&value), sizeof(T));
    return value;
}

std::string_view after(std::string_view bytes, std::size_t size) {
    return size < bytes.size() ? bytes.substr(size) : std::string_view{};
}

void append_attribute(std::string& message, std::uint16_t type, std::string_view value) {
    const rtattr head{.rta_len = static_cast<std::uint16_t>(sizeof(rtattr) + value.size()), .rta_type = type};
    message.append(bytes_of(head)).append(value);
    message.resize(aligned(message.size()));
}

// Calls each(type, value) for the attributes that `bytes` is a list of.
template <class Each>
void each_attribute(std::string_view bytes, Each each) {
    while (bytes.size() >= sizeof(rtattr)) {
        const auto head = read<rtattr>(bytes);
        if (head.rta_len < sizeof(rtattr) || head.rta_len > bytes.size()) return;
        each(static_cast<std::uint16_t>(head.rta_type & NLA_TYPE_MASK),
             bytes.substr(sizeof(rtattr), head.rta_len - sizeof(rtattr)));
        bytes = after(bytes, aligned(head.rta_len));
    }
}

}  // namespace

// One message to the kernel.
class RouteRequest {
   public:
    template <class Body>
    RouteRequest(std::uint16_t type, int flags, const Body& body) : type_(type), flags_(flags) {
        text_.resize(sizeof(nlmsghdr));
        text_.append(bytes_of(body));
        text_.resize(aligned(text_.size()));
    }
    RouteRequest& attribute(std::uint16_t type, std::string_view value) {
        append_attribute(text_, type, value);
        return *this;
    }
    RouteRequest& name(const std::string& value) { return attribute(IFLA_IFNAME, {value.c_str(), value.size() + 1}); }
    RouteRequest& attributes(const std::string& list) {
        text_ += list;
        return *this;
    }
    const std::string& text(std::uint32_t sequence) {
        const nlmsghdr head{.nlmsg_len = static_cast<std::uint32_t>(text_.size()),
                            .nlmsg_type = type_,
                            .nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags_),
                            .nlmsg_seq = sequence,
                            .nlmsg_pid = 0};
        std::memcpy(text_.data(), &head, sizeof(head));
        return text_;
    }

   private:
    std::uint16_t type_;
    int flags_;
    std::string text_;
};

namespace {

ifinfomsg link_body(std::uint32_t index) {
    ifinfomsg body{};
    body.ifi_family = AF_UNSPEC;
    body.ifi_index = static_cast<int>(index);
    return body;
}

// An answer of NLMSG_ERROR: the errno, and what the kernel has to say about it (NETLINK_EXT_ACK).
Result<> acknowledged(std::string_view body, std::uint16_t flags, const char* operation) {
    const auto answer = read<nlmsgerr>(body);
    if (answer.error == 0) return {};
    Error error = fail_errno(-answer.error, "sendmsg", operation).error();
    if ((flags & NLM_F_ACK_TLVS) == 0) return fail(std::move(error));
    const std::size_t request = (flags & NLM_F_CAPPED) != 0 ? sizeof(nlmsghdr) : answer.msg.nlmsg_len;
    each_attribute(after(body, sizeof(answer.error) + aligned(request)),
                   [&error](std::uint16_t type, std::string_view value) {
                       if (type == NLMSGERR_ATTR_MSG) error.detail = value.substr(0, value.find('\0'));
                   });
    return fail(std::move(error));
}

// What of an address says who it is, and holds in any namespace. A label has the device's name in it, a lifetime is
// that of one that is not permanent.
bool is_kept(std::uint16_t type) {
    return type == IFA_ADDRESS || type == IFA_LOCAL || type == IFA_BROADCAST || type == IFA_RT_PRIORITY ||
           type == IFA_PROTO;
}

constexpr std::uint32_t kept_flags =
    IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

std::optional<LinkAddress> lasting(std::string_view body, std::uint32_t index) {
    const auto head = read<ifaddrmsg>(body);
    if (head.ifa_index != index || head.ifa_scope != RT_SCOPE_UNIVERSE) return std::nullopt;
    LinkAddress address{.family = head.ifa_family, .prefix_length = head.ifa_prefixlen};
    std::uint32_t flags = head.ifa_flags;
    each_attribute(after(body, aligned(sizeof(head))), [&](std::uint16_t type, std::string_view value) {
        if (type == IFA_FLAGS) flags = read<std::uint32_t>(value);
        if (is_kept(type)) append_attribute(address.attributes, type, value);
    });
    if ((flags & IFA_F_PERMANENT) == 0) return std::nullopt;
    append_attribute(address.attributes, IFA_FLAGS, bytes_of(flags & kept_flags));
    return address;
}

constexpr auto no_answer = [](std::uint16_t, std::string_view) {};

}  // namespace

Result<RouteSocket> RouteSocket::open() {
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return fail_errno("socket", "make a netlink socket");
    const int yes = 1;
    (void)::setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof(yes));
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &answer_deadline, sizeof(answer_deadline)) != 0)
        return fail_errno("setsockopt", "set the deadline of a netlink socket");
    return RouteSocket(std::move(socket));
}

Result<RouteSocket> RouteSocket::open_in(const Fd& network_namespace) {
    const Fd home = TRY(sys::open("/proc/self/ns/net", O_RDONLY));
    if (::setns(network_namespace.get(), CLONE_NEWNET) != 0) return fail_errno("setns", "enter the network namespace");
    Result<RouteSocket> opened = open();
    if (::setns(home.get(), CLONE_NEWNET) != 0) return fail_errno("setns", "come back to the network namespace");
    return opened;
}

template <class Each>
Result<> RouteSocket::ask(RouteRequest& request, const char* operation, Each each) {
    const std::string& text = request.text(++sequence_);
    if (::send(socket_.get(), text.data(), text.size(), 0) < 0) return fail_errno("send", operation);
    std::string buffer(answer_limit, '\0');
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(errno == EAGAIN ? ETIMEDOUT : errno, "recv", operation);
        for (std::string_view rest(buffer.data(), static_cast<std::size_t>(got)); rest.size() >= sizeof(nlmsghdr);) {
            const auto head = read<nlmsghdr>(rest);
            if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > rest.size()) break;
            const std::string_view body = rest.substr(sizeof(head), head.nlmsg_len - sizeof(head));
            rest = after(rest, aligned(head.nlmsg_len));
            if (head.nlmsg_seq != sequence_) continue;
            if (head.nlmsg_type == NLMSG_ERROR) return acknowledged(body, head.nlmsg_flags, operation);
            if (head.nlmsg_type == NLMSG_DONE) return {};
            each(head.nlmsg_type, body);
        }
    }
}

Result<std::optional<NetworkLink>> RouteSocket::find(const std::string& name) {
    RouteRequest request(RTM_GETLINK, NLM_F_ACK, link_body(0));
    std::optional<NetworkLink> found;
    const Result<> asked =
        ask(request.name(name), "look for a network device", [&found](std::uint16_t type, std::string_view body) {
            if (type != RTM_NEWLINK) return;
            const auto head = read<ifinfomsg>(body);
            found =
                NetworkLink{.index = static_cast<std::uint32_t>(head.ifi_index), .up = (head.ifi_flags & IFF_UP) != 0};
        });
    if (!asked && asked.error().errnum != ENODEV) return std::unexpected(asked.error());
    return found;
}

Result<std::vector<LinkAddress>> RouteSocket::lasting_addresses(const NetworkLink& link) {
    RouteRequest request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
    std::vector<LinkAddress> addresses;
    TRY(ask(request, "read the addresses of a network device", [&](std::uint16_t type, std::string_view body) {
        if (type != RTM_NEWADDR) return;
        if (std::optional<LinkAddress> address = lasting(body, link.index)) addresses.push_back(std::move(*address));
    }));
    return addresses;
}

Result<> RouteSocket::move(const NetworkLink& link, const std::string& name, const Fd& network_namespace) {
    RouteRequest request(RTM_NEWLINK, NLM_F_ACK, link_body(link.index));
    request.name(name).attribute(IFLA_NET_NS_FD, bytes_of(network_namespace.get()));
    return ask(request, "move the network device", no_answer);
}

Result<> RouteSocket::add_address(const NetworkLink& link, const LinkAddress& address) {
    ifaddrmsg body{};
    body.ifa_family = address.family;
    body.ifa_prefixlen = address.prefix_length;
    body.ifa_scope = RT_SCOPE_UNIVERSE;
    body.ifa_index = link.index;
    RouteRequest request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body);
    const Result<> added =
        ask(request.attributes(address.attributes), "add an address to the network device", no_answer);
    if (!added && added.error().errnum == EEXIST) return {};
    return added;
}

Result<> RouteSocket::bring_up(const NetworkLink& link) {
    ifinfomsg body = link_body(link.index);
    body.ifi_flags = IFF_UP;
    body.ifi_change = IFF_UP;
    RouteRequest request(RTM_NEWLINK, NLM_F_ACK, body);
    return ask(request, "bring up the network device", no_answer);
}

}  // namespace ocirt
