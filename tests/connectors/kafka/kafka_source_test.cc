#include "connectors/kafka/kafka_source.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>

#include "runtime/wake.h"
#include "tests/connectors/kafka/broker.h"
#include "tests/engine/state/scratch.h"

namespace tocsin::kafka {
namespace {

using runtime::PollState;
using runtime::Record;
using test::Broker;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kPatience = std::chrono::seconds(60);

std::vector<std::string> numbered(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i < to; ++i) all.push_back("record " + std::to_string(i));
  return all;
}

struct Got {
  std::vector<std::string> payloads;
  std::vector<Record> records;  // payloads of these are gone
};

// Polls until `n` records came, or the patience is over. Reads the padding, so that a sanitizer sees when it is
// missing.
Got read(KafkaSource& source, size_t n, size_t max = 500) {
  Got got;
  std::vector<Record> records;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (got.payloads.size() < n && std::chrono::steady_clock::now() < deadline) {
    records.clear();
    const auto state = source.poll(max, 50, records);
    if (!state) {
      ADD_FAILURE() << state.error().message;
      break;
    }
    EXPECT_LE(records.size(), max);
    for (const auto& r : records) {
      volatile char sum = 0;
      for (size_t i = 0; i < 64; ++i) sum = static_cast<char>(sum + r.payload.data()[r.payload.size() + i]);
      got.payloads.emplace_back(r.payload);
      got.records.push_back(r);
    }
  }
  return got;
}

// Polls until `done`; whatever comes meanwhile is dropped.
bool poll_until(KafkaSource& source, const std::function<bool()>& done) {
  std::vector<Record> records;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done() && std::chrono::steady_clock::now() < deadline) {
    records.clear();
    if (!source.poll(100, 20, records)) return false;
  }
  return done();
}

std::unique_ptr<KafkaSource> must_open(KafkaSourceOptions options) {
  options.watch_every = 200;
  auto source = KafkaSource::open(std::move(options));
  if (!source) {
    ADD_FAILURE() << source.error().message;
    std::abort();
  }
  return std::move(*source);
}

class KafkaSourceTest : public test::BrokerTest {
 protected:
  std::unique_ptr<KafkaSource> open(const std::string& topic, const std::vector<uint64_t>& offsets = {}) {
    auto source = must_open({.settings = broker().settings(), .topics = {topic}});
    const Status s = source->seek(offsets);
    EXPECT_TRUE(s) << s.error().message;
    return source;
  }
};

TEST_F(KafkaSourceTest, ReadsFromTheBeginningAndReachesTheHead) {
  const std::string topic = broker().create_topic("read", 1);
  broker().produce(topic, 0, numbered(0, 1000));
  const auto source = open(topic);
  EXPECT_THAT(source->partitions(), ElementsAre(topic + "/0"));
  const Got got = read(*source, 1000, 77);
  EXPECT_EQ(got.payloads, numbered(0, 1000));
  for (size_t i = 0; i < got.records.size(); ++i) {
    EXPECT_EQ(got.records[i].offset, i);
    EXPECT_EQ(got.records[i].next_offset, i + 1);
    EXPECT_GT(got.records[i].timestamp, 1'500'000'000'000);
  }
  EXPECT_TRUE(poll_until(*source, [&] { return source->at_head(0); }));
  EXPECT_EQ(source->health(), "");
  const auto stats = source->stats();
  ASSERT_THAT(stats, SizeIs(1));
  EXPECT_EQ(stats[0].position, 1000u);
  EXPECT_EQ(stats[0].end, 1000u);
  EXPECT_EQ(stats[0].lag_records, 0u);
  EXPECT_EQ(stats[0].lag_ms(INT64_MAX), 0);
  EXPECT_EQ(source->place(0, 5), "topic " + topic + ", partition 0, offset 5");
}

