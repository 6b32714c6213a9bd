// Every operation of init: one function each, chosen by the type of its step (plan/steps.h says what it does). A
// failure ends init. The files are named after the operations' families.
#pragma once

#include "runtime/init/machine.h"

namespace ocirt::init {

// namespaces.cpp
Result perform(Machine&, const plan::Unshare<Wire>&);
Result perform(Machine&, const plan::JoinNamespace<Wire>&);
Result perform(Machine&, const plan::BecomeRoot<Wire>&);
Result perform(Machine&, const plan::Respawn<Wire>&);
Result perform(Machine&, const plan::SetTimeOffsets<Wire>&);
Result perform(Machine&, const plan::SetHostname<Wire>&);
Result perform(Machine&, const plan::SetDomainname<Wire>&);
Result perform(Machine&, const plan::RaiseLoopback<Wire>&);
// channel.cpp
Result perform(Machine&, const plan::Await<Wire>&);
Result perform(Machine&, const plan::Notify<Wire>&);
Result perform(Machine&, const plan::AwaitStart<Wire>&);
// cgroups.cpp
Result perform(Machine&, const plan::EnterCgroups<Wire>&);
// root.cpp
Result perform(Machine&, const plan::SetPropagation<Wire>&);
Result perform(Machine&, const plan::AttachRoot<Wire>&);
Result perform(Machine&, const plan::PivotRoot<Wire>&);
Result perform(Machine&, const plan::MoveRoot<Wire>&);
Result perform(Machine&, const plan::EnterRoot<Wire>&);
// mounts.cpp
Result perform(Machine&, const plan::OpenTree<Wire>&);
Result perform(Machine&, const plan::AttachMount<Wire>&);
Result perform(Machine&, const plan::SetMountAttributes<Wire>&);
Result perform(Machine&, const plan::FindMount<Wire>&);
Result perform(Machine&, const plan::Unmount<Wire>&);
Result perform(Machine&, const plan::MaskPath<Wire>&);
Result perform(Machine&, const plan::ReadonlyPath<Wire>&);
// filesystem.cpp
Result perform(Machine&, const plan::MountFs<Wire>&);
// nodes.cpp
Result perform(Machine&, const plan::MakeDirectory<Wire>&);
Result perform(Machine&, const plan::MakeDevice<Wire>&);
Result perform(Machine&, const plan::MakeSymlink<Wire>&);
// procfs.cpp
Result perform(Machine&, const plan::WriteSysctl<Wire>&);
// console.cpp
Result perform(Machine&, const plan::OpenConsole<Wire>&);
Result perform(Machine&, const plan::OwnStdio<Wire>&);
// hook.cpp
Result perform(Machine&, const plan::RunHook<Wire>&);
// process.cpp
Result perform(Machine&, const plan::NewSession<Wire>&);
Result perform(Machine&, const plan::JoinSessionKeyring<Wire>&);
Result perform(Machine&, const plan::ChangeDirectory<Wire>&);
Result perform(Machine&, const plan::SetRlimit<Wire>&);
Result perform(Machine&, const plan::SetUmask<Wire>&);
Result perform(Machine&, const plan::SetNoNewPrivileges<Wire>&);
// labels.cpp
Result perform(Machine&, const plan::SetLabel<Wire>&);
Result perform(Machine&, const plan::LabelMount<Wire>&);
// attributes.cpp
Result perform(Machine&, const plan::SetScheduler<Wire>&);
Result perform(Machine&, const plan::SetIoPriority<Wire>&);
Result perform(Machine&, const plan::SetCpuAffinity<Wire>&);
Result perform(Machine&, const plan::SetPersonality<Wire>&);
Result perform(Machine&, const plan::SetMemoryPolicy<Wire>&);
// credentials.cpp
Result perform(Machine&, const plan::DropBounding<Wire>&);
Result perform(Machine&, const plan::SetUser<Wire>&);
Result perform(Machine&, const plan::SetCapabilities<Wire>&);
// lookup.cpp
Result perform(Machine&, const plan::FindHome<Wire>&);
Result perform(Machine&, const plan::FindProgram<Wire>&);
// exec.cpp
Result perform(Machine&, const plan::InstallSeccomp<Wire>&);
Result perform(Machine&, const plan::Exec<Wire>&);
Result perform(Machine&, const plan::Leave<Wire>&);

}  // namespace ocirt::init
