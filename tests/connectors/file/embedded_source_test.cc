#include "connectors/file/embedded_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "connectors/file/log_span_source.h"
#include "state/store.h"

namespace tocsin::file {
namespace {

using runtime::PollState;
using runtime::Record;
using testing::ElementsAre;

class EmbeddedSourceTest : public testing::Test {
 protected:
  EmbeddedSourceTest() {
    state::LogOptions options;
    options.segment_bytes = 1;
    options.retain_bytes = 1;
    log_ = std::move(*state::Log::open(*store_, {"ingest"}, options));
    source_ = std::make_unique<EmbeddedSource>(*log_, "ingest");
  }
  void append(const std::string& payload, TimeMs timestamp = 0) {
    const std::string_view one[] = {payload};
    ASSERT_TRUE(log_->append("ingest", one, timestamp));
  }
  std::unique_ptr<state::Store> store_ = state::make_memory_store();
  std::unique_ptr<state::Log> log_;
  std::unique_ptr<EmbeddedSource> source_;
  std::vector<Record> records_;
};

TEST_F(EmbeddedSourceTest, ReadsWhatWasAppended) {
  EXPECT_THAT(source_->partitions(), ElementsAre("log/ingest"));
  append("one", 5);
  append("two", 6);
  append("three", 7);
  ASSERT_TRUE(source_->seek(std::vector<uint64_t>{UINT64_MAX}));
  EXPECT_FALSE(source_->at_head(0));
  ASSERT_EQ(*source_->poll(2, 0, records_), PollState::kRecords);
  ASSERT_EQ(records_.size(), 2u);
  EXPECT_EQ(records_[0].payload, "one");
  EXPECT_EQ(records_[1].payload, "two");
  EXPECT_EQ(records_[1].timestamp, 6);
  EXPECT_EQ(records_[1].offset, 1u);
  EXPECT_EQ(records_[1].next_offset, 2u);
  records_.clear();
  ASSERT_EQ(*source_->poll(2, 0, records_), PollState::kRecords);
  EXPECT_EQ(records_[0].payload, "three");
  EXPECT_TRUE(source_->at_head(0));
  EXPECT_EQ(*source_->poll(2, 0, records_), PollState::kIdle);
}

TEST_F(EmbeddedSourceTest, TellsHowFarItIsBehind) {
  ASSERT_TRUE(source_->seek(std::vector<uint64_t>{UINT64_MAX}));
  EXPECT_EQ(source_->lag(1000).records, 0u);
  EXPECT_EQ(source_->lag(1000).age, 0);
  append("one", 100);
  append("two", 300);
  EXPECT_EQ(source_->lag(1000).records, 2u);
  EXPECT_EQ(source_->lag(1000).age, 900);
  ASSERT_EQ(*source_->poll(1, 0, records_), PollState::kRecords);
  EXPECT_EQ(source_->lag(1000).records, 1u);
  EXPECT_EQ(source_->lag(1000).age, 700);
  EXPECT_EQ(source_->lag(200).age, 0);  // the log's clock was ahead
  ASSERT_EQ(*source_->poll(1, 0, records_), PollState::kRecords);
  EXPECT_EQ(source_->lag(1000).records, 0u);
  EXPECT_EQ(source_->lag(1000).age, 0);
}

TEST_F(EmbeddedSourceTest, AnAppendWakesAWaitingPoll) {
  ASSERT_TRUE(source_->seek({}));
  std::thread writer([&] { append("x"); });
  while (records_.empty()) ASSERT_TRUE(source_->poll(10, 60'000, records_));
  EXPECT_EQ(records_[0].payload, "x");
  writer.join();
}

TEST_F(EmbeddedSourceTest, ADroppedOffsetIsNotFound) {
  for (int i = 0; i < 5; ++i) append("x");
  ASSERT_TRUE(log_->retain("ingest", 0));
  const Status s = source_->seek(std::vector<uint64_t>{1});
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kNotFound);
  EXPECT_EQ(source_->seek(std::vector<uint64_t>{9}).error().code, Code::kNotFound);
  EXPECT_TRUE(source_->seek(std::vector<uint64_t>{5}));
}

TEST_F(EmbeddedSourceTest, HeldItBringsNothing) {
  append("x");
  ASSERT_TRUE(source_->seek({}));
  source_->hold(0, true);
  EXPECT_EQ(*source_->poll(10, 0, records_), PollState::kIdle);
  source_->hold(0, false);
  EXPECT_EQ(*source_->poll(10, 0, records_), PollState::kRecords);
}

// What was there when it was made, to its end, whatever is appended or dropped meanwhile.
TEST_F(EmbeddedSourceTest, ASpanOfTheLogIsBounded) {
  for (int i = 0; i < 5; ++i) append(std::to_string(i), i);
  LogSpanSource span(*log_, "ingest");
  append("later");
  EXPECT_THAT(span.partitions(), ElementsAre("log/ingest"));
  ASSERT_TRUE(span.seek(std::vector<uint64_t>{UINT64_MAX}));
  ASSERT_EQ(*span.poll(2, 0, records_), PollState::kRecords);
  ASSERT_EQ(records_.size(), 2u);
  EXPECT_EQ(records_[1].payload, "1");
  EXPECT_EQ(records_[1].timestamp, 1);
  EXPECT_FALSE(span.at_head(0));
  ASSERT_TRUE(log_->retain("ingest", 0));  // all but the last segment
  records_.clear();
  while (*span.poll(10, 0, records_) != PollState::kEnd) {
  }
  for (const Record& r : records_) EXPECT_LT(r.offset, 5u);
  EXPECT_TRUE(span.at_head(0));
  LogSpanSource empty(*log_, "ingest");
  ASSERT_TRUE(empty.seek(std::vector<uint64_t>{6}));
  EXPECT_EQ(*empty.poll(1, 0, records_), PollState::kEnd);
}

// A second reader of the topic takes nothing from the one that is woken by appends.
TEST_F(EmbeddedSourceTest, ASecondReaderDoesNotListen) {
  append("one", 5);
  append("two", 7);
  ASSERT_TRUE(source_->seek({}));
  ASSERT_EQ(*source_->poll(10, 0, records_), PollState::kRecords);
  {
    EmbeddedSource second(*log_, "ingest", false);
    EXPECT_EQ(*second.offset_at(0, 6), 1u);
    ASSERT_TRUE(second.seek(std::vector<uint64_t>{1}));
    std::vector<Record> theirs;
    ASSERT_EQ(*second.poll(10, 0, theirs), PollState::kRecords);
    ASSERT_EQ(theirs.size(), 1u);
    EXPECT_EQ(theirs[0].payload, "two");
  }
  int woken = 0;
  source_->on_arrival([&] { ++woken; });
  append("three", 9);
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace tocsin::file