TEST_F(KafkaSourceTest, WakesWhoWaitsWhenARecordArrives) {
  const std::string topic = broker().create_topic("wake", 3);
  const auto source = open(topic);
  EXPECT_TRUE(poll_until(*source, [&] { return source->at_head(0) && source->at_head(1) && source->at_head(2); }));
  runtime::Wake wake;
  std::atomic<int> calls = 0;
  source->on_arrival([&] {
    ++calls;
    wake.notify();
  });
  for (int p = 0; p < 3; ++p) {
    broker().produce(topic, p, {"record"});
    std::vector<Record> records;
    for (;;) {
      wake.arm();
      ASSERT_TRUE(source->poll(100, 0, records));
      if (!records.empty()) break;
      const auto begin = std::chrono::steady_clock::now();
      wake.wait(std::chrono::milliseconds(kPatience).count());
      ASSERT_LT(std::chrono::steady_clock::now() - begin, kPatience) << "nobody called for partition " << p;
    }
    EXPECT_EQ(records[0].partition, static_cast<uint32_t>(p));
  }
  EXPECT_GT(calls, 0);
  source->on_arrival({});
  const int before = calls;
  broker().produce(topic, 0, {"record"});
  EXPECT_THAT(read(*source, 1).payloads, SizeIs(1));
  EXPECT_EQ(calls, before) << "nobody is told any more";
}

TEST_F(KafkaSourceTest, ResumesFromOffsetsPerPartition) {
  const std::string topic = broker().create_topic("resume", 3);
  for (int p = 0; p < 3; ++p) broker().produce(topic, p, numbered(p * 100, p * 100 + 10));
  const auto source = open(topic, {4, UINT64_MAX, 10});
  const Got got = read(*source, 16);
  std::vector<std::string> of[3];
  for (size_t i = 0; i < got.records.size(); ++i) of[got.records[i].partition].push_back(got.payloads[i]);
  EXPECT_EQ(of[0], numbered(4, 10));
  EXPECT_EQ(of[1], numbered(100, 110));
  EXPECT_THAT(of[2], IsEmpty());
  EXPECT_TRUE(poll_until(*source, [&] { return source->at_head(2); }));
}

TEST_F(KafkaSourceTest, ManyTopicsAreOneSource) {
  const std::string a = broker().create_topic("many-a", 2);
  const std::string b = broker().create_topic("many-b", 1);
  broker().produce(a, 1, {"a1"});
  broker().produce(b, 0, {"b0"});
  auto source = must_open({.settings = broker().settings(), .topics = {b, a}});
  EXPECT_THAT(source->partitions(), ElementsAre(b + "/0", a + "/0", a + "/1"));
  ASSERT_TRUE(source->seek({}));
  std::map<std::string, uint32_t> got;
  const Got all = read(*source, 2);
  for (size_t i = 0; i < all.records.size(); ++i) got[all.payloads[i]] = all.records[i].partition;
  EXPECT_EQ(got["b0"], 0u);
  EXPECT_EQ(got["a1"], 2u);
}

TEST_F(KafkaSourceTest, ALatestStartReadsOnlyWhatComes) {
  const std::string topic = broker().create_topic("latest", 1);
  broker().produce(topic, 0, numbered(0, 10));
  KafkaSourceOptions options{.settings = broker().settings(), .topics = {topic}};
  options.settings["auto.offset.reset"] = "latest";
  const auto source = must_open(options);
  ASSERT_TRUE(source->seek({}));
  ASSERT_TRUE(poll_until(*source, [&] { return source->at_head(0); }));
  broker().produce(topic, 0, numbered(10, 12));
  EXPECT_EQ(read(*source, 2).payloads, numbered(10, 12));
}

TEST_F(KafkaSourceTest, AnOffsetThatRetentionDroppedIsAnErrorNotAJump) {
  const std::string topic = broker().create_topic("dropped", 1);
  broker().produce(topic, 0, numbered(0, 20));
  broker().delete_records(topic, 0, 9);
  for (const uint64_t wanted : {uint64_t{5}, uint64_t{21}}) {
    const auto source = must_open({.settings = broker().settings(), .topics = {topic}});
    const Status s = source->seek(std::vector<uint64_t>{wanted});
    ASSERT_FALSE(s);
    EXPECT_EQ(s.error().code, Code::kNotFound);
    EXPECT_THAT(s.error().message,
                HasSubstr("offset " + std::to_string(wanted) + " of topic " + topic + ", partition 0"));
    EXPECT_THAT(s.error().message, HasSubstr("has 9 to 20"));
  }
  EXPECT_EQ(read(*open(topic, {9}), 11).payloads, numbered(9, 20));
  EXPECT_EQ(read(*open(topic), 11).payloads, numbered(9, 20)) << "the beginning is what is there";
}

