#include "state/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "tests/engine/state/passing_store.h"
#include "tests/engine/state/scratch.h"

namespace tocsin::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A store whose disk can be full, and which counts its synced writes.
class CountingStore final : public test::PassingStore {
 public:
  Status write(const Batch& batch, bool sync) override {
    if (full) return exhausted("the disk is full");
    if (sync) ++syncs;
    if (before_write) before_write();
    return PassingStore::write(batch, sync);
  }

  std::atomic<bool> full = false;
  std::atomic<int> syncs = 0;
  std::function<void()> before_write;

 private:
  Store& under() const override { return *inner_; }
  std::unique_ptr<Store> inner_ = make_memory_store();
};

class LogTest : public testing::Test {
 protected:
  LogTest() { reopen(); }
  void reopen() {
    log_.reset();
    auto log = Log::open(store_, {"ingest", "actions"}, options_);
    ASSERT_TRUE(log) << log.error().message;
    log_ = std::move(*log);
  }
  Result<uint64_t> append(const std::string& payload, TimeMs timestamp = 0, std::string_view topic = "ingest") {
    const std::string_view one[] = {payload};
    return log_->append(topic, one, timestamp);
  }
  std::vector<std::string> read(uint64_t from, size_t max = SIZE_MAX, std::string_view topic = "ingest") {
    std::vector<std::string> got;
    const Status s = log_->read(topic, from, max, [&](const LogRecord& r) {
      EXPECT_EQ(r.offset, from + got.size());
      got.emplace_back(r.payload);
      return true;
    });
    EXPECT_TRUE(s) << s.error().message;
    return got;
  }

  CountingStore store_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
};

TEST_F(LogTest, OffsetsAreDensePerTopicAndSurvive) {
  EXPECT_EQ(*append("a"), 0u);
  EXPECT_EQ(*append("b"), 1u);
  EXPECT_EQ(*append("x", 0, "actions"), 0u);
  reopen();
  EXPECT_EQ(log_->end_offset("ingest"), 2u);
  EXPECT_EQ(*append("c"), 2u);
  EXPECT_THAT(read(0), ElementsAre("a", "b", "c"));
  EXPECT_THAT(read(1, 1), ElementsAre("b"));
  EXPECT_THAT(read(3), ElementsAre());
  EXPECT_THAT(read(0, 9, "actions"), ElementsAre("x"));
}

TEST_F(LogTest, KeepsPayloadAndTimestampAsGiven) {
  const std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(append(binary, -5));
  ASSERT_TRUE(append("", 1700000000000));
  std::vector<std::pair<TimeMs, std::string>> got;
  ASSERT_TRUE(log_->read("ingest", 0, 9, [&](const LogRecord& r) {
    got.emplace_back(r.timestamp, r.payload);
    return true;
  }));
  EXPECT_THAT(got, ElementsAre(std::pair(TimeMs{-5}, binary), std::pair(TimeMs{1700000000000}, std::string())));
}

TEST_F(LogTest, RefusesWhatItCannotTake) {
  options_.max_record = 4;
  reopen();
  const std::string_view payloads[] = {"ok", "too long"};
  const auto got = log_->append("ingest", payloads, 0);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kInvalid);
  EXPECT_THAT(got.error().message, HasSubstr("record 2"));
  EXPECT_EQ(log_->end_offset("ingest"), 0u);
  EXPECT_EQ(log_->append("ingest", {}, 0).error().code, Code::kInvalid);
  EXPECT_EQ(append("x", 0, "nowhere").error().code, Code::kNotFound);
  EXPECT_EQ(Log::open(store_, {"Upper"}, {}).error().code, Code::kInvalid);
}

TEST_F(LogTest, AFullDiskAppendsNothingAndLaterGoesOn) {
  options_.segment_bytes = 1;  // a mark each, so that undoing them is seen
  reopen();
  ASSERT_TRUE(append("a"));
  store_.full = true;
  EXPECT_EQ(append("lost").error().code, Code::kExhausted);
  store_.full = false;
  EXPECT_EQ(*append("b"), 1u);
  const uint64_t bytes = log_->bytes("ingest");
  EXPECT_THAT(read(0), ElementsAre("a", "b"));
  reopen();
  EXPECT_EQ(log_->bytes("ingest"), bytes);
  EXPECT_THAT(read(0), ElementsAre("a", "b"));
}

