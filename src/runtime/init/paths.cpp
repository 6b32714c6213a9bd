#include "runtime/init/paths.h"

#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr int disturbance_limit = 1000;

// Goes down a path one component at a time and makes what is missing. The kernel resolves each name alone, by
// descriptor and without following links; links and ".." are followed here, and end at the root.
class Walk {
   public:
    Walk(Machine& machine, Kind kind, uint32_t mode, bool follow)
        : machine_(machine), kind_(kind), mode_(mode), follow_(follow) {}

    Result to(Text path) {
        rest_.clear();
        rest_.add(path);
        if (rest_.overflowed()) return refuse(ENAMETOOLONG);
        next_ = 0;
        TRY(go_to_root());
        while (take_name()) {
            if (name() == Text(".")) continue;
            TRY(name() == Text("..") ? go_up() : go_down());
        }
        return {here_.release()};
    }

   private:
    [[nodiscard]] Text name() const { return {rest_.c_str() + name_}; }
    [[nodiscard]] bool is_last() const { return next_ >= rest_.size(); }

    // Cuts the next component off; false at the end.
    bool take_name() {
        char* bytes = rest_.bytes();
        while (next_ < rest_.size() && bytes[next_] == '/') ++next_;
        if (next_ == rest_.size()) return false;
        name_ = next_;
        while (next_ < rest_.size() && bytes[next_] != '/') ++next_;
        if (next_ == rest_.size()) return true;
        bytes[next_++] = 0;
        while (next_ < rest_.size() && bytes[next_] == '/') ++next_;
        return true;
    }

    Result go_to_root() {
        here_ = Fd(TRY(sys::call(__NR_fcntl, TRY(machine_.root()), F_DUPFD_CLOEXEC, 0)));
        walked_.clear();
        return done;
    }

    // ".." of a descriptor could lead anywhere once its directory was moved: the way walked is opened anew.
    Result go_up() {
        size_t size = walked_.size();
        while (size > 0 && walked_.bytes()[size - 1] != '/') --size;
        if (size > 0) --size;
        walked_.truncate(size);
        if (walked_.empty()) return go_to_root();
        here_ = Fd(TRY(openat2(TRY(machine_.root()), walked_.c_str(), O_PATH | O_DIRECTORY,
                               RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)));
        return done;
    }

    Result go_down() {
        Result opened = open_name();
        if (opened.is(ENOENT)) {
            TRY(make());
            opened = open_name();
        }
        Fd child(TRY(opened));
        struct statx file;
        TRY(status(child.get(), file));
        if (S_ISLNK(file.stx_mode)) return follow(child.get());
        if (!is_last() && !S_ISDIR(file.stx_mode)) return refuse(ENOTDIR);
        here_ = static_cast<Fd&&>(child);
        walked_.add('/').add(name());
        return walked_.overflowed() ? refuse(ENAMETOOLONG) : done;
    }