TEST_F(KafkaSourceTest, RetentionThatOvertakesAReaderStopsIt) {
  const std::string topic = broker().create_topic("overtaken", 1);
  broker().produce(topic, 0, numbered(0, 5));
  KafkaSourceOptions options{.settings = broker().settings(), .topics = {topic}};
  // Small fetches, so that what is deleted was not fetched ahead.
  options.settings["queued.min.messages"] = "1";
  options.settings["queued.max.messages.kbytes"] = "1";
  options.settings["fetch.message.max.bytes"] = "1000";
  const auto source = must_open(options);
  ASSERT_TRUE(source->seek({}));
  ASSERT_THAT(read(*source, 5).payloads, SizeIs(5));
  source->hold(0, true);
  for (int i = 0; i < 20; ++i) broker().produce(topic, 0, {std::string(2000, 'x')});
  broker().delete_records(topic, 0, 25);
  source->hold(0, false);
  std::vector<Record> records;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto state = source->poll(10, 50, records);
    if (state) continue;
    EXPECT_EQ(state.error().code, Code::kNotFound);
    EXPECT_THAT(state.error().message, HasSubstr("has 25 to 25"));
    EXPECT_LT(records.size(), 25u);
    return;
  }
  FAIL() << "the jump went unnoticed";
}

TEST_F(KafkaSourceTest, AHeldPartitionWaitsAndLosesNothing) {
  const std::string topic = broker().create_topic("held", 2);
  broker().produce(topic, 0, numbered(0, 5000));
  broker().produce(topic, 1, numbered(5000, 5010));
  const auto source = open(topic);
  std::vector<std::string> of[2];
  const auto take = [&](size_t n) {
    const Got got = read(*source, n, 100);
    for (size_t i = 0; i < got.records.size(); ++i) of[got.records[i].partition].push_back(got.payloads[i]);
  };
  while (of[0].empty()) take(1);
  source->hold(0, true);
  const size_t before = of[0].size();
  while (of[1].size() < 10) take(1);
  EXPECT_EQ(of[0].size(), before);
  EXPECT_FALSE(source->at_head(0));
  for (int i = 0; i < 20; ++i) {  // back and forth in the middle of it
    source->hold(0, false);
    take(50);
    source->hold(0, true);
  }
  source->hold(0, false);
  take(5000 - of[0].size());
  EXPECT_EQ(of[0], numbered(0, 5000));
  EXPECT_EQ(of[1], numbered(5000, 5010));
  EXPECT_TRUE(poll_until(*source, [&] { return source->at_head(0); }));
}

TEST_F(KafkaSourceTest, ALargeRecordPassesAndAnOversizedOneIsMarked) {
  const std::string topic = broker().create_topic("large", 1, {{"max.message.bytes", "4000000"}});
  broker().produce(topic, 0, {std::string(1u << 20, 'a'), std::string((1u << 20) + 1, 'b'), "c"});
  const Got got = read(*open(topic), 3);
  ASSERT_THAT(got.payloads, SizeIs(3));
  EXPECT_EQ(got.payloads[0].size(), 1u << 20);
  EXPECT_EQ(got.records[0].fault, "");
  EXPECT_EQ(got.records[1].fault, "oversized");
  EXPECT_EQ(got.payloads[1], std::string(1024, 'b'));
  EXPECT_EQ(got.payloads[2], "c");
}

TEST_F(KafkaSourceTest, NewPartitionsAreReported) {
  const std::string topic = broker().create_topic("grows", 1);
  const auto source = open(topic);
  broker().add_partitions(topic, 3);
  EXPECT_TRUE(poll_until(*source, [&] { return source->new_partitions().size() == 2; }));
  EXPECT_THAT(source->new_partitions(), ElementsAre(topic + "/1", topic + "/2"));
}

TEST_F(KafkaSourceTest, OffsetsAreMirroredForLagTools) {
  const std::string topic = broker().create_topic("mirror", 1);
  broker().produce(topic, 0, numbered(0, 10));
  KafkaSourceOptions options{.settings = broker().settings(), .topics = {topic}, .mirror_offsets = true};
  options.settings["group.id"] = topic + "-group";
  const auto source = must_open(options);
  ASSERT_TRUE(source->seek({}));
  ASSERT_THAT(read(*source, 10).payloads, SizeIs(10));
  source->committed(std::vector<uint64_t>{7});
  Callbacks callbacks;
  ClientOptions client;
  client.user = options.settings;
  client.callbacks = &callbacks;
  const auto tool = make_client(RD_KAFKA_CONSUMER, client);
  ASSERT_TRUE(tool);
  const Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
  EXPECT_TRUE(poll_until(*source, [&] {
    return rd_kafka_committed(tool->get(), list.get(), 5000) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           list->elems[0].offset == 7;
  }));
}

