#pragma once
// Tests that need a second process start their own program again: run_as_child("NAME", argument) becomes, in the new
// process, a call of the function registered by `const Child child("NAME", f)`, before any test; then it exits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

namespace tocsin::test {

class Child final : public testing::Environment {
 public:
  Child(std::string name, std::function<int(const std::string&)> f) : name_(std::move(name)), f_(std::move(f)) {
    testing::AddGlobalTestEnvironment(new Child(*this));
  }
  void SetUp() override {
    const char* name = ::getenv("TOCSIN_TEST_CHILD");
    if (name != nullptr && name_ == name) ::_exit(f_(::getenv("TOCSIN_TEST_ARGUMENT")));
  }

 private:
  Child(const Child&) = default;
  std::string name_;
  std::function<int(const std::string&)> f_;
};

struct Started {
  pid_t pid;
  int output;  // what the child writes to descriptor 3
};

inline Started run_as_child(const std::string& name, const std::string& argument) {
  int out[2];
  if (::pipe(out) != 0) return {-1, -1};
  const pid_t pid = ::fork();
  if (pid == 0) {
    // An own process image: what libraries keep in memory (RocksDB's lock table) would be inherited by a mere fork.
    ::dup2(out[1], 3);
    if (const int quiet = ::open("/dev/null", O_WRONLY); quiet >= 0) ::dup2(quiet, 1);
    ::setenv("TOCSIN_TEST_CHILD", name.c_str(), 1);
    ::setenv("TOCSIN_TEST_ARGUMENT", argument.c_str(), 1);
    ::execl("/proc/self/exe", "child", nullptr);
    ::_exit(127);
  }
  ::close(out[1]);
  return {pid, out[0]};
}

}  // namespace tocsin::test
