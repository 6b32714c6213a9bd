#include "runtime/security/seccomp_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>

#include "runtime/security/seccomp_program.h"

namespace ocirt::security {
namespace {

constexpr std::uint64_t file_magic = 0x3163657369636f31;  // of the layout: Header, key, program

struct Header {
    std::uint64_t magic;
    std::uint64_t key_size;
    std::uint64_t program_size;
    std::uint64_t checksum;  // of the program: the key is compared, the program cannot be
};

// In the manner of FNV-1a, eight bytes at a time: no adversary can write here, it only has to tell profiles and bit
// flips apart.
std::uint64_t hash(std::span<const std::byte> bytes) {
    std::uint64_t value = 0xcbf29ce484222325 ^ bytes.size();
    while (!bytes.empty()) {
        const std::size_t size = std::min(bytes.size(), sizeof(std::uint64_t));
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), size);
        value = (value ^ word) * 0x100000001b3;
        value ^= value >> 32;
        bytes = bytes.subspan(size);
    }
    return value;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string file_name(std::string_view key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (std::uint64_t value = hash(bytes_of(key)), i = 0; i < 16; ++i, value <<= 4) name += digits[value >> 60];
    return name;
}

bool only_ours(const struct stat& status) { return status.st_uid == geteuid() && (status.st_mode & 077) == 0; }

std::optional<std::string> read_file(int directory, const std::string& name) {
    // O_NONBLOCK: opening must not wait for a FIFO's other end.
    const Fd file(openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    struct stat status{};
    if (!file || fstat(file.get(), &status) < 0 || !S_ISREG(status.st_mode) || !only_ours(status)) return std::nullopt;
    if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) > SeccompCache::file_size_limit)
        return std::nullopt;
    std::string content(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t size = read(file.get(), content.data(), content.size());
    if (size < 0 || static_cast<std::size_t>(size) != content.size()) return std::nullopt;
    return content;
}

// The program in `content`, if the whole file is what store() writes for `key`.
std::optional<std::vector<std::byte>> parse(std::string_view content, std::string_view key) {
    Header header{};
    if (content.size() < sizeof(header)) return std::nullopt;
    std::memcpy(&header, content.data(), sizeof(header));
    content.remove_prefix(sizeof(header));
    if (header.magic != file_magic || header.key_size != key.size() || !content.starts_with(key)) return std::nullopt;
    content.remove_prefix(key.size());
    constexpr std::size_t longest = BPF_MAXINSNS * sizeof(sock_filter);
    if (header.program_size != content.size() || content.empty() || content.size() > longest) return std::nullopt;
    if (content.size() % sizeof(sock_filter) != 0) return std::nullopt;
    const std::span<const std::byte> program = bytes_of(content);
    if (header.checksum != hash(program)) return std::nullopt;
    return std::vector<std::byte>(program.begin(), program.end());
}

bool write_all(int file, std::string_view content) {
    while (!content.empty()) {
        const ssize_t size = write(file, content.data(), content.size());
        if (size <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
}

// Unlinks the oldest files until one more fits. Half-written ones of a crashed process go the same way.
void make_room(int directory) {
    Fd listed(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!listed) return;
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(listed.get()), closedir);
    if (!entries) return;
    (void)listed.release();  // closedir closes it
    std::vector<std::pair<std::int64_t, std::string>> files;
    while (const dirent* entry = readdir(entries.get())) {
        struct stat status{};
        if (entry->d_name[0] == '.' || fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
        files.emplace_back(status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, entry->d_name);
    }
    if (files.size() < SeccompCache::file_limit) return;
    std::ranges::sort(files);
    for (std::size_t i = 0; i <= files.size() - SeccompCache::file_limit; ++i)
        unlinkat(directory, files[i].second.c_str(), 0);
}

class KeyWriter {
   public:
    void number(std::uint64_t value) { key_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
    void text(std::string_view value) {
        number(value.size());
        key_ += value;
    }
    void optional(const std::optional<std::uint32_t>& value) {
        number(value.has_value());
        number(value.value_or(0));
    }
    template <class Range, class Write>
    void list(const Range& values, Write write) {
        number(values.size());
        for (const auto& value : values) write(value);
    }
    std::string take() { return std::move(key_); }

   private:
    std::string key_;
};

}  // namespace

std::string seccomp_key(const spec::Seccomp& profile) {
    KeyWriter key;
    const scmp_version& version = *seccomp_version();
    key.number(generator_version);
    for (const unsigned int part : {version.major, version.minor, version.micro}) key.number(part);
    key.number(seccomp_arch_native());
    // Flags and the listener are no part of the program.
    key.number(static_cast<std::uint64_t>(profile.default_action));
    key.optional(profile.default_errno_ret);
    key.list(profile.architectures, [&key](const std::string& word) { key.text(word); });
    key.list(profile.syscalls, [&key](const spec::SeccompSyscall& rule) {
        key.number(static_cast<std::uint64_t>(rule.action));
        key.optional(rule.errno_ret);
        key.list(rule.names, [&key](const std::string& name) { key.text(name); });
        key.list(rule.args, [&key](const spec::SeccompArg& arg) {
            key.number(arg.index);
            key.number(arg.value);
            key.number(arg.value_two);
            key.number(static_cast<std::uint64_t>(arg.op));
        });
    });
    return key.take();
}

SeccompCache::SeccompCache(Fd directory) : directory_(std::move(directory)) {
    struct stat status{};
    if (!directory_ || fstat(directory_.get(), &status) < 0 || !S_ISDIR(status.st_mode) || !only_ours(status))
        directory_.reset();
}

std::optional<std::vector<std::byte>> SeccompCache::find(std::string_view key) const {
    if (!directory_) return std::nullopt;
    const std::optional<std::string> content = read_file(directory_.get(), file_name(key));
    if (!content) return std::nullopt;
    return parse(*content, key);
}

void SeccompCache::store(std::string_view key, std::span<const std::byte> program) const {
    if (!directory_ || sizeof(Header) + key.size() + program.size() > file_size_limit) return;
    const Header header{
        .magic = file_magic, .key_size = key.size(), .program_size = program.size(), .checksum = hash(program)};
    std::string content(reinterpret_cast<const char*>(&header), sizeof(header));
    content += key;
    content.append(reinterpret_cast<const char*>(program.data()), program.size());

    make_room(directory_.get());
    const std::string name = file_name(key);
    const std::string unfinished = name + "." + std::to_string(getpid());
    unlinkat(directory_.get(), unfinished.c_str(), 0);  // of a dead process with our pid
    const Fd file(openat(directory_.get(), unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return;
    if (!write_all(file.get(), content) ||
        renameat(directory_.get(), unfinished.c_str(), directory_.get(), name.c_str()) < 0)
        unlinkat(directory_.get(), unfinished.c_str(), 0);
}

}  // namespace ocirt::security
