#include "runtime/init/copy_up.h"

#include "runtime/init/fd.h"
#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/text.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr int depth_limit = 64;
constexpr size_t chunk = 1u << 30;
constexpr uint32_t permissions = 07777;

struct DirectoryEntry {  // struct linux_dirent64
    uint64_t inode;
    int64_t next;  // the directory's offset behind this entry
    uint16_t size;
    uint8_t type;
    char name[];
};

struct Level {
    Fd source;
    Fd target;
    int64_t position = 0;  // in `source`, behind the last entry that was copied
};

// The owner first: changing it takes set-user-id away.
Result copy_owner_and_mode(const struct statx& from, int to, Inherited inherited = {}) {
    if (inherited.owner) TRY(sys::call(__NR_fchown, to, from.stx_uid, from.stx_gid));
    if (!inherited.mode) return done;
    return sys::call(__NR_fchmod, to, from.stx_mode & permissions);
}

Result copy_file(int source, int target, const char* name) {
    const Fd in(TRY(sys::call(__NR_openat, source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
    struct statx file;
    TRY(status(in.get(), file));
    if (!S_ISREG(file.stx_mode)) return refuse(EAGAIN, Detail::wrong_inode);  // another file since it was looked at
    const Fd out(TRY(sys::call(__NR_openat, target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)));
    while (TRY(sys::call(__NR_sendfile, out.get(), in.get(), nullptr, chunk)) > 0) {}
    return copy_owner_and_mode(file, out.get());
}

Result copy_symlink(int source, int target, const char* name, const struct statx& link) {
    PathBuffer words;
    const long size = TRY(sys::call(__NR_readlinkat, source, name, words.bytes(), path_limit - 1));
    words.truncate(static_cast<size_t>(size));
    TRY(sys::call(__NR_symlinkat, words.c_str(), target, name));
    return sys::call(__NR_fchownat, target, name, link.stx_uid, link.stx_gid, AT_SYMLINK_NOFOLLOW);
}

class Copy {
   public:
    Result run(int source, int target, Inherited inherited) {
        TRY(enter(source, ".", target, ".", inherited));
        while (depth_ > 0) {
            if (TRY(copy_entries()) == 0) levels_[--depth_] = Level();  // nothing left: back to the directory above
        }
        return done;
    }

   private:
    // The directories `from` of `source` and `to` of `target` become the innermost level.
    Result enter(int source, const char* from, int target, const char* to, Inherited inherited = {}) {
        if (depth_ == depth_limit) return refuse(ELOOP);
        constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        Level& level = levels_[depth_];
        level.source = Fd(TRY(sys::call(__NR_openat, source, from, flags)));
        level.target = Fd(TRY(sys::call(__NR_openat, target, to, flags)));
        level.position = 0;
        ++depth_;
        struct statx file;
        TRY(status(level.source.get(), file));
        return copy_owner_and_mode(file, level.target.get(), inherited);
    }

    // Copies entries of the innermost directory up to and including the next directory, which is entered. 0 at the end.
    Result copy_entries() {
        Level& level = levels_[depth_ - 1];
        TRY(sys::call(__NR_lseek, level.source.get(), level.position, SEEK_SET));
        const long size = TRY(sys::call(__NR_getdents64, level.source.get(), entries_, sizeof entries_));
        for (long at = 0; at < size;) {
            const auto& entry = *reinterpret_cast<const DirectoryEntry*>(entries_ + at);
            at += entry.size;
            level.position = entry.next;
            const int before = depth_;
            TRY(copy_entry(level, entry.name));
            if (depth_ != before) return {1};
        }
        return {size};
    }

    Result copy_entry(const Level& level, const char* name) {
        if (Text(name) == Text(".") || Text(name) == Text("..")) return done;
        struct statx file;
        TRY(sys::call(__NR_statx, level.source.get(), name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
                      &file));
        if (S_ISREG(file.stx_mode)) return copy_file(level.source.get(), level.target.get(), name);
        if (S_ISLNK(file.stx_mode)) return copy_symlink(level.source.get(), level.target.get(), name, file);
        if (!S_ISDIR(file.stx_mode)) return done;
        TRY(sys::call(__NR_mkdirat, level.target.get(), name, 0700));
        return enter(level.source.get(), name, level.target.get(), name);
    }

    Level levels_[depth_limit];
    int depth_ = 0;
    alignas(8) char entries_[2048];
};

}  // namespace

Result copy_up(int source, int target, Inherited inherited) {
    Copy copy;
    return copy.run(source, target, inherited);
}

}  // namespace ocirt::init