    Result open_name() {
        return openat2(here_.get(), name().data, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    }

    // Someone else may have made it by now: then it is looked at like everything that was there before.
    Result make() {
        Result made;
        if (is_last() && kind_ == Kind::file) {
            made = sys::call(__NR_openat, here_.get(), name().data,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode);
            if (made.ok()) Fd file(made.value);
        } else {
            made = sys::call(__NR_mkdirat, here_.get(), name().data, is_last() ? mode_ : directory_mode);
        }
        return made.is(EEXIST) ? done : made;
    }

    Result follow(int link) {
        if (!follow_ || ++links_ > link_limit) return refuse(ELOOP);
        PathBuffer words;
        const long size = TRY(sys::call(__NR_readlinkat, link, "", words.bytes(), path_limit - 1));
        words.truncate(static_cast<size_t>(size));
        if (!is_last()) words.add('/').add(Text(rest_.c_str() + next_));
        if (words.overflowed()) return refuse(ENAMETOOLONG);
        rest_.clear();
        rest_.add(words.text());
        next_ = 0;
        return rest_.c_str()[0] == '/' ? go_to_root() : done;
    }

    Machine& machine_;
    const Kind kind_;
    const uint32_t mode_;
    const bool follow_;
    int links_ = 0;
    PathBuffer rest_;    // what is still to go, cut at the components already taken
    size_t name_ = 0;    // where the current component begins in it
    size_t next_ = 0;    // where the next one does
    PathBuffer walked_;  // from the root to here_: directories only, no links
    Fd here_;
};

Result unsafe(Machine& machine, int errnum, Text what) {
    machine.say(what);
    return refuse(errnum, Detail::unsafe_target);
}

Result check_target(Machine& machine, int fd, uint32_t target_flags) {
    const bool plain = (target_flags & plan::target_plain_directory) != 0;
    if (plain && TRY(is_directory(fd)) == 0) return unsafe(machine, ENOTDIR, "not a directory");
    if ((target_flags & plan::target_may_be_in_proc) != 0 || TRY(is_on_procfs(fd)) == 0) return done;
    struct statx file;
    TRY(status(fd, file));
    return file.stx_ino == proc_root_inode ? done : unsafe(machine, EPERM, "on procfs");
}

// The common missing target: only its last component is. Anything else (ENOENT of the parent, EEXIST of a dangling
// link) is left to the walk.
Result make_last(Machine& machine, Text path, Kind kind, uint64_t no_links) {
    PathBuffer parent;
    parent.add(path);
    if (parent.overflowed()) return refuse(ENAMETOOLONG);
    size_t start = parent.size();
    while (start > 1 && parent.c_str()[start - 1] != '/') --start;
    const char* name = path.data + start;
    parent.truncate(start);
    const Fd directory(TRY(openat2(TRY(machine.root()), parent.c_str(), O_PATH | O_DIRECTORY,
                                   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | no_links)));
    if (kind == Kind::file) {
        const Fd file(TRY(sys::call(__NR_openat, directory.get(), name,
                                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode)));
    } else {
        TRY(sys::call(__NR_mkdirat, directory.get(), name, directory_mode));
    }
    return openat2(directory.get(), name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

}  // namespace

Result openat2(long directory, const char* path, uint64_t flags, uint64_t resolve) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = resolve;
    Result opened;
    for (int attempt = 0; attempt < disturbance_limit; ++attempt) {
        opened = sys::call(__NR_openat2, directory, path, &how, sizeof how);
        if (!opened.is(EAGAIN)) break;
    }
    return opened;
}

Result open_in_root(Machine& machine, const char* path, uint64_t flags) {
    return openat2(TRY(machine.root()), path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

Result open_target(Machine& machine, Text path, Kind kind, uint32_t target_flags) {
    const bool plain = (target_flags & plan::target_plain_directory) != 0;
    const uint64_t no_links = plain ? RESOLVE_NO_SYMLINKS : 0;
    Result opened = openat2(TRY(machine.root()), path.data, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | no_links);
    if (opened.is(ENOENT)) opened = make_last(machine, path, kind, no_links);
    if (opened.is(ENOENT) || opened.is(EEXIST)) opened = Walk(machine, kind, directory_mode, !plain).to(path);
    if (opened.is(ELOOP) && plain) return unsafe(machine, ELOOP, "a symbolic link");
    Fd target(TRY(opened));
    TRY(check_target(machine, target.get(), target_flags));
    return {target.release()};
}

Result make_directories(Machine& machine, Text path, uint32_t mode) {
    const Result there = open_in_root(machine, path.data, O_PATH | O_DIRECTORY);
    if (!there.is(ENOENT)) return there;
    Fd made(TRY(Walk(machine, Kind::directory, mode, true).to(path)));
    if (TRY(is_directory(made.get())) == 0) return refuse(ENOTDIR);
    return {made.release()};
}

Result find_place(Machine& machine, Text path, Place& place) {
    place.path.clear();
    place.path.add(path);
    if (place.path.overflowed()) return refuse(ENAMETOOLONG);
    size_t start = place.path.size();
    while (start > 0 && place.path.c_str()[start - 1] != '/') --start;
    place.name = place.path.c_str() + start;
    const Text name(place.name);
    if (name.empty() || name == Text(".") || name == Text("..")) return refuse(EINVAL);
    if (start <= 1) {
        place.directory = Fd(TRY(make_directories(machine, "/", directory_mode)));
        return done;
    }
    place.path.bytes()[start - 1] = 0;
    place.directory = Fd(TRY(make_directories(machine, place.path.c_str(), directory_mode)));
    return done;
}

}  // namespace ocirt::init
