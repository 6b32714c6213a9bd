// What a child does before it becomes another program.
#pragma once

#include <string>
#include <vector>

namespace ocirt {

// As execve(2) wants them, with the null behind them. They point into `words`.
[[nodiscard]] std::vector<char*> exec_words(const std::vector<std::string>& words);

// A mask and a disposition are inherited: none blocked, SIGPIPE ends the program.
void give_signals_back();

}  // namespace ocirt
