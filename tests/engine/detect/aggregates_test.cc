// Aggregates: by looking and by tallies the same, whatever came and went in between; sums exact.
#include "detect/aggregates.h"

#include <gtest/gtest.h>

#include <random>

#include "detect/row_store.h"

namespace tocsin::detect {
namespace {

using expr::Value;

PackedRow stored(const void* owner, size_t i) { return static_cast<const RowStore*>(owner)->row(i); }

Plan plan_of_all() {
  Plan p;
  p.cells = 2;
  for (int cell = 0; cell < 2; ++cell) {
    for (const AggregateOp op :
         {AggregateOp::kDistinct, AggregateOp::kSum, AggregateOp::kAvg, AggregateOp::kMin, AggregateOp::kMax,
          AggregateOp::kAny, AggregateOp::kAll, AggregateOp::kFirst, AggregateOp::kLast, AggregateOp::kTop}) {
      Aggregate a;
      a.op = op;
      a.cell = cell;
      a.n = 3;
      p.aggregates.push_back(a);
    }
  }
  p.aggregates.push_back({});  // count()
  return p;
}

std::string shown(const Value& v) {
  std::string out;
  expr::append_json(out, v);
  return out;
}

Value random_cell(std::mt19937_64& rng, std::string& text) {
  switch (rng() % 8) {
    case 0:
      return {};
    case 1:
      return Value::boolean(rng() % 2 == 0);
    case 2:
      return Value::integer(static_cast<int64_t>(rng() % 7) - 3);
    case 3:
      return Value::number(static_cast<double>(rng() % 7));
    case 4:
      return Value::number(0.1 * static_cast<double>(rng() % 50));
    default:
      text = "t" + std::to_string(rng() % 6);
      return Value::string(text);
  }
}

TEST(Aggregates, TalliesAgreeWithLookingAfterAnyComingAndGoing) {
  const Plan plan = plan_of_all();
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 rng(seed);
    RowStore rows;
    Tallies tallies(plan);
    Arena arena;
    for (int i = 0; i < 120; ++i) {
      if (!rows.empty() && rng() % 3 == 0) {
        const size_t at = rng() % rows.size();
        tallies.remove(rows.row(at));
        rows.erase(at);
      } else {
        std::string texts[2];
        const Value cells[2] = {random_cell(rng, texts[0]), random_cell(rng, texts[1])};
        Row row;
        row.uid = rng();
        row.time = static_cast<TimeMs>(rng() % 1000);
        row.cells = cells;
        tallies.add(rows.row(rows.insert(row)));
      }
      const RowsView view{&rows, stored, 0, rows.size()};
      for (size_t a = 0; a < plan.aggregates.size(); ++a) {
        const Value looked = aggregate(plan, a, view, nullptr, arena), kept = aggregate(plan, a, view, &tallies, arena);
        ASSERT_EQ(shown(looked), shown(kept)) << "seed " << seed << " aggregate " << a;
      }
    }
  }
}

TEST(Aggregates, SumsDoNotDependOnOrder) {
  std::mt19937_64 rng(1);
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i)
    values.push_back(std::ldexp(static_cast<double>(rng() % 1000003), static_cast<int>(rng() % 40) - 30));
  Int128 forward = 0, backward = 0;
  for (double v : values) forward += to_fixed(v);
  std::reverse(values.begin(), values.end());
  for (double v : values) backward += to_fixed(v);
  EXPECT_TRUE(forward == backward);
  EXPECT_EQ(from_fixed(to_fixed(0.1) + to_fixed(0.2)), 0.3);
  EXPECT_EQ(from_fixed(to_fixed(-2.5)), -2.5);
  EXPECT_EQ(from_fixed(to_fixed(1e30)), 1e20);
}

TEST(Aggregates, OfNothing) {
  const Plan plan = plan_of_all();
  Arena arena;
  const RowStore rows;
  const RowsView none{&rows, stored, 0, 0};
  const char* const expected[] = {"0", "0", "null", "null", "null", "false", "true", "null", "null", "[]"};
  for (size_t a = 0; a < 10; ++a) EXPECT_EQ(shown(aggregate(plan, a, none, nullptr, arena)), expected[a]) << a;
}

TEST(Aggregates, NumbersAreDistinctByValue) {
  Plan plan;
  plan.cells = 1;
  Aggregate a;
  a.op = AggregateOp::kDistinct;
  a.cell = 0;
  plan.aggregates = {a};
  RowStore rows;
  Tallies tallies(plan);
  const Value values[] = {Value::integer(1),
                          Value::number(1.0),
                          Value::unsigned_integer(1),
                          Value::number(0.0),
                          Value::number(-0.0),
                          Value::integer(0),
                          Value::string("1"),
                          Value::number(1.5),
                          Value::unsigned_integer(UINT64_MAX),
                          Value()};
  uint64_t uid = 0;
  for (const Value& v : values) {
    Row row;
    row.uid = ++uid;
    row.time = 5;
    row.cells = {&v, 1};
    tallies.add(rows.row(rows.insert(row)));
  }
  Arena arena;
  const RowsView view{&rows, stored, 0, rows.size()};
  EXPECT_EQ(aggregate(plan, 0, view, nullptr, arena).i, 5);  // 1, 0, "1", 1.5, 2^64-1
  EXPECT_EQ(aggregate(plan, 0, view, &tallies, arena).i, 5);
}

}  // namespace
}  // namespace tocsin::detect
