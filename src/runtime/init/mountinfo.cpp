#include "runtime/init/mountinfo.h"

#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/mounts.h"
#include "runtime/init/procfs.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr int hide_limit = 256;  // mounts that are taken away before it is called hopeless

// One line, byte by byte: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue".
class MountLine {
   public:
    // True when `byte` ends the line.
    bool feed(char byte) {
        if (byte == '\n') return true;
        if (byte == ' ') {
            if (field_ == optional_ && word_.text() == Text("-"))
                field_ = type_;
            else if (field_ != optional_)
                ++field_;
            word_.clear();
        } else if (field_ == id_) {
            id = id * 10 + static_cast<uint64_t>(byte - '0');
        } else if (field_ == root_ && root.size() < 2) {
            root.add(byte);
        } else if (field_ == point_) {
            add_escaped(byte);
        } else if (field_ == optional_) {
            word_.add(byte);
        } else if (field_ == type_) {
            type.add(byte);
        }
        return false;
    }

    [[nodiscard]] bool is_full_proc_or_sys() const {
        return root.text() == Text("/") && (type.text() == Text("proc") || type.text() == Text("sysfs"));
    }

    uint64_t id = 0;
    TextBuffer<4> root;
    PathBuffer point;
    TextBuffer<32> type;

   private:
    enum Field { id_, parent_, device_, root_, point_, options_, optional_, type_ };

    // Blanks and backslashes are written as \ooo.
    void add_escaped(char byte) {
        if (byte == '\\') {
            octal_digits_ = 3;
            octal_ = 0;
        } else if (octal_digits_ > 0) {
            octal_ = octal_ * 8 + (byte - '0');
            if (--octal_digits_ == 0) point.add(static_cast<char>(octal_));
        } else {
            point.add(byte);
        }
    }

    int field_ = id_;
    TextBuffer<16> word_;
    int octal_digits_ = 0;
    int octal_ = 0;
};

Result take_away(Machine& machine, long directory) {
    TRY(sys::call(__NR_fchdir, directory));
    TRY(sys::call(__NR_mount, nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr));
    const Result unmounted = sys::call(__NR_umount2, ".", mnt_detach);
    if (unmounted.is(EINVAL) || unmounted.is(EPERM)) return cover_directory(machine, directory);
    return unmounted;
}

// 1 if the line's mount was there to be seen and is no more.
Result hide_if_visible(Machine& machine, const MountLine& line) {
    const Result opened = sys::call(__NR_openat, AT_FDCWD, line.point.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!opened.ok()) return done;
    const Fd directory(opened.value);
    struct statx file;
    TRY(status(directory.get(), file));
    // Another mount covers it, or it is a mount of the container's root, which shows under the same name.
    if (file.stx_mnt_id != line.id) return done;
    TRY(take_away(machine, directory.get()));
    return {1};
}

// 1 if a mount was hidden: the list has changed.
Result hide_one(Machine& machine) {
    const Fd list(TRY(open_in_procfs(machine, "self/mountinfo", O_RDONLY)));
    char block[1024];
    MountLine line;
    for (;;) {
        const long size = TRY(sys::call(__NR_read, list.get(), block, sizeof block));
        if (size == 0) return done;
        for (long at = 0; at < size; ++at) {
            if (!line.feed(block[at])) continue;
            if (line.is_full_proc_or_sys() && TRY(hide_if_visible(machine, line)) != 0) return {1};
            line = MountLine();
        }
    }
}

}  // namespace

Result hide_full_mounts(Machine& machine) {
    for (int hidden = 0; hidden < hide_limit; ++hidden)
        if (TRY(hide_one(machine)) == 0) return done;
    return refuse(EBUSY);
}

}  // namespace ocirt::init
