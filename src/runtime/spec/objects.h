// The readers of the spec's objects, one for each family; parse.cpp puts them together. Private to this folder.
#pragma once

#include <string>
#include <string_view>

#include "runtime/spec/config.h"
#include "runtime/spec/number_list.h"
#include "runtime/spec/reader.h"

namespace ocirt::spec {

void read_root(Object& object, Root& root);
void read_mount(Object& object, Mount& mount);
// A list of ID mappings: none empty, none past the last id, none overlapping on either side (user_namespaces(7)).
void read_id_mappings(Value list, std::vector<IdMapping>& mappings);
void read_process(Object& object, Process& process);
void read_hooks(Object& object, Hooks& hooks);
void read_linux(Object& object, Linux& linux);
void read_resources(Object& object, Resources& resources);
void read_block_io(Object& object, BlockIo& block_io);
void read_seccomp(Object& object, Seccomp& seccomp);

// A list of CPUs or memory nodes, each below `limit` (number_list.h). Empty: unset.
void read_number_list(Value value, std::string& list, std::uint32_t limit);

}  // namespace ocirt::spec
