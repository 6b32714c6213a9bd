// Runs a seccomp program over one system call, as the kernel would.
#pragma once

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

namespace ocirt::test {

// The program's SECCOMP_RET_* answer with its data. Throws on anything that the kernel's checker would refuse.
inline std::uint32_t run_filter(std::span<const std::byte> program, const seccomp_data& data) {
    if (program.empty() || program.size() % sizeof(sock_filter) != 0) throw std::runtime_error("not a program");
    std::vector<sock_filter> code(program.size() / sizeof(sock_filter));
    std::memcpy(code.data(), program.data(), program.size());
    std::uint32_t a = 0;
    for (std::size_t pc = 0; pc < code.size(); ++pc) {
        const sock_filter& op = code[pc];
        const auto branch = [&](bool taken) { pc += taken ? op.jt : op.jf; };
        switch (op.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (op.k % 4 != 0 || op.k + 4 > sizeof(data)) throw std::runtime_error("load outside the data");
                std::memcpy(&a, reinterpret_cast<const std::byte*>(&data) + op.k, 4);
                break;
            case BPF_ALU | BPF_AND | BPF_K: a &= op.k; break;
            case BPF_JMP | BPF_JA: pc += op.k; break;
            case BPF_JMP | BPF_JEQ | BPF_K: branch(a == op.k); break;
            case BPF_JMP | BPF_JGT | BPF_K: branch(a > op.k); break;
            case BPF_JMP | BPF_JGE | BPF_K: branch(a >= op.k); break;
            case BPF_JMP | BPF_JSET | BPF_K: branch((a & op.k) != 0); break;
            case BPF_RET | BPF_K: return op.k;
            default: throw std::runtime_error("unknown instruction " + std::to_string(op.code));
        }
    }
    throw std::runtime_error("ran off the program's end");
}

}  // namespace ocirt::test
