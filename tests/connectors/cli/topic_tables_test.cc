// Tables from topics while no broker answers: what stands in for them, and that letting go waits for nobody.
#include "connectors/cli/topic_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "tests/engine/runtime/fixture.h"

namespace tocsin::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = rule::SourceFile::Kind;

rule::SourceFile declaration(const std::string& name) {
  return {name + ".yaml",
          "table:\n  name: " + name + "\n  topic: " + name + "\n  key: post\n  columns: {post: string, care: string}\n",
          Kind::kTable};
}

// Rows of these lie with the state; nobody listens where the broker should be.
std::unique_ptr<TopicTables> tables_of(const std::vector<std::string>& names, DurationMs kept) {
  std::vector<rule::SourceFile> stored;
  for (const std::string& name : names) {
    stored.push_back(declaration(name));
    stored.push_back({"kafka:" + name, "post,care\na,red\n", Kind::kRows, name + ".yaml"});
  }
  auto tables = std::make_unique<TopicTables>(TopicTables::Of{
      .settings = {{"bootstrap.servers", "127.0.0.1:1"}}, .stored = [stored] { return stored; }, .kept = kept});
  tables->started();
  for (const std::string& name : names) {
    const auto rows = tables->rows_of(declaration(name));
    EXPECT_EQ(rows ? rows->text : rows.error().message, "post,care\na,red\n");
  }
  return tables;
}

// A reload that was refused has asked for it; the rules in force do not have it.
TEST(TopicTables, ATableOfNoRuleInForceIsLetGoOfAndNobodyWaitsForIt) {
  const auto in_force = runtime::testing::rules();
  const auto tables = tables_of({"posts"}, 0);
  ASSERT_EQ(tables->figures().size(), 1U);
  const auto begin = Clock::now();
  EXPECT_EQ(tables->step(*in_force, {}), nullptr);
  EXPECT_TRUE(tables->figures().empty());
  EXPECT_EQ(tables->health(), "");
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(500)) << "its thread still waits for the broker";
}

TEST(TopicTables, WhatWasJustAskedForIsThereForTheNextAttemptUntilAReloadIsApplied) {
  const auto in_force = runtime::testing::rules();
  const auto tables = tables_of({"posts"}, 60'000);
  EXPECT_EQ(tables->step(*in_force, {}), nullptr);
  EXPECT_EQ(tables->figures().size(), 1U);
  const auto begin = Clock::now();
  tables->reloaded(*in_force);
  EXPECT_TRUE(tables->figures().empty());
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(500));
}

TEST(TopicTables, AllEndTogether) {
  auto tables = tables_of({"a", "b", "c", "d"}, 60'000);
  const auto begin = Clock::now();
  tables.reset();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(7))
      << "each waits for the broker in pieces of up to four seconds";
}

}  // namespace
}  // namespace tocsin::cli