TEST_F(KafkaSourceTest, AMissingTopicIsNamed) {
  const auto source = KafkaSource::open({.settings = broker().settings(), .topics = {"nowhere"}});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Code::kNotFound);
  EXPECT_THAT(source.error().message, HasSubstr("topic nowhere does not exist"));
}

TEST(KafkaSettings, FaultsAreNamedAndSecretsAreNot) {
  const auto open = [](Settings settings) {
    auto source = KafkaSource::open({.settings = std::move(settings), .topics = {"t"}, .connect_wait = 100});
    EXPECT_FALSE(source);
    return source ? Error{} : source.error();
  };
  EXPECT_THAT(open({}).message, HasSubstr("bootstrap.servers"));
  EXPECT_THAT(open({{"bootstrap.servers", "x"}, {"no.such", "1"}}).message, HasSubstr("no.such"));
  EXPECT_THAT(open({{"bootstrap.servers", "x"}, {"enable.auto.commit", "true"}}).message, HasSubstr("must be false"));
  EXPECT_THAT(open({{"bootstrap.servers", "x"}, {"ssl.key.pem", "hunter2"}}).message,
              testing::Not(HasSubstr("hunter2")));
  const Settings shown = redacted({{"sasl.password", "p"}, {"ssl.key.location", "/k"}, {"sasl.username", "u"}});
  EXPECT_EQ(shown, (Settings{{"sasl.password", "***"}, {"ssl.key.location", "/k"}, {"sasl.username", "u"}}));
}

TEST(KafkaSourceAlone, NoBrokerAtTheStartIsUnavailable) {
  KafkaSourceOptions options{.settings = {{"bootstrap.servers", "127.0.0.1:1"}}, .topics = {"t"}, .connect_wait = 100};
  const auto source = KafkaSource::open(options);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Code::kUnavailable);

  options.known_partitions = {"t/0", "t/1", "other/0"};
  const auto waiting = must_open(options);
  EXPECT_THAT(waiting->partitions(), ElementsAre("t/0", "t/1"));
  ASSERT_TRUE(waiting->seek(std::vector<uint64_t>{5, 6}));
  EXPECT_TRUE(poll_until(*waiting, [&] { return !waiting->health().empty(); }));
  EXPECT_FALSE(waiting->at_head(0));
  std::vector<Record> records;
  EXPECT_EQ(*waiting->poll(10, 10, records), PollState::kIdle);
}

// On a broker of its own, which is stopped and started.
TEST_F(KafkaSourceTest, ABrokerThatGoesAwayIsWaitedFor) {
  test::ScratchDirectory dir;
  Broker own(dir / "broker");
  const std::string topic = own.create_topic("away", 1);
  own.produce(topic, 0, numbered(0, 10));
  const auto source = must_open({.settings = own.settings(), .topics = {topic}});
  ASSERT_TRUE(source->seek({}));
  EXPECT_EQ(read(*source, 10).payloads, numbered(0, 10));
  ASSERT_TRUE(poll_until(*source, [&] { return source->at_head(0); }));
  own.stop();
  EXPECT_TRUE(poll_until(*source, [&] { return !source->at_head(0) && !source->health().empty(); }));
  own.start();
  own.produce(topic, 0, numbered(10, 20));
  EXPECT_EQ(read(*source, 10).payloads, numbered(10, 20));
  EXPECT_TRUE(poll_until(*source, [&] { return source->at_head(0) && source->health().empty(); }));
}

TEST_F(KafkaSourceTest, FindsTheOffsetOfATime) {
  const std::string topic = broker().create_topic("times", 2);
  broker().produce(topic, 0, numbered(0, 3));
  auto source = must_open({.settings = broker().settings(), .topics = {topic}});
  ASSERT_TRUE(source->seek(std::vector<uint64_t>{UINT64_MAX, UINT64_MAX}));
  const Got got = read(*source, 3);
  ASSERT_THAT(got.records, SizeIs(3));
  const TimeMs first = got.records.front().timestamp, last = got.records.back().timestamp;
  EXPECT_EQ(*source->offset_at(0, 0), 0u);
  EXPECT_EQ(*source->offset_at(0, first), 0u);
  EXPECT_EQ(*source->offset_at(0, last + 1), 3u) << "nothing is so young: the end";
  EXPECT_EQ(*source->offset_at(1, 0), 0u) << "an empty partition";
}

}  // namespace
}  // namespace tocsin::kafka
