// The index of `similar`: it finds what comparing all pairs finds, and compares few.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "detect/similar.h"

namespace tocsin::detect {
namespace {

enum Cell : int { kReporter, kPlace, kPrint, kCells };

// Texts of a county's year in small: most of their own, some of a matter that others have too.
class Texts {
 public:
  explicit Texts(uint64_t seed) : rng_(seed) {}

  std::string next() {
    std::string out;
    if (rng_() % 5 == 0) {
      std::mt19937_64 matter(rng_() % 30);
      for (int i = 0; i < 30; ++i) out += ideograph(matter);
    }
    for (int i = 0; i < 60; ++i) out += ideograph(rng_);
    return out;
  }
  uint64_t number() { return rng_(); }

 private:
  // As in a language, few are frequent and many rare.
  static std::string ideograph(std::mt19937_64& rng) {
    const auto most = static_cast<uint32_t>(10 + rng() % 2990);
    const uint32_t c = 0x5000 + static_cast<uint32_t>(rng() % most);
    return {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
            static_cast<char>(0x80 | (c & 0x3F))};
  }
  std::mt19937_64 rng_;
};

struct Packed {
  std::string bytes, reporter, place, print;
};

Packed pack_row(Texts& texts, uint64_t uid) {
  Packed p;
  Arena arena(4096);
  p.print = fingerprint(texts.next(), arena);
  p.reporter = "r" + std::to_string(texts.number() % 700);
  p.place = "p" + std::to_string(texts.number() % 300);
  const expr::Value cells[kCells] = {expr::Value::string(p.reporter), expr::Value::string(p.place),
                                     expr::Value::string(p.print)};
  Row row;
  row.uid = uid;
  row.cells = cells;
  pack(p.bytes, row);
  return p;
}

Plan plan_of(double by_text, double by_place) {
  Plan plan;
  plan.kind = RuleKind::kSimilar;
  plan.cells = kCells;
  plan.same.reporter = kReporter;
  plan.same.place = kPlace;
  plan.same.fingerprint = kPrint;
  for (unsigned facts = 0; facts < Same::kFacts; ++facts) {
    plan.same.least[facts] = (facts & Same::kPlace) != 0 ? by_place : by_text;
  }
  return plan;
}

void judge(double by_text, double by_place, double compared_at_most) {
  constexpr uint32_t kRows = 700;
  const Plan plan = plan_of(by_text, by_place);
  SameLinks links(plan);
  Texts texts(11);
  std::vector<Packed> rows;
  for (uint32_t i = 0; i < kRows; ++i) {
    rows.push_back(pack_row(texts, i + 1));
    links.put(i, PackedRow(rows.back().bytes.data()), i + 1);
  }
  for (uint32_t i = 0; i < kRows; i += 7) links.erase(i);
  size_t found = 0, asked = 0;
  for (uint32_t i = 0; i < kRows; ++i) {
    if (i % 7 == 0) continue;
    ++asked;
    std::vector<uint32_t> got, want;
    links.around(i, [&](uint32_t n) { got.push_back(n); });
    std::sort(got.begin(), got.end());
    for (uint32_t n = 0; n < kRows; ++n) {
      if (n % 7 == 0) continue;
      const double alike = likeness(Fingerprint(rows[i].print), Fingerprint(rows[n].print));
      if (n == i || alike >= (rows[i].place == rows[n].place ? by_place : by_text)) want.push_back(n);
    }
    ASSERT_EQ(got, want) << i;
    found += got.size() - 1;
  }
  EXPECT_GT(found, asked / 4);
  EXPECT_LT(static_cast<double>(links.compared()), compared_at_most * static_cast<double>(asked * asked));
}

TEST(SimilarIndex, FindsAllThatAllPairsFindAndComparesFew) {
  judge(0.25, 0.25, 0.15);
  judge(0.4, 0.4, 0.04);
  judge(0.4, 0.1, 0.05);
  judge(Same::kNever, 0, 0.01);
}

}  // namespace
}  // namespace tocsin::detect
