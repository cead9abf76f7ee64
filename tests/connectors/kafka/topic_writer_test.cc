#include "connectors/kafka/topic_writer.h"

#include <gmock/gmock.h>

#include <future>

#include "tests/connectors/kafka/broker.h"

namespace tocsin::kafka {
namespace {

using testing::SizeIs;

Status write_and_wait(KafkaTopicWriter& writer, std::span<const KeyedRecord> records) {
  std::promise<Status> outcome;
  auto future = outcome.get_future();
  if (Status s = writer.write(records, [&](Status told) { outcome.set_value(std::move(told)); }); !s) return s;
  return future.get();
}

class TopicWriterTest : public test::BrokerTest {};

TEST_F(TopicWriterTest, TellsWhenRecordsAreSafe) {
  const std::string topic = broker().create_topic("ingest", 3);
  auto writer = KafkaTopicWriter::open({.settings = broker().settings(), .topic = topic});
  ASSERT_TRUE(writer) << writer.error().message;
  const KeyedRecord records[] = {{"grid", "one"}, {"grid", "two"}, {"", "three"}};
  ASSERT_TRUE(write_and_wait(**writer, records));
  const auto got = broker().consume(topic);
  EXPECT_THAT(got, SizeIs(3));
  EXPECT_EQ((*writer)->health(), "");
}

TEST_F(TopicWriterTest, EveryWriteIsAnsweredAlsoAtTheEnd) {
  const std::string topic = broker().create_topic("answers", 1);
  std::atomic<int> answered = 0;
  {
    auto writer = KafkaTopicWriter::open({.settings = broker().settings(), .topic = topic});
    ASSERT_TRUE(writer);
    const KeyedRecord one[] = {{"k", "v"}};
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE((*writer)->write(one, [&](Status s) { answered += s.is_ok(); }));
    }
  }
  EXPECT_EQ(answered, 1000);
  EXPECT_THAT(broker().consume(topic), SizeIs(1000));
}

TEST(TopicWriterAlone, NoBrokerIsUnavailableAndTheQueueIsBounded) {
  auto writer = KafkaTopicWriter::open(
      {.settings = {{"bootstrap.servers", "127.0.0.1:1"}}, .topic = "t", .timeout = 300, .max_in_flight = 2});
  ASSERT_TRUE(writer);
  const KeyedRecord three[] = {{"", "1"}, {"", "2"}, {"", "3"}};
  EXPECT_EQ((*writer)->write(three, [](const Status&) {}).error().code, Code::kExhausted);
  const KeyedRecord one[] = {{"", "1"}};
  const Status s = write_and_wait(**writer, one);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace tocsin::kafka
