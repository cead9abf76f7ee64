// A process that writes with sync is killed at random moments: what it acknowledged is there, and each batch is whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "state/log.h"
#include "state/store.h"
#include "tests/engine/state/child.h"
#include "tests/engine/state/scratch.h"

namespace tocsin::state {
namespace {

std::string blob(uint64_t n) { return std::string(1000 + n % 5000, static_cast<char>('a' + n % 26)); }

// Commit n: a delta, a state entry, the offset; every tenth drops the deltas before it, as a checkpoint does.
Batch commit(uint64_t n) {
  Batch batch;
  batch.puts.push_back({Table::kDelta, big_endian(n), blob(n)});
  batch.puts.push_back({Table::kState, big_endian(n % 7), big_endian(n)});
  batch.puts.push_back({Table::kMeta, "offset", big_endian(n)});
  if (n % 10 == 0) batch.ranges.push_back({Table::kDelta, big_endian(0), big_endian(n)});
  return batch;
}

// Starts this test again as its own process and kills it after it acknowledged `acks` numbers (and a bit). Returns the
// last number that it acknowledged.
uint64_t run_and_kill(const std::string& name, const std::string& directory, int acks, useconds_t more) {
  const test::Started child = test::run_as_child(name, directory);
  uint64_t last = 0;
  uint64_t ack = 0;
  for (int i = 0; i < acks && ::read(child.output, &ack, sizeof ack) == sizeof ack; ++i) last = ack;
  ::usleep(more);  // not to synchronise: to hit a random moment
  ::kill(child.pid, SIGKILL);
  while (::read(child.output, &ack, sizeof ack) == sizeof ack) last = ack;
  ::close(child.output);
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  return last;
}

void acknowledge(uint64_t n) {
  if (::write(3, &n, sizeof n) != sizeof n) ::_exit(1);
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

const test::Child commits("commits", [](const std::string& directory) {
  auto store = open_rocksdb(directory);
  if (!store) return fail(store.error());
  const auto offset = (*store)->get(Table::kMeta, "offset");
  for (uint64_t n = offset ? from_big_endian(*offset) + 1 : 1;; ++n) {
    if (Status s = (*store)->write(commit(n), true); !s) return fail(s.error());
    acknowledge(n);
  }
});

void expect_whole(const Store& store, uint64_t acknowledged) {
  const auto offset = store.get(Table::kMeta, "offset");
  ASSERT_TRUE(offset);
  const uint64_t n = from_big_endian(*offset);
  ASSERT_GE(n, acknowledged);
  for (uint64_t i = n - std::min<uint64_t>(n, 7) + 1; i <= n; ++i) {
    EXPECT_EQ(*store.get(Table::kState, big_endian(i % 7)), big_endian(i));
  }
  uint64_t expected = n - n % 10;  // the last checkpoint dropped those before it
  if (expected == 0) expected = 1;
  ASSERT_TRUE(store.scan(Table::kDelta, "", "", [&](std::string_view key, std::string_view value) {
    EXPECT_EQ(from_big_endian(key), expected);
    EXPECT_EQ(value, blob(expected));
    ++expected;
    return true;
  }));
  EXPECT_EQ(expected, n + 1);
}

TEST(Crash, CommitsAreWholeAndNoneAcknowledgedIsLost) {
  test::ScratchDirectory dir;
  std::mt19937 random(20221223);
  for (int round = 0; round < 20; ++round) {
    const uint64_t last = run_and_kill("commits", dir / "s", 1 + static_cast<int>(random() % 40),
                                       static_cast<useconds_t>(random() % 3000));
    auto store = open_rocksdb(dir / "s");
    ASSERT_TRUE(store) << store.error().message;
    expect_whole(**store, last);
  }
}

LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = 2000;
  options.retain_bytes = 20'000;
  return options;
}

// A record's payload is its own offset, so that a reader can tell a hole or a mix-up.
const test::Child appends("appends", [](const std::string& directory) {
  auto store = open_rocksdb(directory);
  if (!store) return fail(store.error());
  auto log = Log::open(**store, {"ingest"}, small_segments());
  if (!log) return fail(log.error());
  for (uint64_t n = (*log)->end_offset("ingest");; n += 2) {
    const std::string a = std::to_string(n);
    const std::string b = std::to_string(n + 1);
    const std::string_view payloads[] = {a, b};
    const auto first = (*log)->append("ingest", payloads, 1);
    if (!first) return fail(first.error());
    if (*first != n) return 1;
    acknowledge(n + 1);
    if (n % 100 != 0) continue;
    if (const auto dropped = (*log)->retain("ingest", 2); !dropped) return fail(dropped.error());
  }
});

TEST(Crash, TheLogKeepsEveryAnsweredRecordInItsPlace) {
  test::ScratchDirectory dir;
  std::mt19937 random(7);
  for (int round = 0; round < 10; ++round) {
    const uint64_t last = run_and_kill("appends", dir / "s", 1 + static_cast<int>(random() % 200),
                                       static_cast<useconds_t>(random() % 3000));
    auto store = open_rocksdb(dir / "s");
    ASSERT_TRUE(store) << store.error().message;
    auto log = Log::open(**store, {"ingest"}, small_segments());
    ASSERT_TRUE(log) << log.error().message;
    ASSERT_GT((*log)->end_offset("ingest"), last);
    EXPECT_EQ((*log)->end_offset("ingest") % 2, 0u) << "half an append";
    uint64_t expected = (*log)->begin_offset("ingest");
    ASSERT_TRUE((*log)->read("ingest", expected, SIZE_MAX, [&](const LogRecord& r) {
      EXPECT_EQ(r.offset, expected);
      EXPECT_EQ(r.payload, std::to_string(expected));
      ++expected;
      return true;
    }));
    EXPECT_EQ(expected, (*log)->end_offset("ingest"));
  }
}

}  // namespace
}  // namespace tocsin::state
