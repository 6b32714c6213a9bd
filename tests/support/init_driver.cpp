#include "support/init_driver.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "common/memfd.h"
#include "runtime/init/image.h"
#include "runtime/plan/encode.h"

namespace ocirt::test {

namespace fs = std::filesystem;
using plan::Message;
using plan::Stage;

namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

void install_busybox(const TemporaryDirectory& rootfs) {
    fs::create_directories(rootfs.path() / "bin");
    fs::copy_file("/bin/busybox", rootfs.path() / "bin/busybox");
    for (const char* name :
         {"sh", "cat", "ls", "id", "mount", "stat", "sleep", "true", "false", "hostname", "readlink", "grep"})
        fs::create_symlink("busybox", rootfs.path() / "bin" / name);
}

Fd detached_tree(const fs::path& path) {
    Fd tree(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    require(static_cast<bool>(tree), "open_tree");
    mount_attr slave{0, 0, MS_SLAVE, 0};
    require(::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &slave, sizeof(slave)) == 0, "mount_setattr");
    return tree;
}

InitDriver::~InitDriver() {
    if (pid_ > 0 && status_ == -1) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (report_ != nullptr) ::munmap(report_, sizeof(plan::Report));
}

InitDriver& InitDriver::begin_in(const fs::path& rootfs) {
    root_ = detached_tree(rootfs);
    null_ = detached_tree("/dev/null");
    add(plan::Unshare<Hosted>{CLONE_NEWNS});
    await(Stage::trees);
    add(plan::SetPropagation<Hosted>{MS_SLAVE | MS_REC});
    return add(plan::AttachRoot<Hosted>{});
}

InitDriver& InitDriver::shell(const std::string& script) {
    return add(plan::Exec<Hosted>{{"/bin/sh", "-c", script}, {"PATH=/bin"}, 0});
}

void InitDriver::make_report() {
    const std::size_t size = sizeof(plan::Report) + steps_.size() * sizeof(std::uint64_t);
    Result<Fd> file = make_shared_memfd("report", size);
    require(file.has_value(), "report");
    report_file_ = std::move(*file);
    void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, report_file_.get(), 0);
    require(page != MAP_FAILED, "mmap");
    report_ = static_cast<plan::Report*>(page);
    report_->magic = plan::report_magic;
    report_->step_count = static_cast<std::uint32_t>(steps_.size());
}

void InitDriver::become_init(int image, int channel, int output, bool mapped) {
    if (mapped) {
        char byte = 0;
        if (::read(channel, &byte, 1) != 1) ::_exit(99);
        ::setgroups(0, nullptr);
        if (::syscall(SYS_setresgid, 0, 0, 0) != 0 || ::syscall(SYS_setresuid, 0, 0, 0) != 0) ::_exit(98);
    }
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (leaked_ >= 0) ::fcntl(leaked_, F_SETFD, 0);
    ::fcntl(channel, F_SETFD, 0);
    const std::string number = std::to_string(channel);
    const char* argv[] = {"init", number.c_str(), nullptr};
    const char* envp[] = {nullptr};
    ::syscall(SYS_execveat, image, "", argv, envp, AT_EMPTY_PATH);
    ::_exit(97);
}

void InitDriver::start(std::uint64_t flags) {
    const Result<std::vector<std::byte>> encoded = plan::encode(steps_);
    require(encoded.has_value(), "encode");
    Result<Fd> program = make_sealed_memfd("program", std::span<const std::byte>(*encoded));
    Result<Fd> image = make_sealed_executable("init", init::image());
    require(program.has_value() && image.has_value(), "memfd");
    program_ = std::move(*program);
    make_report();

    listener_ = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (sockets_.path() / "start.sock").c_str());
    require(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "bind");
    require(::listen(listener_.get(), 8) == 0, "listen");

    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    int output[2];
    require(::pipe2(output, O_CLOEXEC) == 0, "pipe2");
    clone_args arguments{};
    arguments.flags = flags;
    arguments.exit_signal = SIGCHLD;
    const bool mapped = (flags & CLONE_NEWUSER) != 0;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
    if (pid_ == 0) {
        ::close(ends[0]);
        become_init(image->get(), ends[1], output[1], mapped);
    }
    require(pid_ > 0, "clone3");
    ::close(ends[1]);
    ::close(output[1]);
    channel_ = Fd(ends[0]);
    output_pipe_ = Fd(output[0]);
    if (mapped) {
        const std::string proc = "/proc/" + std::to_string(pid_);
        std::ofstream(proc + "/uid_map") << "0 0 100000\n";
        std::ofstream(proc + "/gid_map") << "0 0 100000\n";
        require(::send(channel_.get(), "", 1, 0) == 1, "send");
    }
    send(Stage::setup, {{plan::slot_program, program_.get()},
                        {plan::slot_report, report_file_.get()},
                        {plan::slot_listener, listener_.get()}});
    listener_.reset();
    if (root_) send(Stage::trees, {{plan::slot_root, root_.get()}, {plan::slot_null, null_.get()}});
}

void InitDriver::send(Stage stage, std::initializer_list<std::pair<plan::Slot, int>> descriptors) {
    Message message;
    message.stage = stage;
    message.descriptors = static_cast<std::uint32_t>(descriptors.size());
    if (descriptors.size() > 0) message.first_slot = descriptors.begin()->first;
    alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))]{};
    iovec vector{&message, sizeof(message)};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    if (descriptors.size() > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        auto* numbers = reinterpret_cast<int*>(CMSG_DATA(first));
        for (const auto& [slot, fd] : descriptors) *numbers++ = fd;
    }
    // init may have ended already: its report says why.
    (void)::sendmsg(channel_.get(), &header, MSG_NOSIGNAL);
}

Message InitDriver::receive() {
    Message message;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    iovec vector{&message, sizeof(message)};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    pollfd ready{channel_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 20000) != 1) throw std::runtime_error("init says nothing");
    if (::recvmsg(channel_.get(), &header, MSG_CMSG_CLOEXEC) != sizeof(message)) message.stage = Stage{};
    if (const cmsghdr* first = CMSG_FIRSTHDR(&header)) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(first), sizeof(fd));
        received_ = Fd(fd);
    }
    return message;
}

Fd InitDriver::connect(bool request) {
    Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (sockets_.path() / "start.sock").c_str());
    require(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "connect");
    const plan::StartRequest words;
    if (request) require(::send(socket.get(), &words, sizeof(words), MSG_NOSIGNAL) == sizeof(words), "send");
    return socket;
}

void InitDriver::finish() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (::waitpid(pid_, &status_, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, &status_, 0);
            throw std::runtime_error("init did not end");
        }
        ::usleep(500);
    }
    char block[4096];
    for (ssize_t size = 0; (size = ::read(output_pipe_.get(), block, sizeof(block))) > 0;)
        output_.append(block, static_cast<std::size_t>(size));
}

plan::Op InitDriver::failed_op() const {
    return std::visit([](const auto& step) { return std::decay_t<decltype(step)>::op; },
                      steps_.at(report_->step).action);
}

}  // namespace ocirt::test
