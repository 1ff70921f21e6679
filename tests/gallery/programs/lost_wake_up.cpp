// Notifies before the other thread waits, and nobody looks at a condition.
#include <condition_variable>
#include <cstdio>
#include <mutex>

std::mutex mutex;
std::condition_variable changed;

__attribute__((noinline)) void waitForNews() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock);  // HERE
}

int main() {
  changed.notify_all();
  waitForNews();
  std::puts("news");
}
