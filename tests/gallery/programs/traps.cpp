// Dies in four ways.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

struct Link {
  __attribute__((noinline)) int use(int way) const {
    if (way == 1) __builtin_trap();  // TRAP
    if (way == 2) abort();  // ABORT
    if (way == 3) throw std::runtime_error("nobody catches this");
    return *reinterpret_cast<volatile int *>(0x7ffffff0);  // WILD
  }
};

int main(int, char **argv) { return Link().use(std::atoi(argv[1])); }
