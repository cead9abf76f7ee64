// The store's contract, held by RocksDB and by the memory store alike.
#include "state/store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/engine/state/scratch.h"

namespace tocsin::state {
namespace {

using test::ScratchDirectory;
using Entries = std::vector<std::pair<std::string, std::string>>;

class StoreContract : public testing::TestWithParam<bool> {
 protected:
  StoreContract() {
    if (!GetParam()) {
      store_ = make_memory_store();
      return;
    }
    auto opened = open_rocksdb(scratch_ / "state");
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return;
    }
    store_ = std::move(*opened);
  }

  void put(Table table, const std::string& key, const std::string& value) {
    Batch batch;
    batch.puts.push_back({table, key, value});
    ASSERT_TRUE(store_->write(batch, true));
  }
  Entries scan(Table table, std::string_view begin, std::string_view end) {
    Entries got;
    EXPECT_TRUE(store_->scan(table, begin, end, [&](auto k, auto v) {
      got.emplace_back(k, v);
      return true;
    }));
    return got;
  }

  ScratchDirectory scratch_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::Values(false, true),
                         [](const auto& p) { return p.param ? "RocksDB" : "Memory"; });

TEST_P(StoreContract, GivesBackWhatWasPut) {
  put(Table::kMeta, "a", std::string("b\0c", 3));
  EXPECT_EQ(*store_->get(Table::kMeta, "a"), std::string("b\0c", 3));
  put(Table::kMeta, "a", "");
  EXPECT_EQ(*store_->get(Table::kMeta, "a"), "");
}

TEST_P(StoreContract, AbsentIsNotFound) {
  const auto got = store_->get(Table::kAlerts, "nobody");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kNotFound);
}

TEST_P(StoreContract, TablesAreApart) {
  put(Table::kDead, "k", "dead");
  put(Table::kLate, "k", "late");
  EXPECT_EQ(*store_->get(Table::kDead, "k"), "dead");
  EXPECT_EQ(*store_->get(Table::kLate, "k"), "late");
  EXPECT_FALSE(store_->get(Table::kOutbox, "k"));
}

TEST_P(StoreContract, ABatchDeletesRangesThenKeysThenPuts) {
  for (uint64_t i = 0; i < 10; ++i) put(Table::kDelta, big_endian(i), "old");
  Batch batch;
  batch.puts.push_back({Table::kDelta, big_endian(3), "new"});
  batch.puts.push_back({Table::kDelta, big_endian(8), "new"});
  batch.deletes.push_back({Table::kDelta, big_endian(8)});
  batch.deletes.push_back({Table::kDelta, big_endian(9)});
  batch.ranges.push_back({Table::kDelta, big_endian(0), big_endian(7)});
  batch.ranges.push_back({Table::kDelta, big_endian(9), big_endian(9)});  // empty
  batch.ranges.push_back({Table::kDelta, big_endian(9), big_endian(1)});  // nothing either
  ASSERT_TRUE(store_->write(batch, true));
  EXPECT_EQ(scan(Table::kDelta, "", ""),
            (Entries{{big_endian(3), "new"}, {big_endian(7), "old"}, {big_endian(8), "new"}}));
}

TEST_P(StoreContract, ScansInOrderWithinBounds) {
  for (const char* key : {"b", "a", "d", "c", "ca"}) put(Table::kState, key, key);
  EXPECT_EQ(scan(Table::kState, "b", "d"), (Entries{{"b", "b"}, {"c", "c"}, {"ca", "ca"}}));
  EXPECT_EQ(scan(Table::kState, "cz", ""), (Entries{{"d", "d"}}));
  EXPECT_TRUE(scan(Table::kState, "e", "").empty());
}

TEST_P(StoreContract, ScansBackwardsWithinBounds) {
  for (const char* key : {"b", "a", "d", "c"}) put(Table::kState, key, key);
  std::string got;
  const auto collect = [&](std::string_view k, std::string_view) {
    got += k;
    return true;
  };
  ASSERT_TRUE(store_->scan_backward(Table::kState, "", "", collect));
  EXPECT_EQ(got, "dcba");
  got.clear();
  ASSERT_TRUE(store_->scan_backward(Table::kState, "b", "d", collect));
  EXPECT_EQ(got, "cb");
}

TEST_P(StoreContract, AVisitorStopsTheScan) {
  for (uint64_t i = 0; i < 300; ++i) put(Table::kOutbox, big_endian(i), "x");
  size_t seen = 0;
  ASSERT_TRUE(store_->scan(Table::kOutbox, "", "", [&](auto, auto) { return ++seen < 200; }));
  EXPECT_EQ(seen, 200u);
  seen = 0;
  ASSERT_TRUE(store_->scan_backward(Table::kOutbox, "", "", [&](auto, auto) { return ++seen < 200; }));
  EXPECT_EQ(seen, 200u);
  EXPECT_EQ(scan(Table::kOutbox, "", "").size(), 300u);
}

TEST_P(StoreContract, AVisitorMayUseTheStore) {
  put(Table::kOutbox, "1", "x");
  ASSERT_TRUE(store_->scan(Table::kOutbox, "", "", [&](std::string_view k, std::string_view) {
    put(Table::kAlerts, std::string(k), "seen");
    return store_->get(Table::kAlerts, k).is_ok();
  }));
  EXPECT_EQ(*store_->get(Table::kAlerts, "1"), "seen");
}

TEST_P(StoreContract, ACheckpointIsACopyOfItsMoment) {
  put(Table::kMeta, "k", "before");
  put(Table::kLog, "r", std::string(100'000, 'x'));
  ASSERT_TRUE(store_->checkpoint(scratch_ / "copy"));
  put(Table::kMeta, "k", "after");
  auto copy = open_rocksdb(scratch_ / "copy");
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(*(*copy)->get(Table::kMeta, "k"), "before");
  EXPECT_EQ((*copy)->get(Table::kLog, "r")->size(), 100'000u);
}

TEST_P(StoreContract, ThreadsReadWhileOneWrites) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        // Both keys are written by one batch, the second last: a reader never sees it without the first.
        const auto b = store_->get(Table::kAlerts, "b");
        const auto a = store_->get(Table::kState, "a");
        if (b) {
          ASSERT_TRUE(a);
          ASSERT_GE(from_big_endian(*a), from_big_endian(*b));
        }
      }
    });
  }
  for (uint64_t i = 1; i < 500; ++i) {
    Batch batch;
    batch.puts.push_back({Table::kState, "a", big_endian(i)});
    batch.puts.push_back({Table::kAlerts, "b", big_endian(i)});
    ASSERT_TRUE(store_->write(batch, false));
  }
  stop = true;
  for (auto& r : readers) r.join();
}

TEST(BigEndian, OrdersAsNumbersDo) {
  EXPECT_LT(big_endian(255), big_endian(256));
  EXPECT_LT(big_endian(1ULL << 40), big_endian(UINT64_MAX));
  for (const uint64_t v : {uint64_t{0}, uint64_t{1}, uint64_t{0x0102030405060708}, UINT64_MAX}) {
    EXPECT_EQ(from_big_endian(big_endian(v)), v);
  }
}

}  // namespace
}  // namespace tocsin::state