TEST_F(LogTest, AFullDiskAtTheFirstRecordLeavesNothingBehind) {
  store_.full = true;
  EXPECT_FALSE(append("lost"));
  store_.full = false;
  EXPECT_EQ(log_->bytes("ingest"), 0u);
  EXPECT_EQ(*append("a"), 0u);
  reopen();
  EXPECT_THAT(read(0), ElementsAre("a"));
}

TEST_F(LogTest, RetentionDropsOldSegmentsAndTellsReaders) {
  options_.segment_bytes = 1;
  options_.retain = 100;
  reopen();
  for (TimeMs t = 0; t < 10; ++t) ASSERT_TRUE(append(std::to_string(t), t * 50));
  EXPECT_EQ(*log_->retain("ingest", 450), 7u);  // those of 0 … 300 are older than 350
  EXPECT_EQ(log_->begin_offset("ingest"), 7u);
  EXPECT_THAT(read(7), ElementsAre("7", "8", "9"));
  const Status s = log_->read("ingest", 3, 1, [](const auto&) { return true; });
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kNotFound);
  EXPECT_THAT(s.error().message, HasSubstr("offset 3 of log topic ingest is no longer there"));
  reopen();
  EXPECT_EQ(log_->begin_offset("ingest"), 7u);
  EXPECT_THAT(read(7), ElementsAre("7", "8", "9"));
  EXPECT_EQ(*log_->retain("ingest", 1'000'000), 2u) << "the last segment stays";
  EXPECT_EQ(*append("10"), 10u);
}

TEST_F(LogTest, RetentionKeepsBelowTheBytes) {
  options_.segment_bytes = 1000;
  options_.retain_bytes = 10'000;
  reopen();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(append(std::string(77, 'x')));
  ASSERT_TRUE(log_->retain("ingest", 0));
  EXPECT_LE(log_->bytes("ingest"), 10'000u);
  EXPECT_GT(log_->bytes("ingest"), 8'000u);
  const uint64_t bytes = log_->bytes("ingest");
  reopen();
  EXPECT_EQ(log_->bytes("ingest"), bytes);
}

TEST_F(LogTest, RetentionSparesWhatAReaderHasNotSeen) {
  options_.segment_bytes = 1;
  options_.retain_bytes = 0;
  reopen();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append("x"));
  EXPECT_EQ(*log_->retain("ingest", 0, 4), 4u);
  EXPECT_EQ(log_->begin_offset("ingest"), 4u);
}

TEST_F(LogTest, AnOffsetBeyondTheEndIsNotFound) {
  const Status s = log_->read("ingest", 5, 1, [](const auto&) { return true; });
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kNotFound);
}

TEST_F(LogTest, WakesReadersOfThatTopicOnly) {
  int woken = 0;
  log_->on_append("ingest", [&] {
    ++woken;
    EXPECT_EQ(log_->end_offset("ingest"), static_cast<uint64_t>(woken));
  });
  ASSERT_TRUE(append("a"));
  ASSERT_TRUE(append("x", 0, "actions"));
  ASSERT_TRUE(append("b"));
  EXPECT_EQ(woken, 2);
  log_->on_append("ingest", {});
  ASSERT_TRUE(append("c"));
  EXPECT_EQ(woken, 2);
}

