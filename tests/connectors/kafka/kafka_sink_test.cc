#include "connectors/kafka/kafka_sink.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "connectors/kafka/read_back.h"
#include "tests/connectors/kafka/broker.h"
#include "tests/engine/state/child.h"
#include "tests/engine/state/scratch.h"

namespace tocsin::kafka {
namespace {

using test::Broker;
using testing::HasSubstr;
using testing::SizeIs;

std::string alert_of(uint64_t sequence) { return "alert-" + std::to_string(sequence % 17); }
std::string json_of(uint64_t sequence) { return "{\"n\":" + std::to_string(sequence) + "}"; }

Status publish(KafkaSink& sink, uint64_t first, uint64_t last) {
  std::vector<std::string> keys;
  std::vector<std::string> texts;
  for (uint64_t i = first; i <= last; ++i) {
    keys.push_back(alert_of(i));
    texts.push_back(json_of(i));
  }
  std::vector<runtime::Outgoing> batch;
  for (uint64_t i = first; i <= last; ++i) batch.push_back({i, keys[i - first], texts[i - first], kNoTime, false});
  return sink.publish(batch);
}

std::unique_ptr<KafkaSink> must_open(KafkaSinkOptions options) {
  auto sink = KafkaSink::open(std::move(options));
  if (!sink) {
    ADD_FAILURE() << sink.error().message;
    std::abort();
  }
  return std::move(*sink);
}

KafkaSinkOptions options_for(const Broker& broker, const std::string& topic) {
  return {.settings = broker.settings(), .topic = topic, .instance = "here"};
}

// Every sequence 1 … last once, each alert's in one partition and in order.
void expect_once_in_order(Broker& broker, const std::string& topic, uint64_t last) {
  std::map<uint64_t, int> times;
  std::map<std::string, std::pair<int32_t, uint64_t>> alerts;
  for (const auto& r : broker.consume(topic)) {
    const uint64_t n = std::stoull(r.headers.at(kSequenceHeader));
    ++times[n];
    EXPECT_EQ(r.payload, json_of(n));
    EXPECT_EQ(r.key, alert_of(n));
    EXPECT_EQ(r.headers.at(kInstanceHeader), "here");
    auto& [partition, before] = alerts.try_emplace(r.key, r.partition, 0).first->second;
    EXPECT_EQ(partition, r.partition);
    EXPECT_LT(before, n);
    before = n;
  }
  EXPECT_EQ(times.size(), last);
  for (const auto& [n, count] : times) {
    EXPECT_LE(n, last);
    EXPECT_EQ(count, 1) << "sequence " << n;
  }
}

class KafkaSinkTest : public test::BrokerTest {};

TEST_F(KafkaSinkTest, DeliversOnceInOrder) {
  const std::string topic = broker().create_topic("alerts", 3);
  const auto sink = must_open(options_for(broker(), topic));
  EXPECT_EQ(*sink->resume(0), 0u);
  ASSERT_TRUE(publish(*sink, 1, 500));
  ASSERT_TRUE(publish(*sink, 501, 1000));
  ASSERT_TRUE(sink->flush(30'000));
  EXPECT_EQ(sink->delivered(), 1000u);
  EXPECT_EQ(sink->health(), "");
  expect_once_in_order(broker(), topic, 1000);
}

TEST_F(KafkaSinkTest, ReadsBackWhatTheStateDoesNotKnowOf) {
  const std::string topic = broker().create_topic("back", 3);
  {
    const auto sink = must_open(options_for(broker(), topic));
    ASSERT_TRUE(sink->resume(0));
    ASSERT_TRUE(publish(*sink, 1, 3000));
    ASSERT_TRUE(sink->flush(30'000));
  }
  const auto sink = must_open(options_for(broker(), topic));
  EXPECT_EQ(*sink->resume(700), 3000u);
  ASSERT_TRUE(publish(*sink, 701, 3010)) << "offered again nevertheless";
  ASSERT_TRUE(sink->flush(30'000));
  EXPECT_EQ(sink->delivered(), 3010u);
  expect_once_in_order(broker(), topic, 3010);
}

TEST_F(KafkaSinkTest, HolesAreFilled) {
  // What a crash may leave: later ones arrived in one partition, earlier ones of another did not.
  const std::string topic = broker().create_topic("holes", 3);
  {
    const auto sink = must_open(options_for(broker(), topic));
    ASSERT_TRUE(sink->resume(0));
    for (uint64_t i = 1; i <= 100; ++i) {
      if (i >= 50 && i % 17 != 3) continue;
      ASSERT_TRUE(publish(*sink, i, i));
    }
    ASSERT_TRUE(sink->flush(30'000));
  }
  const auto sink = must_open(options_for(broker(), topic));
  EXPECT_EQ(*sink->resume(40), 49u);
  ASSERT_TRUE(publish(*sink, 50, 120));
  ASSERT_TRUE(sink->flush(30'000));
  EXPECT_EQ(sink->delivered(), 120u);
  expect_once_in_order(broker(), topic, 120);
}

TEST_F(KafkaSinkTest, AnotherInstancesRecordsAreNotOurs) {
  const std::string topic = broker().create_topic("two", 1);
  KafkaSinkOptions other = options_for(broker(), topic);
  other.instance = "there";
  {
    const auto sink = must_open(other);
    ASSERT_TRUE(sink->resume(0));
    ASSERT_TRUE(publish(*sink, 1, 50));
    ASSERT_TRUE(sink->flush(30'000));
  }
  const auto sink = must_open(options_for(broker(), topic));
  EXPECT_EQ(*sink->resume(0), 0u);
  ASSERT_TRUE(publish(*sink, 1, 10));
  ASSERT_TRUE(sink->flush(30'000));
  EXPECT_THAT(broker().consume(topic), SizeIs(60));
}

TEST(KafkaSinkAlone, NoBrokerIsBackPressureUntilItIsThere) {
  KafkaSinkOptions options{.settings = {{"bootstrap.servers", "127.0.0.1:1"}}, .topic = "t", .connect_wait = 100};
  const auto sink = must_open(options);
  EXPECT_EQ(*sink->resume(5), 5u);
  EXPECT_EQ(publish(*sink, 6, 6).error().code, Code::kExhausted);
  EXPECT_EQ(sink->delivered(), 5u);
  EXPECT_NE(sink->health(), "");
}

TEST_F(KafkaSinkTest, TooManyOnTheirWayIsBackPressureAndNothingIsDoubled) {
  const std::string topic = broker().create_topic("pressure", 2);
  KafkaSinkOptions options = options_for(broker(), topic);
  options.max_in_flight = 64;
  const auto sink = must_open(options);
  ASSERT_TRUE(sink->resume(0));
  for (uint64_t first = 1; first <= 1000; first += 100) {
    Status s = publish(*sink, first, first + 99);
    while (!s) {
      ASSERT_EQ(s.error().code, Code::kExhausted);
      ASSERT_TRUE(sink->flush(30'000));
      s = publish(*sink, first, first + 99);
    }
  }
  ASSERT_TRUE(sink->flush(30'000));
  EXPECT_EQ(sink->delivered(), 1000u);
  expect_once_in_order(broker(), topic, 1000);
}

TEST_F(KafkaSinkTest, ARecordTheTopicDoesNotTakeStopsTheSink) {
  const std::string topic = broker().create_topic("small", 1, {{"max.message.bytes", "1000"}});
  const auto sink = must_open(options_for(broker(), topic));
  ASSERT_TRUE(sink->resume(0));
  std::string big(5000, '\0');
  std::mt19937 random(1);
  for (auto& c : big) c = static_cast<char>(random());  // must not compress
  const runtime::Outgoing one[] = {{1, "a", big, kNoTime, false}};
  ASSERT_TRUE(sink->publish(one));
  const Status s = sink->flush(30'000);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kInvalid);
  EXPECT_FALSE(publish(*sink, 2, 2));
}

TEST_F(KafkaSinkTest, AProducerIsReplacedWithoutLossOrDoubles) {
  const std::string topic = broker().create_topic("replaced", 3);
  const auto sink = must_open(options_for(broker(), topic));
  ASSERT_TRUE(sink->resume(0));
  for (uint64_t first = 1; first <= 2000; first += 50) {
    while (!publish(*sink, first, first + 49)) std::this_thread::yield();
    if (first % 500 == 1) sink->replace_producer();  // with the last ones on their way
  }
  ASSERT_TRUE(sink->flush(60'000)) << sink->health();
  EXPECT_EQ(sink->delivered(), 2000u);
  expect_once_in_order(broker(), topic, 2000);
}

TEST_F(KafkaSinkTest, TransactionsFenceAnOlderInstance) {
  const std::string topic = broker().create_topic("txn", 2);
  KafkaSinkOptions options = options_for(broker(), topic);
  options.settings["transactional.id"] = topic;
  const auto older = must_open(options);
  ASSERT_TRUE(older->resume(0));
  ASSERT_TRUE(publish(*older, 1, 100));
  ASSERT_TRUE(older->flush(60'000)) << older->health();
  const auto newer = must_open(options);
  EXPECT_EQ(*newer->resume(0), 100u);
  ASSERT_TRUE(publish(*older, 101, 110));
  const Status fenced = older->flush(60'000);
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, Code::kConflict) << fenced.error().message;
  ASSERT_TRUE(publish(*newer, 101, 120));
  ASSERT_TRUE(newer->flush(60'000)) << newer->health();
  expect_once_in_order(broker(), topic, 120);
}

// The child publishes 1, 2, 3 … and is killed; what it knows to be delivered goes to descriptor 3, as the state would.
const test::Child publisher("publisher", [](const std::string& argument) {
  std::istringstream words(argument);
  std::string address;
  std::string topic;
  uint64_t floor = 0;
  words >> address >> topic >> floor;
  auto sink = KafkaSink::open({.settings = {{"bootstrap.servers", address}}, .topic = topic, .instance = "here"});
  if (!sink) return 1;
  const auto held = (*sink)->resume(floor);
  if (!held) return 1;
  for (uint64_t next = std::max(floor, *held) + 1;; next += 20) {
    while (!publish(**sink, next, next + 19)) std::this_thread::yield();
    const uint64_t delivered = (*sink)->delivered();
    if (::write(3, &delivered, sizeof delivered) != sizeof delivered) return 1;
  }
});

TEST_F(KafkaSinkTest, KilledPublishersLeaveEachTransitionOnce) {
  const std::string topic = broker().create_topic("killed", 3);
  std::mt19937 random(42);
  uint64_t floor = 0;
  for (int round = 0; round < 8; ++round) {
    const auto child = test::run_as_child("publisher", broker().address() + " " + topic + " " + std::to_string(floor));
    uint64_t known = 0;
    const auto reports = 1 + random() % 200;
    for (uint64_t i = 0; i < reports && ::read(child.output, &known, sizeof known) == sizeof known; ++i) {
      // The state learns of deliveries with a delay; the last ones before the crash are not in it.
      if (i % 50 == 0) floor = std::max(floor, known);
    }
    ::kill(child.pid, SIGKILL);
    ::close(child.output);
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  }
  const auto sink = must_open(options_for(broker(), topic));
  const auto held = sink->resume(floor);
  ASSERT_TRUE(held);
  const uint64_t last = *held + 5000;  // past all that any child had on its way
  for (uint64_t next = *held + 1; next <= last; next += 100) {
    while (!publish(*sink, next, std::min(last, next + 99))) ASSERT_TRUE(sink->flush(30'000));
  }
  ASSERT_TRUE(sink->flush(60'000));
  // A child may have been further than `last`: read on to what is there.
  uint64_t most = last;
  for (const auto& r : broker().consume(topic))
    most = std::max<uint64_t>(most, std::stoull(r.headers.at(kSequenceHeader)));
  for (uint64_t next = last + 1; next <= most; ++next) ASSERT_TRUE(publish(*sink, next, next));
  ASSERT_TRUE(sink->flush(60'000));
  expect_once_in_order(broker(), topic, most);
}

// On a broker of its own, which is stopped and started.
TEST_F(KafkaSinkTest, ABrokerThatGoesAwayLosesAndDoublesNothing) {
  test::ScratchDirectory dir;
  Broker own(dir / "broker");
  const std::string topic = own.create_topic("away", 2);
  const auto sink = must_open(options_for(own, topic));
  ASSERT_TRUE(sink->resume(0));
  ASSERT_TRUE(publish(*sink, 1, 100));
  ASSERT_TRUE(sink->flush(30'000));
  own.stop();
  ASSERT_TRUE(publish(*sink, 101, 200));
  EXPECT_FALSE(sink->flush(200));
  EXPECT_EQ(sink->delivered(), 100u);
  own.start();
  ASSERT_TRUE(publish(*sink, 201, 300));
  ASSERT_TRUE(sink->flush(60'000)) << sink->health();
  EXPECT_EQ(sink->delivered(), 300u);
  expect_once_in_order(own, topic, 300);
}

}  // namespace
}  // namespace tocsin::kafka
