// The labels that security modules give init's program and keys (proc_pid_attr(5)), through init's own procfs: a file
// of the container's would take them and do nothing (threats B1, B4). And that of a mount.
#include "runtime/init/kernel.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/procfs.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

Result open_attribute(Machine& machine, Text name) {
    TextBuffer<64> path;
    path.add("self/attr/").add(name);
    if (path.overflowed()) return refuse(ENAMETOOLONG);
    return open_in_procfs(machine, path.c_str(), O_WRONLY);
}

}  // namespace

Result perform(Machine& machine, const plan::SetLabel<Wire>& step) {
    const Text old_attribute = machine.program.text(step.old_attribute);
    Result opened = open_attribute(machine, machine.program.text(step.attribute));
    if (opened.is(ENOENT) && !old_attribute.empty()) opened = open_attribute(machine, old_attribute);
    const Fd file(TRY(opened));
    const Text label = machine.program.text(step.label);
    TRY(sys::call(__NR_write, file.get(), label.data, label.size));
    return done;
}

Result perform(Machine& machine, const plan::LabelMount<Wire>& step) {
    const Fd root(TRY(open_in_root(machine, machine.program.text(step.path).data, O_RDONLY | O_DIRECTORY)));
    const Text label = machine.program.text(step.label);
    return sys::call(__NR_fsetxattr, root.get(), "security.selinux", label.data, label.size, 0);
}

}  // namespace ocirt::init
