// The static hello world that `ocirt --version` is measured against.
#include <cstdio>

int main() { std::puts("hello, world"); }
