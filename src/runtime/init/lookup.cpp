// What is looked up in the container's files for the user's process: its home directory and its program.
#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr uint64_t passwd_size_limit = 10u << 20;
constexpr uint32_t any_execute = 0111;

// One line of passwd, byte by byte: "name:password:uid:gid:gecos:home:shell" (passwd(5)).
class PasswdLine {
   public:
    // True when `byte` ends the line.
    bool feed(char byte) {
        if (byte == '\n') return true;
        if (byte == ':')
            ++field_;
        else if (field_ == uid_)
            add_digit(byte);
        else if (field_ == home_)
            home.add(byte);
        return false;
    }
    [[nodiscard]] bool is_of(uint32_t wanted) const {
        return field_ >= home_ && has_uid_ && number_ == wanted && !home.empty() && !home.overflowed();
    }

    PathBuffer home;

   private:
    enum Field { uid_ = 2, home_ = 5 };

    void add_digit(char byte) {
        has_uid_ = byte >= '0' && byte <= '9' && number_ <= UINT32_MAX;
        number_ = has_uid_ ? number_ * 10 + static_cast<uint64_t>(byte - '0') : UINT64_MAX;
    }

    int field_ = 0;
    bool has_uid_ = false;
    uint64_t number_ = 0;
};

// Calls found(home) with the home directory of `uid`; with "/" where the file, which the image made, has none, is no
// regular file or never ends (threat D5).
Result find_home(Machine& machine, uint32_t uid, PathBuffer& home) {
    home.add("/");
    const Result opened = open_in_root(machine, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!opened.ok()) return done;
    const Fd file(opened.value);
    struct statx inode;
    TRY(status(file.get(), inode));
    if (!S_ISREG(inode.stx_mode) || inode.stx_size > passwd_size_limit) return done;
    char block[1024];
    PasswdLine line;
    for (uint64_t total = 0; total <= passwd_size_limit;) {
        const long size = TRY(sys::call(__NR_read, file.get(), block, sizeof block));
        for (long at = 0; at < size || (size == 0 && at == 0); ++at) {
            if (!line.feed(size == 0 ? '\n' : block[at])) continue;
            if (line.is_of(uid)) {
                home.clear();
                home.add(line.home.text());
                return done;
            }
            line = PasswdLine();
        }
        if (size == 0) break;
        total += static_cast<uint64_t>(size);
    }
    return done;
}

// Whether the file could be executed by someone; who that is, is known at execve. EACCES where it could not.
Result check_program(const char* path) {
    struct statx file;
    TRY(sys::call(__NR_statx, AT_FDCWD, path, 0, STATX_TYPE | STATX_MODE, &file));
    const bool executable = S_ISREG(file.stx_mode) && (file.stx_mode & any_execute) != 0;
    return executable ? done : refuse(EACCES);
}

Result search_program(Machine& machine, Text name, Text search) {
    PathBuffer& path = machine.program_path;
    Result best = refuse(ENOENT);
    for (size_t start = 0; start <= search.size;) {
        const Text rest(search.data + start, search.size - start);
        const Text directory(rest.data, rest.find(':'));
        start += directory.size + 1;
        path.clear();
        path.add(directory.empty() ? Text(".") : directory).add('/').add(name);
        const Result found = path.overflowed() ? refuse(ENAMETOOLONG) : check_program(path.c_str());
        if (found.ok()) return found;
        if (found.is(EACCES)) best = found;
    }
    path.clear();
    return best;
}

}  // namespace

Result perform(Machine& machine, const plan::FindHome<Wire>& step) {
    PathBuffer home;
    TRY(find_home(machine, step.uid, home));
    machine.home.clear();
    machine.home.add("HOME=").add(home.text());
    return done;
}

Result perform(Machine& machine, const plan::FindProgram<Wire>& step) {
    const Text name = machine.program.text(step.name);
    if (name.empty()) return refuse(ENOENT);
    if (name.find('/') == name.size) return search_program(machine, name, machine.program.text(step.search));
    machine.program_path.clear();
    machine.program_path.add(name);
    if (machine.program_path.overflowed()) return refuse(ENAMETOOLONG);
    return check_program(name.data);
}

}  // namespace ocirt::init
