// What init knows while it carries out a program, and how it does that.
#pragma once

#include "runtime/init/fd.h"
#include "runtime/init/program.h"
#include "runtime/init/text.h"

namespace ocirt::init {

// All members are zero at first: in the freestanding build a machine is memory that costs no page until it is used.
struct Machine {
    Program program;
    plan::Report* report = nullptr;  // shared with the parent
    uint32_t step = 0;               // the index of the step that is being carried out
    int64_t value = 0;               // for Report.value, should this step fail
    bool departed = false;           // Respawn, Leave: this process ends with 0
    bool sealed = false;             // the seccomp filter is installed: no calls but execve
    bool unattended = false;         // nobody has taken its listener: a call could wait for ever

    Fd channel;  // to the parent; closed once committed
    Fd slots[plan::slot_limit];
    Fd procfs;                      // see procfs.h
    Fd mask_directory;              // the empty tmpfs that covers the first masked directory: the others get copies
    bool null_attached = false;     // slot_null covers a masked file: the others get copies
    Fd attached[plan::undo_limit];  // what was mounted, where the program can take it back
    uint32_t attached_count = 0;
    Fd start_connection;              // of the peer that said start: open until execve closes it
    bool directory_denied = false;    // root may not enter the working directory: the user tries again
    int64_t clock_shift = 0;          // ns that CLOCK_MONOTONIC jumped by when a time namespace was entered
    PathBuffer program_path;          // found by FindProgram; empty: args[0]
    TextBuffer<path_limit + 5> home;  // "HOME=<directory>", found by FindHome; empty: the environment has one
    TextBuffer<32> listen_pid;        // "LISTEN_PID=<pid>", of the program that is about to be
    char** argv = nullptr;            // of the user's program, once prepare_exec has laid them out
    char** envp = nullptr;

    // The descriptor in `slot`; EBADF when the parent never sent it.
    [[nodiscard]] Result in_slot(plan::Slot slot) const;
    // The root of the container: slot_root, or "/" where init has joined a container that has one.
    [[nodiscard]] Result root();
    // CLOCK_MONOTONIC of the namespace that init began in, in ns.
    [[nodiscard]] uint64_t now() const;
    // Puts words into Report.text: they count if this step fails. Adds to words already said.
    void say(Text words);
    // The end of step `index` was at `time`.
    void stamp(uint32_t index, uint64_t time) { report->finished[index] = time; }
    // Writes down how the current step failed, then the outcome.
    void fail(Result failure);
    // Writes the outcome so that whoever reads it sees all that was written before.
    void finish(plan::Outcome outcome);
};

// Makes init invisible to the containers it may enter (no ptrace, no /proc/PID/fd), takes the program and the report
// from the channel's first message, maps them and checks them.
Result begin(Machine& machine, int channel);

// Carries out the program. Returns the exit status when no program was executed: 0 from a process that another one
// has replaced, else 1 with the reason in the report.
int run(Machine& machine);

}  // namespace ocirt::init
