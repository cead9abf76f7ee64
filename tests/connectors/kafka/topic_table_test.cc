// A compacted topic as a table: which record of a key counts, partitions that come later, and ending.
#include "connectors/kafka/topic_table.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tests/connectors/kafka/broker.h"

namespace tocsin::kafka {
namespace {

using Clock = std::chrono::steady_clock;
using test::TableRecord;

constexpr auto kPatience = std::chrono::seconds(60);
constexpr char kHeader[] = "post,care\n";

TopicTableOptions options(Settings settings, const std::string& topic) {
  TopicTableOptions o;
  o.settings = std::move(settings);
  o.topic = topic;
  o.declaration = {
      "posts.yaml",
      "table:\n  name: posts\n  topic: " + topic + "\n  key: post\n  columns: {post: string, care: string}\n",
      rule::SourceFile::Kind::kTable};
  o.refresh = 1;
  return o;
}

TableRecord row(std::string key, const std::string& care, int64_t at) {
  return {std::move(key), R"({"care":")" + care + "\"}", at};
}

std::string text_of(const TopicTable& table) {
  const auto text = table.text();
  return text == nullptr ? "no text" : *text;
}

void expect_text(const TopicTable& table, const std::string& rows) {
  const auto until = Clock::now() + kPatience;
  while (text_of(table) != kHeader + rows && Clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(text_of(table), kHeader + rows) << table.figures().trouble;
}

class TopicTableTest : public test::BrokerTest {
 protected:
  TopicTableOptions of(const std::string& topic) { return options(broker().settings(), topic); }
};

TEST_F(TopicTableTest, PartitionsThatAreAddedAreRead) {
  const std::string topic = broker().create_topic("grown", 1, {{"cleanup.policy", "compact"}});
  broker().produce(topic, 0, std::vector{row("a", "red", 10), row("b", "red", 10), row("c", "red", 10)});
  const TopicTable table(of(topic));
  ASSERT_TRUE(table.wait(60'000));
  expect_text(table, "a,red\nb,red\nc,red\n");
  broker().add_partitions(topic, 3);
  broker().produce(topic, 1, std::vector{row("b", "green", 20), row("d", "green", 20)});
  broker().produce(topic, 2, std::vector{TableRecord{"c", std::nullopt, 20}});
  expect_text(table, "a,red\nb,green\nd,green\n");
  broker().produce(topic, 1, std::vector{row("d", "red", 30)});  // it is followed like the first one
  expect_text(table, "a,red\nb,green\nd,red\n");
  const TopicTable restarted(of(topic));
  ASSERT_TRUE(restarted.wait(60'000));
  EXPECT_EQ(text_of(restarted), text_of(table));
}

TEST_F(TopicTableTest, WhatARestartReadsIsWhatWasFollowed) {
  const std::string topic = broker().create_topic("moved", 2, {{"cleanup.policy", "compact"}});
  const TopicTable table(of(topic));
  ASSERT_TRUE(table.wait(60'000));
  // One after the other, as a reader who follows gets them; a restart gets a partition after the other.
  broker().produce(topic, 0, std::vector{row("a", "old", 10), row("b", "old", 10)});
  expect_text(table, "a,old\nb,old\n");
  broker().produce(topic, 1, std::vector{row("a", "new", 20), row("b", "new", 20)});
  expect_text(table, "a,new\nb,new\n");
  broker().produce(topic, 0, std::vector{row("b", "newest", 30), row("a", "late", 15)});
  expect_text(table, "a,new\nb,newest\n");
  for (int i = 0; i < 3; ++i) {
    const TopicTable restarted(of(topic));
    ASSERT_TRUE(restarted.wait(60'000));
    EXPECT_EQ(text_of(restarted), text_of(table));
  }
}

// A broker is waited for for ten seconds; ending waits for a piece of it, and several end together.
TEST(TopicTableEnd, DoesNotWaitForABrokerThatIsAway) {
  constexpr int kTables = 8;
  std::vector<std::atomic<int>> lines(kTables);
  std::vector<std::unique_ptr<TopicTable>> tables;
  for (int i = 0; i < kTables; ++i) {
    TopicTableOptions o = options({{"bootstrap.servers", "127.0.0.1:1"}}, "posts");
    o.log = [&lines, i](int, std::string_view) { ++lines[static_cast<size_t>(i)]; };
    tables.push_back(std::make_unique<TopicTable>(std::move(o)));
  }
  const auto refused = [&] { return std::ranges::all_of(lines, [](const auto& n) { return n > 0; }); };
  for (const auto until = Clock::now() + kPatience; !refused() && Clock::now() < until;) std::this_thread::yield();
  ASSERT_TRUE(refused()) << "they all have knocked, and wait";
  const auto begin = Clock::now();
  for (const auto& table : tables) table->end();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(1));
  EXPECT_FALSE(tables[0]->wait(60'000));
  tables.clear();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace tocsin::kafka
