// New filesystems: by the fs context calls, which say in words what they do not like; by mount(2) where those fall
// short.
#include "runtime/init/copy_up.h"
#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/mounts.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr size_t key_limit = 256;  // the kernel's own, for fsconfig's keys

// Adds what the kernel wrote into the context's log to the report: lines like "e proc: Unknown parameter 'foo'".
Result with_kernel_log(Machine& machine, int context, Result failure) {
    constexpr int line_limit = 16;  // the kernel keeps 8
    char line[512];
    for (int count = 0; count < line_limit; ++count) {
        const Result size = sys::call(__NR_read, context, line, sizeof line);
        if (!size.ok() || size.value == 0) break;
        if (failure.detail == Detail::kernel_log) machine.say("\n");
        machine.say(Text(line, static_cast<size_t>(size.value)));
        failure.detail = Detail::kernel_log;
    }
    return failure;
}

Result set_option(int context, Text option) {
    const size_t key_size = option.find('=');
    if (key_size == option.size) return sys::call(__NR_fsconfig, context, FSCONFIG_SET_FLAG, option.data, nullptr, 0);
    TextBuffer<key_limit> key;
    key.add(Text(option.data, key_size));
    if (key.overflowed()) return refuse(EINVAL);
    return sys::call(__NR_fsconfig, context, FSCONFIG_SET_STRING, key.c_str(), option.data + key_size + 1, 0);
}

Result configure(Machine& machine, int context, const plan::MountFs<Wire>& step, bool readonly) {
    const Text source = machine.program.text(step.source);
    if (!source.empty()) TRY(sys::call(__NR_fsconfig, context, FSCONFIG_SET_STRING, "source", source.data, 0));
    for (uint32_t at = 0; at < step.options.count; ++at)
        TRY(set_option(context, machine.program.text(step.options, at)));
    if (readonly) TRY(sys::call(__NR_fsconfig, context, FSCONFIG_SET_FLAG, "ro", nullptr, 0));
    return sys::call(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
}

Result make_filesystem(Machine& machine, const plan::MountFs<Wire>& step, bool readonly) {
    const Fd context(TRY(sys::call(__NR_fsopen, machine.program.text(step.fstype).data, FSOPEN_CLOEXEC)));
    Result result = configure(machine, context.get(), step, readonly);
    if (result.ok())
        result = sys::call(__NR_fsmount, context.get(), FSMOUNT_CLOEXEC,
                           step.attributes | (readonly ? MOUNT_ATTR_RDONLY : 0));
    return result.ok() ? result : with_kernel_log(machine, context.get(), result);
}

bool refuses_writing(Result result) { return result.is(EROFS) || result.is(EACCES) || result.is(EPERM); }

Result set_propagation(Machine& machine, int mount, uint64_t propagation) {
    if (propagation == 0) return done;
    const mount_attr attributes{0, 0, propagation & ~uint64_t{MS_REC}, 0};
    const bool recursive = (propagation & MS_REC) != 0;
    const Result result = set_attributes(mount, attributes, recursive);
    return result.is(ENOSYS) ? remount(machine, mount, attributes, recursive) : result;
}

// The superblock's own words among the options, which mount(2) takes as flags.
uint64_t superblock_flag(Text option) {
    if (option == Text("ro")) return MS_RDONLY;
    if (option == Text("sync")) return MS_SYNCHRONOUS;
    if (option == Text("dirsync")) return MS_DIRSYNC;
    if (option == Text("lazytime")) return MS_LAZYTIME;
    if (option == Text("mand")) return MS_MANDLOCK;
    return 0;
}

// SELinux reads quotes around a label with commas from mount(2)'s text; fsconfig takes it as it is.
void add_option(PathBuffer& data, Text option) {
    constexpr Text key = "context";
    const size_t sign = option.find('=');
    const Text value(option.data + sign, option.size - sign);
    const bool quote =
        sign >= key.size && Text(option.data + sign - key.size, key.size) == key && value.find(',') != value.size;
    if (!quote) {
        data.add(option);
        return;
    }
    data.add(Text(option.data, sign + 1)).add('"').add(Text(value.data + 1, value.size - 1)).add('"');
}

// mount(2) onto ".", with the target as the working directory: a directory that was resolved once, like all targets.
Result mount_by_directory(Machine& machine, const plan::MountFs<Wire>& step, int target, bool readonly) {
    PathBuffer data;  // a page, which is what mount(2) takes
    uint64_t flags = mount_flags(step.attributes) | (readonly ? MS_RDONLY : 0);
    for (uint32_t at = 0; at < step.options.count; ++at) {
        const Text option = machine.program.text(step.options, at);
        const uint64_t flag = superblock_flag(option);
        flags |= flag;
        if (flag != 0) continue;
        if (!data.empty()) data.add(',');
        add_option(data, option);
    }
    if (data.overflowed()) return refuse(E2BIG);
    const Text source = machine.program.text(step.source);
    const Text fstype = machine.program.text(step.fstype);
    TRY(sys::call(__NR_fchdir, target));
    return sys::call(__NR_mount, source.empty() ? fstype.data : source.data, ".", fstype.data, flags, data.c_str());
}

// mount(2) gives no descriptor of the new mount: "." is what it covers, and the path is looked up again for it. Someone
// who changes the path meanwhile can misdirect the propagation to another mount of the container.
Result mount_classic(Machine& machine, const plan::MountFs<Wire>& step, int target) {
    Result mounted = mount_by_directory(machine, step, target, false);
    if ((step.flags & plan::mount_fallback_ro) != 0 && refuses_writing(mounted))
        mounted = mount_by_directory(machine, step, target, true);
    TRY(mounted);
    TRY(sys::call(__NR_fchdir, TRY(machine.root())));
    if (step.propagation == 0) return done;
    const Fd mount(TRY(open_in_root(machine, machine.program.text(step.target).data, O_PATH)));
    return set_propagation(machine, mount.get(), step.propagation);
}

}  // namespace

Result perform(Machine& machine, const plan::MountFs<Wire>& step) {
    const Text path = machine.program.text(step.target);
    const Fd target(TRY(open_target(machine, path, Kind::directory, step.target_flags)));
    if ((step.flags & plan::mount_classic) != 0) return mount_classic(machine, step, target.get());
    Result made = make_filesystem(machine, step, false);
    if ((step.flags & plan::mount_fallback_ro) != 0 && refuses_writing(made)) {
        machine.report->text_size = 0;
        made = make_filesystem(machine, step, true);
    }
    Fd mount(TRY(made));
    if ((step.flags & plan::mount_copy_up) != 0)
        TRY(copy_up(
            target.get(), mount.get(),
            {.mode = (step.flags & plan::mount_own_mode) == 0, .owner = (step.flags & plan::mount_own_owner) == 0}));
    TRY(attach(mount.get(), target.get()));
    const int root = mount.get();
    const Result set = set_propagation(machine, root, step.propagation);
    TRY(remember_mount(machine, static_cast<Fd&&>(mount)));
    return set;
}

}  // namespace ocirt::init
