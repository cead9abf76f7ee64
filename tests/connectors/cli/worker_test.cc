// The thread behind the HTTP thread: one task at work, so many waiting, the rest refused; and the terminal's wrapping.
#include "connectors/cli/worker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/display_width.h"
#include "base/wrap.h"

namespace tocsin::cli {
namespace {

// A task that waits until it is let go.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_entered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false, open_ = false;
};

TEST(Worker, OneAtWorkOneWaitingTheRestRefused) {
  Gate gate;
  std::vector<int> done;
  {
    Worker worker(1);
    ASSERT_TRUE(worker.submit([&](bool) { gate.pass(), done.push_back(1); }));
    gate.wait_entered();
    EXPECT_TRUE(worker.submit([&](bool) { done.push_back(2); }));
    EXPECT_FALSE(worker.submit([&](bool) { done.push_back(3); }));
    gate.open();
    for (bool taken = false; !taken;)
      taken = worker.submit([&](bool) { done.push_back(4); });  // as soon as there is room
  }
  ASSERT_EQ(done.size(), 3u);
  EXPECT_EQ(done[0], 1);
  EXPECT_EQ(done[1], 2);
  EXPECT_EQ(done[2], 4);
}

TEST(Wrapped, BreaksAtBlanksAndBetweenWideCharacters) {
  EXPECT_EQ(wrapped("one two three", 8, "  "), "one two\n  three");
  EXPECT_EQ(wrapped("one two three", 0, "  "), "one two three");
  EXPECT_EQ(wrapped("积水很深积水很深", 8, " "), "积水很深\n 积水很\n 深");
  EXPECT_EQ(wrapped("水位 level三度", 9, ""), "水位\nlevel三度");
  EXPECT_EQ(wrapped("averyveryverylongword end", 8, "> "), "averyveryverylongword\n> end");
  EXPECT_EQ(wrapped("after", 10, "  ", 8), "\n  after");
  EXPECT_EQ(wrapped("", 10, "  "), "");
  for (size_t width = 20; width < 40; ++width) {
    const std::string text = wrapped("路面积水约 20 cm, pumps at 担山路 since 08:30 及其他", width, "    ");
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      EXPECT_LE(display_width(text.substr(at, end - at)), width) << text;
      at = end + 1;
    }
  }
}

}  // namespace
}  // namespace tocsin::cli
