// A part of a log: exactly the records between two offsets, whatever the source below brings at once, and on from
// there.
#include "runtime/span_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::runtime {
namespace {

// Partitions of numbered records; brings several of several partitions at once.
class Numbers final : public Source {
 public:
  explicit Numbers(std::vector<uint64_t> ends, bool holds = true) : ends_(std::move(ends)), holds_(holds) {
    next_.assign(ends_.size(), 0);
    held_.assign(ends_.size(), false);
  }
  std::vector<std::string> partitions() const override {
    std::vector<std::string> out;
    for (size_t i = 0; i < ends_.size(); ++i) out.push_back("n/" + std::to_string(i));
    return out;
  }
  Status seek(std::span<const uint64_t> from) override {
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] != UINT64_MAX && from[i] < oldest) return not_found("gone");
      next_[i] = from[i] == UINT64_MAX ? oldest : from[i];
    }
    return {};
  }
  Result<PollState> poll(size_t max, DurationMs, std::vector<Record>& out) override {
    texts_.clear();
    texts_.reserve(max);
    std::vector<Record> got;
    for (uint32_t p = 0; p < ends_.size(); ++p) {
      for (size_t n = 0; n < 7 && got.size() < max && next_[p] < ends_[p] && !(holds_ && held_[p]); ++n) {
        texts_.push_back(std::to_string(p) + ":" + std::to_string(next_[p]));
        got.push_back({p, next_[p], next_[p] + 1, kNoTime, texts_.back(), {}});
        ++next_[p];
      }
    }
    out.insert(out.end(), got.begin(), got.end());
    if (!got.empty()) return PollState::kRecords;
    return bounded && next_ == ends_ ? PollState::kEnd : PollState::kIdle;
  }
  bool at_head(uint32_t p) const override { return next_[p] >= ends_[p]; }
  void hold(uint32_t p, bool held) override { held_[p] = held; }

  uint64_t oldest = 0;
  bool bounded = false;

 private:
  std::vector<uint64_t> ends_, next_;
  std::vector<bool> held_;
  const bool holds_;
  std::vector<std::string> texts_;
};

std::vector<std::string> read(SpanSource& span, size_t max) {
  std::vector<std::string> out;
  for (int idle = 0; idle < 200;) {
    std::vector<Record> records;
    auto state = span.poll(max, 0, records);
    EXPECT_TRUE(state);
    for (const Record& r : records) {
      EXPECT_EQ(r.payload, std::to_string(r.partition) + ":" + std::to_string(r.offset));
      out.emplace_back(r.payload);
    }
    idle = records.empty() ? idle + 1 : 0;
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> expected(const std::vector<uint64_t>& from, const std::vector<uint64_t>& until) {
  std::vector<std::string> out;
  for (size_t p = 0; p < from.size(); ++p) {
    for (uint64_t i = from[p]; i < until[p]; ++i) out.push_back(std::to_string(p) + ":" + std::to_string(i));
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(SpanSource, BringsExactlyThePartAndThenTheNext) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&](uint64_t n) { return random() % (n + 1); };
    std::vector<uint64_t> ends, from, until, last;
    for (int p = 0; p < 3; ++p) {
      ends.push_back(upto(60));
      last.push_back(upto(ends.back()));
      until.push_back(upto(last.back()));
      from.push_back(upto(until.back()));
    }
    Numbers numbers(ends, seed % 2 == 0);  // a source may ignore that it is held
    SpanSource span(numbers, from, until);
    ASSERT_TRUE(span.seek({}));
    const size_t max = 1 + upto(20);
    EXPECT_EQ(read(span, max), expected(from, until)) << seed;
    EXPECT_TRUE(span.reached());
    EXPECT_EQ(span.left(), 0u);
    span.move_on(last);
    EXPECT_EQ(span.reached(), last == until);
    EXPECT_EQ(read(span, max), expected(until, last)) << seed;
    EXPECT_TRUE(span.reached());
    for (uint32_t p = 0; p < 3; ++p) EXPECT_TRUE(span.at_head(p));
  }
}

// The source below ignores that it is held and brings more, while records of the part still wait.
TEST(SpanSource, TheEndIsNotReachedWhileRecordsBeforeItWait) {
  Numbers numbers({20}, false);
  SpanSource span(numbers, {0}, {3});
  ASSERT_TRUE(span.seek({}));
  std::vector<Record> records;
  ASSERT_TRUE(span.poll(100, 0, records));
  ASSERT_EQ(records.size(), 3u);
  span.hold(0, true);
  span.move_on({10});
  ASSERT_TRUE(span.poll(100, 0, records));
  ASSERT_EQ(records.size(), 3u) << "it is held";
  EXPECT_FALSE(span.at_head(0));
  EXPECT_FALSE(span.reached());
  EXPECT_EQ(span.left(), 7u);
  span.hold(0, false);
  EXPECT_EQ(read(span, 4), expected({3}, {10}));
  EXPECT_TRUE(span.reached());
}

TEST(SpanSource, AnEndNeverGoesBack) {
  Numbers numbers({10});
  SpanSource span(numbers, {0}, {5});
  ASSERT_TRUE(span.seek({}));
  span.move_on({3});
  EXPECT_EQ(read(span, 4).size(), 5u);
}

TEST(SpanSource, AnOffsetThatIsGoneBeginsWithTheOldest) {
  Numbers numbers({10});
  numbers.oldest = 4;
  SpanSource span(numbers, {1}, {8});
  ASSERT_TRUE(span.seek({}));
  EXPECT_EQ(read(span, 100), expected({4}, {8}));
}

TEST(SpanSource, ABoundedSourceThatEndsBeforeThePartHasReachedIt) {
  Numbers numbers({3});
  numbers.bounded = true;
  SpanSource span(numbers, {0}, {100});
  ASSERT_TRUE(span.seek({}));
  EXPECT_EQ(read(span, 100).size(), 3u);
  EXPECT_TRUE(span.reached());
}

TEST(SpanSource, APartitionThatIsHeldByTheReaderWaits) {
  Numbers numbers({10, 10});
  SpanSource span(numbers, {0, 0}, {5, 5});
  ASSERT_TRUE(span.seek({}));
  span.hold(0, true);
  EXPECT_EQ(read(span, 100), expected({0, 0}, {0, 5}));
  EXPECT_FALSE(span.reached());
  span.hold(0, false);
  EXPECT_EQ(read(span, 100), expected({0, 5}, {5, 5}));
  EXPECT_TRUE(span.reached());
}

TEST(SpanSource, WhatASourceBringsThoughItIsHeldHasABound) {
  Numbers numbers({2 * SpanSource::kMaxWaiting, 1'000'000}, false);
  SpanSource span(numbers, {0, 0}, {1, 1'000'000});
  ASSERT_TRUE(span.seek({}));
  std::vector<Record> records;
  Status status;
  for (size_t i = 0; i < SpanSource::kMaxWaiting && status; ++i) {
    auto state = span.poll(100, 0, records);
    if (!state) status = state.error();
    records.clear();
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kExhausted);
}

}  // namespace
}  // namespace tocsin::runtime
