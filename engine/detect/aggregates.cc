#include "detect/aggregates.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tocsin::detect {
namespace {

using expr::Tag;
using expr::Value;

constexpr int64_t kUnit = 1'000'000'000;

bool is_number(const Value& v) { return v.is(Tag::kInt) || v.is(Tag::kUint) || v.is(Tag::kDouble); }

Int128 fixed_of(const Value& v) {
  if (v.is(Tag::kInt)) return Int128{v.i} * kUnit;
  if (v.is(Tag::kUint)) return Int128{v.u} * kUnit;
  return to_fixed(v.d);
}

bool summable(const Value& v) { return is_number(v) && !(v.is(Tag::kDouble) && std::isnan(v.d)); }

bool orderable(const Value& v) { return !v.is(Tag::kNull) && !(v.is(Tag::kDouble) && std::isnan(v.d)); }

Value sum_value(const Aggregate& a, Int128 sum, size_t reals) {
  const bool whole = reals == 0 && !a.real;
  const Int128 units = sum / kUnit;
  if (whole && units >= INT64_MIN && units <= INT64_MAX) return Value::integer(static_cast<int64_t>(units));
  return Value::number(from_fixed(sum));
}

Value average(Int128 sum, size_t numbers) {
  if (numbers == 0) return {};
  const Int128 n = static_cast<Int128>(numbers);
  const Int128 whole = sum / n, rest = sum % n;
  return Value::number(from_fixed(whole) + static_cast<double>(rest) / static_cast<double>(n) / 1e9);
}

// Few rows: a tag of each value first, compared all at once; the values themselves only where tags are equal.
size_t distinct_by_looking(const RowsView& rows, int cell) {
  constexpr size_t kAtOnce = 64;
  std::array<uint64_t, kAtOnce> tags{};
  std::array<uint32_t, kAtOnce> place{};
  size_t n = 0;
  for (size_t i = 0; i < rows.count; ++i) {
    const PackedRow row = rows[i];
    if (row.cell(cell).tag == Tag::kNull) continue;
    const uint64_t tag = value_tag(row, cell);
    bool seen = false, perhaps = n > kAtOnce;
    for (size_t j = 0; j < std::min(n, kAtOnce); ++j) perhaps |= tags[j] == tag;
    for (size_t j = 0; perhaps && !seen && j < std::min(n, kAtOnce); ++j) {
      seen = tags[j] == tag && same_value(rows[place[j]], row, cell);
    }
    for (size_t j = 0; n > kAtOnce && !seen && j < i; ++j) seen = same_value(rows[j], row, cell);
    if (seen) continue;
    if (n < kAtOnce) {
      tags[n] = tag;
      place[n] = static_cast<uint32_t>(i);
    }
    ++n;
  }
  return n;
}

Value extreme_by_looking(const RowsView& rows, const Aggregate& a) {
  Value best;
  for (size_t i = 0; i < rows.count; ++i) {
    const Value v = rows[i].value(a.cell);
    if (!orderable(v)) continue;
    const bool better = a.op == AggregateOp::kMin ? ValueOrder{}(v, best) : ValueOrder{}(best, v);
    if (best.is(Tag::kNull) || better) best = v;
  }
  return best;
}

struct Frequency {
  Value value;
  uint32_t count;
};

Value most_frequent(std::vector<Frequency>& all, int n, Arena& arena) {
  const size_t take = std::min(all.size(), static_cast<size_t>(std::max(n, 0)));
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(take), all.end(),
                    [](const Frequency& a, const Frequency& b) {
                      return a.count != b.count ? a.count > b.count : ValueOrder{}(a.value, b.value);
                    });
  auto* items = arena.array<Value>(take);
  for (size_t i = 0; i < take; ++i) items[i] = expr::copy(all[i].value, arena);
  auto* list = static_cast<expr::List*>(arena.allocate(sizeof(expr::List)));
  *list = {std::span<const Value>(items, take)};
  return Value::of(list);
}

Value top(const RowsView& rows, const Aggregate& a, const Tallies::Tally* tally, Arena& arena) {
  std::vector<Frequency> all;
  if (tally != nullptr) {
    for (const auto& [owned, count] : tally->ordered) all.push_back({Tallies::OwnedOrder::view(owned), count});
    return most_frequent(all, a.n, arena);
  }
  for (size_t i = 0; i < rows.count; ++i) {
    const Value v = rows[i].value(a.cell);
    if (!orderable(v)) continue;
    const auto same = [&](const Frequency& f) { return !ValueOrder{}(f.value, v) && !ValueOrder{}(v, f.value); };
    const auto it = std::find_if(all.begin(), all.end(), same);
    if (it == all.end()) {
      all.push_back({v, 1});
    } else {
      ++it->count;
    }
  }
  return most_frequent(all, a.n, arena);
}

Value edge(const RowsView& rows, int cell, bool first) {
  for (size_t i = 0; i < rows.count; ++i) {
    const Value v = rows[first ? i : rows.count - 1 - i].value(cell);
    if (!v.is(Tag::kNull)) return v;
  }
  return {};
}

