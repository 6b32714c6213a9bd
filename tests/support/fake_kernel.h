// A kernel for tests of init's operations: answers from a table, and writes down what it was asked.
#pragma once

#include <asm/unistd.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/init/machine.h"
#include "runtime/plan/encode.h"

namespace ocirt::test {

using plan::Hosted;

struct Call {
    long number;
    long at[6];
};

// One at a time: the hosted build of init calls a plain function.
class FakeKernel {
   public:
    using Answer = std::function<long(const Call&)>;

    FakeKernel() {
        current = this;
        init::sys::kernel = [](long number, const init::sys::Arguments& arguments) {
            Call call{number, {}};
            for (int i = 0; i < 6; ++i) call.at[i] = arguments.at[i];
            return current->answer(call);
        };
        on(__NR_mmap, reinterpret_cast<long>(memory_.data()));
    }
    ~FakeKernel() {
        init::sys::kernel = [](long, const init::sys::Arguments&) { return 0L; };
    }
    FakeKernel(const FakeKernel&) = delete;
    FakeKernel& operator=(const FakeKernel&) = delete;

    // The answer to every call of `number`; without one a call succeeds with 0, and mmap gives some memory.
    FakeKernel& on(long number, Answer answer) {
        answers_[number] = std::move(answer);
        return *this;
    }
    FakeKernel& on(long number, long value) {
        return on(number, [value](const Call&) { return value; });
    }
    [[nodiscard]] std::size_t count(long number) const {
        std::size_t count = 0;
        for (const Call& call : calls)
            if (call.number == number) ++count;
        return count;
    }
    // The first call of `number`.
    [[nodiscard]] const Call* find(long number) const {
        for (const Call& call : calls)
            if (call.number == number) return &call;
        return nullptr;
    }

    std::deque<Call> calls;

   private:
    long answer(const Call& call) {
        calls.push_back(call);
        const auto found = answers_.find(call.number);
        return found == answers_.end() ? 0 : found->second(call);
    }

    static inline FakeKernel* current = nullptr;
    std::map<long, Answer> answers_;
    std::vector<long> memory_ = std::vector<long>(512);
};

// A machine with a program of its own and a report in memory. `exec` is added if the steps lack it.
class FakeMachine {
   public:
    template <class... S>
    explicit FakeMachine(S... steps) {
        std::vector<plan::Step> list;
        (list.push_back({std::move(steps), ""}), ...);
        if (list.empty() || !std::holds_alternative<plan::Exec<Hosted>>(list.back().action))
            list.push_back({plan::Exec<Hosted>{{"/program"}, {}, 0}, ""});
        const std::vector<std::byte> encoded = plan::encode(list).value();
        block_.resize(encoded.size() / 8 + 1);
        __builtin_memcpy(block_.data(), encoded.data(), encoded.size());
        page_.resize(sizeof(plan::Report) / 8 + list.size());
        machine_ = std::make_unique<init::Machine>();
        machine_->report = reinterpret_cast<plan::Report*>(page_.data());
        accepted_ = machine_->program.check(block_.data(), encoded.size());
    }

    [[nodiscard]] bool accepted() const { return accepted_; }
    int run() { return init::run(*machine_); }
    [[nodiscard]] init::Machine& machine() { return *machine_; }
    [[nodiscard]] const plan::Report& report() const { return *machine_->report; }
    [[nodiscard]] std::string text() const { return {report().text, report().text_size}; }

   private:
    std::vector<std::uint64_t> block_;
    std::vector<std::uint64_t> page_;
    std::unique_ptr<init::Machine> machine_;
    bool accepted_ = false;
};

inline std::string text_at(long pointer) { return reinterpret_cast<const char*>(pointer); }

}  // namespace ocirt::test