TEST_F(LogTest, CallersThatComeTogetherShareASync) {
  constexpr int kCallers = 8;
  std::latch first_is_writing(1);
  std::latch go_on(1);
  std::atomic<bool> once = false;
  store_.before_write = [&] {
    if (once.exchange(true)) return;
    first_is_writing.count_down();
    go_on.wait();
  };
  std::vector<std::thread> callers;
  std::set<uint64_t> offsets;
  std::mutex mutex;
  std::atomic<int> started = 0;
  const auto call = [&] {
    ++started;
    const auto offset = append("x");
    ASSERT_TRUE(offset);
    const std::scoped_lock lock(mutex);
    offsets.insert(*offset);
  };
  callers.emplace_back(call);
  first_is_writing.wait();
  for (int i = 1; i < kCallers; ++i) callers.emplace_back(call);
  while (started < kCallers) std::this_thread::yield();
  go_on.count_down();
  for (auto& c : callers) c.join();
  EXPECT_EQ(offsets.size(), static_cast<size_t>(kCallers));
  EXPECT_EQ(*offsets.rbegin(), static_cast<uint64_t>(kCallers - 1));
  EXPECT_LE(store_.syncs, kCallers);
  EXPECT_EQ(read(0).size(), static_cast<size_t>(kCallers));
}

TEST_F(LogTest, PendingAppendsAreBounded) {
  options_.max_pending = 100;
  reopen();
  std::latch writing(1);
  std::latch go_on(1);
  std::atomic<bool> once = false;
  store_.before_write = [&] {
    if (once.exchange(true)) return;
    writing.count_down();
    go_on.wait();
  };
  std::thread first([&] { EXPECT_TRUE(append(std::string(80, 'x'))); });
  writing.wait();
  EXPECT_EQ(append(std::string(80, 'y')).error().code, Code::kExhausted);
  go_on.count_down();
  first.join();
  EXPECT_TRUE(append(std::string(80, 'z')));
}

TEST(LogOnDisk, ManyWritersAndAReader) {
  test::ScratchDirectory dir;
  auto store = open_rocksdb(dir / "s");
  ASSERT_TRUE(store) << store.error().message;
  auto opened = Log::open(**store, {"ingest"}, {});
  ASSERT_TRUE(opened);
  Log& log = **opened;
  constexpr int kWriters = 4;
  constexpr int kEach = 50;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&log, w] {
      for (int i = 0; i < kEach; ++i) {
        const std::string payload = std::to_string(w) + ":" + std::to_string(i);
        const std::string_view one[] = {payload};
        ASSERT_TRUE(log.append("ingest", one, i));
      }
    });
  }
  std::vector<int> next(kWriters, 0);
  for (uint64_t from = 0; from < kWriters * kEach;) {
    ASSERT_TRUE(log.read("ingest", from, 7, [&](const LogRecord& r) {
      const int w = r.payload[0] - '0';
      EXPECT_EQ(r.payload.substr(2), std::to_string(next[static_cast<size_t>(w)]++));
      ++from;
      return true;
    }));
    std::this_thread::yield();
  }
  for (auto& w : writers) w.join();
}

// Whatever the size of segments, and wherever retention has cut.
TEST_F(LogTest, FindsTheOffsetOfATime) {
  for (const uint64_t segment : {uint64_t{1}, uint64_t{100}, uint64_t{1} << 20}) {
    options_.segment_bytes = segment;
    reopen();
    const uint64_t first = log_->end_offset("ingest");
    EXPECT_EQ(*log_->offset_at("ingest", 0), log_->begin_offset("ingest"));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(append("record", static_cast<TimeMs>(segment) * 1'000 + i / 2 * 10));
    const TimeMs base = static_cast<TimeMs>(segment) * 1'000;
    EXPECT_EQ(*log_->offset_at("ingest", base), first);
    EXPECT_EQ(*log_->offset_at("ingest", base + 1), first + 2);
    EXPECT_EQ(*log_->offset_at("ingest", base + 40), first + 8);
    EXPECT_EQ(*log_->offset_at("ingest", base + 90), first + 18);
    EXPECT_EQ(*log_->offset_at("ingest", base + 91), first + 20);
    reopen();
    EXPECT_EQ(*log_->offset_at("ingest", base + 40), first + 8);
  }
  options_.retain = 0;
  options_.segment_bytes = 1;
  reopen();
  ASSERT_TRUE(log_->retain("ingest", kNever));
  EXPECT_EQ(*log_->offset_at("ingest", 0), log_->begin_offset("ingest"));
  EXPECT_GT(log_->begin_offset("ingest"), 0u);
}

}  // namespace
}  // namespace tocsin::state