Tallies::Tally count_by_looking(const RowsView& rows, int cell) {
  Tallies::Tally t;
  for (size_t i = 0; i < rows.count; ++i) {
    const Value v = rows[i].value(cell);
    if (!v.is(Tag::kNull)) ++t.present;
    if (v.is_true()) ++t.trues;
    if (!summable(v)) continue;
    ++t.numbers;
    if (v.is(Tag::kDouble)) ++t.reals;
    t.sum += fixed_of(v);
  }
  return t;
}

}  // namespace

Int128 to_fixed(double v) {
  constexpr double kMost = 1e20;
  v = std::clamp(v, -kMost, kMost);
  const double whole = std::trunc(v);
  return static_cast<Int128>(whole) * kUnit + static_cast<Int128>(std::llround((v - whole) * 1e9));
}

double from_fixed(Int128 v) {
  const Int128 whole = v / kUnit, rest = v % kUnit;
  // One rounding where it matters: below 2^53 units of 1e-9 the quotient is the nearest double.
  if (v > -(Int128{1} << 53) && v < (Int128{1} << 53)) return static_cast<double>(v) / 1e9;
  return static_cast<double>(whole) + static_cast<double>(rest) / 1e9;
}

bool ValueOrder::operator()(const Value& a, const Value& b) const {
  const auto rank = [](const Value& v) { return is_number(v) ? -1 : static_cast<int>(v.tag); };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (a.is(Tag::kPoint)) return a.lon != b.lon ? a.lon < b.lon : a.lat < b.lat;
  return expr::compare(a, b) == -1;
}

Tallies::Tallies(const Plan& plan) : plan_(&plan), tallies_(plan.aggregates.size()) {}

void Tallies::clear() {
  tallies_.assign(plan_->aggregates.size(), {});
  rows_ = 0;
}

void Tallies::apply(const PackedRow& row, int sign) {
  rows_ += static_cast<size_t>(sign);
  for (size_t i = 0; i < tallies_.size(); ++i) {
    const Aggregate& a = plan_->aggregates[i];
    if (a.op == AggregateOp::kCount || a.op == AggregateOp::kFirst || a.op == AggregateOp::kLast) continue;
    const Value v = row.value(a.cell);
    if (v.is(Tag::kNull)) continue;
    Tally& t = tallies_[i];
    t.present += static_cast<size_t>(sign);
    if (v.is_true()) t.trues += static_cast<size_t>(sign);
    if (summable(v) && (a.op == AggregateOp::kSum || a.op == AggregateOp::kAvg)) {
      t.numbers += static_cast<size_t>(sign);
      if (v.is(Tag::kDouble)) t.reals += static_cast<size_t>(sign);
      t.sum += sign * fixed_of(v);
    }
    if (a.op == AggregateOp::kDistinct) {
      scratch_.clear();
      append_canonical(scratch_, v);
      auto it = t.counts.find(std::string_view(scratch_));
      if (it == t.counts.end()) it = t.counts.emplace(scratch_, 0).first;
      it->second += static_cast<uint32_t>(sign);
      if (it->second == 0) t.counts.erase(it);
    }
    if ((a.op == AggregateOp::kMin || a.op == AggregateOp::kMax || a.op == AggregateOp::kTop) && orderable(v)) {
      auto it = t.ordered.find(v);
      if (it == t.ordered.end()) {
        Owned owned{{}, v};
        if (v.is(Tag::kString) || v.is(Tag::kBytes)) owned.text = std::string(v.str());
        it = t.ordered.emplace(std::move(owned), 0).first;
      }
      it->second += static_cast<uint32_t>(sign);
      if (it->second == 0) t.ordered.erase(it);
    }
  }
}

Value aggregate(const Plan& plan, size_t index, const RowsView& rows, const Tallies* tallies, Arena& arena) {
  const Aggregate& a = plan.aggregates[index];
  const Tallies::Tally* tally = tallies == nullptr ? nullptr : &(*tallies)[index];
  switch (a.op) {
    case AggregateOp::kCount:
      return Value::integer(static_cast<int64_t>(rows.count));
    case AggregateOp::kDistinct: {
      const size_t n = tally != nullptr ? tally->counts.size() : distinct_by_looking(rows, a.cell);
      return Value::integer(static_cast<int64_t>(n));
    }
    case AggregateOp::kMin:
    case AggregateOp::kMax: {
      if (tally == nullptr) return extreme_by_looking(rows, a);
      if (tally->ordered.empty()) return {};
      const auto& end = a.op == AggregateOp::kMin ? *tally->ordered.begin() : *tally->ordered.rbegin();
      return expr::copy(Tallies::OwnedOrder::view(end.first), arena);
    }
    case AggregateOp::kFirst:
    case AggregateOp::kLast:
      return edge(rows, a.cell, a.op == AggregateOp::kFirst);
    case AggregateOp::kTop:
      return top(rows, a, tally, arena);
    default:
      break;
  }
  Tallies::Tally looked;
  if (tally == nullptr) {
    looked = count_by_looking(rows, a.cell);
    tally = &looked;
  }
  switch (a.op) {
    case AggregateOp::kSum:
      return sum_value(a, tally->sum, tally->reals);
    case AggregateOp::kAvg:
      return average(tally->sum, tally->numbers);
    case AggregateOp::kAny:
      return Value::boolean(tally->trues > 0);
    default:  // kAll
      return Value::boolean(tally->trues == tally->present);
  }
}

}  // namespace tocsin::detect
