// What init does inside a container, step by step: the one definition of every step, for the plan that makes them, the
// printer that describes them, the encoder, and init that carries them out.
//
// Each step is a template over how its texts and lists are held: `Hosted` (plan.h: std::string, std::vector) in the
// runtime, `Wire` (layout.h: offsets into one block) in init. `fields` names every member once, in wire order.
//
// Freestanding: init includes this file, so it needs no library.
//
// Paths named `target`, `path` or `link` are the container's, absolute, and resolved inside the root by descriptor
// (openat2 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS): no symlink in a hostile rootfs leads outside.
#pragma once

#include "runtime/plan/attribute_steps.h"
#include "runtime/plan/mount_steps.h"
#include "runtime/plan/namespace_steps.h"
#include "runtime/plan/process_steps.h"
#include "runtime/plan/step.h"

namespace ocirt::plan {

// Calls f.template operator()<Step>() for the step template of `op`; false for an unknown op.
template <class R, class F>
constexpr bool with_op(Op op, F&& f) {
    switch (op) {
        case Op::unshare: f.template operator()<Unshare<R>>(); return true;
        case Op::join_namespace: f.template operator()<JoinNamespace<R>>(); return true;
        case Op::become_root: f.template operator()<BecomeRoot<R>>(); return true;
        case Op::respawn: f.template operator()<Respawn<R>>(); return true;
        case Op::set_time_offsets: f.template operator()<SetTimeOffsets<R>>(); return true;
        case Op::await: f.template operator()<Await<R>>(); return true;
        case Op::notify: f.template operator()<Notify<R>>(); return true;
        case Op::enter_cgroups: f.template operator()<EnterCgroups<R>>(); return true;
        case Op::new_session: f.template operator()<NewSession<R>>(); return true;
        case Op::join_session_keyring: f.template operator()<JoinSessionKeyring<R>>(); return true;
        case Op::set_hostname: f.template operator()<SetHostname<R>>(); return true;
        case Op::set_domainname: f.template operator()<SetDomainname<R>>(); return true;
        case Op::raise_loopback: f.template operator()<RaiseLoopback<R>>(); return true;
        case Op::set_propagation: f.template operator()<SetPropagation<R>>(); return true;
        case Op::open_tree: f.template operator()<OpenTree<R>>(); return true;
        case Op::attach_root: f.template operator()<AttachRoot<R>>(); return true;
        case Op::attach_mount: f.template operator()<AttachMount<R>>(); return true;
        case Op::mount_fs: f.template operator()<MountFs<R>>(); return true;
        case Op::set_mount_attributes: f.template operator()<SetMountAttributes<R>>(); return true;
        case Op::make_directory: f.template operator()<MakeDirectory<R>>(); return true;
        case Op::make_device: f.template operator()<MakeDevice<R>>(); return true;
        case Op::make_symlink: f.template operator()<MakeSymlink<R>>(); return true;
        case Op::write_sysctl: f.template operator()<WriteSysctl<R>>(); return true;
        case Op::pivot_root: f.template operator()<PivotRoot<R>>(); return true;
        case Op::move_root: f.template operator()<MoveRoot<R>>(); return true;
        case Op::enter_root: f.template operator()<EnterRoot<R>>(); return true;
        case Op::mask_path: f.template operator()<MaskPath<R>>(); return true;
        case Op::readonly_path: f.template operator()<ReadonlyPath<R>>(); return true;
        case Op::open_console: f.template operator()<OpenConsole<R>>(); return true;
        case Op::run_hook: f.template operator()<RunHook<R>>(); return true;
        case Op::change_directory: f.template operator()<ChangeDirectory<R>>(); return true;
        case Op::find_home: f.template operator()<FindHome<R>>(); return true;
        case Op::find_program: f.template operator()<FindProgram<R>>(); return true;
        case Op::set_rlimit: f.template operator()<SetRlimit<R>>(); return true;
        case Op::set_umask: f.template operator()<SetUmask<R>>(); return true;
        case Op::set_no_new_privileges: f.template operator()<SetNoNewPrivileges<R>>(); return true;
        case Op::drop_bounding: f.template operator()<DropBounding<R>>(); return true;
        case Op::own_stdio: f.template operator()<OwnStdio<R>>(); return true;
        case Op::set_user: f.template operator()<SetUser<R>>(); return true;
        case Op::set_capabilities: f.template operator()<SetCapabilities<R>>(); return true;
        case Op::install_seccomp: f.template operator()<InstallSeccomp<R>>(); return true;
        case Op::await_start: f.template operator()<AwaitStart<R>>(); return true;
        case Op::exec: f.template operator()<Exec<R>>(); return true;
        case Op::find_mount: f.template operator()<FindMount<R>>(); return true;
        case Op::unmount: f.template operator()<Unmount<R>>(); return true;
        case Op::leave: f.template operator()<Leave<R>>(); return true;
        case Op::set_scheduler: f.template operator()<SetScheduler<R>>(); return true;
        case Op::set_io_priority: f.template operator()<SetIoPriority<R>>(); return true;
        case Op::set_cpu_affinity: f.template operator()<SetCpuAffinity<R>>(); return true;
        case Op::set_personality: f.template operator()<SetPersonality<R>>(); return true;
        case Op::set_memory_policy: f.template operator()<SetMemoryPolicy<R>>(); return true;
        case Op::set_label: f.template operator()<SetLabel<R>>(); return true;
        case Op::label_mount: f.template operator()<LabelMount<R>>(); return true;
        case Op::count: break;
    }
    return false;
}

}  // namespace ocirt::plan
