#include "detect/similar.h"

#include <algorithm>
#include <cmath>

namespace tocsin::detect {
namespace {

using expr::Value;

// Rounding of doubles must not cost a candidate: the bounds are lowered by so much of themselves.
constexpr double kSlack = 1e-9;

uint64_t hash_of(const Value& v) {
  if (v.is(expr::Tag::kNull)) return 0;
  std::string canonical;
  append_canonical(canonical, v);
  return std::max<uint64_t>(hash64(canonical), 1);
}

uint64_t hash_of(const PackedRow& row, int cell) { return cell < 0 ? 0 : hash_of(row.value(cell)); }

// An event without a case is one by itself: no other has it, and none but itself can settle it.
uint64_t case_of_itself(uint64_t uid) { return std::max<uint64_t>(uid, 1); }

std::string_view text_of(const PackedRow& row, int cell) {
  if (cell < 0) return {};
  const Value v = row.value(cell);
  return v.is(expr::Tag::kString) ? v.str() : std::string_view();
}

}  // namespace

SameLinks::SameLinks(const Plan& plan) : same_(plan.same) {
  const double by_text = same_.by_text();
  for (unsigned fact = 0; fact < kCategory; ++fact) {
    for (unsigned facts = 0; facts < Same::kFacts; ++facts) {
      if ((facts >> fact & 1) != 0 && same_.least[facts] < by_text) by_fact_[fact] = true;
    }
  }
  if (same_.settles) by_fact_[kCase] = true;
}

uint64_t SameLinks::case_of(const Row& row) const {
  const auto cell = static_cast<size_t>(same_.matter_case);
  if (!same_.settles) return 0;
  const uint64_t told = cell < row.cells.size() ? hash_of(row.cells[cell]) : 0;
  return told != 0 ? told : case_of_itself(row.uid);
}

bool SameLinks::readable(const PackedRow& row) const {
  return Fingerprint::well_formed(text_of(row, same_.fingerprint));
}

void SameLinks::put(Slot s, const PackedRow& row, uint64_t uid) {
  if (s >= marks_.size()) {
    marks_.resize(s + 1);
    shared_.resize(s + 1);
    taken_.resize(s + 1);
  }
  Mark& m = marks_[s];
  m.values = {hash_of(row, same_.reporter), hash_of(row, same_.place), hash_of(row, same_.matter_case),
              hash_of(row, same_.category)};
  if (same_.settles && m.values[kCase] == 0) m.values[kCase] = case_of_itself(uid);
  m.fingerprint = text_of(row, same_.fingerprint);
  m.length = std::sqrt(static_cast<double>(m.print().squares()));
  for (unsigned fact = 0; fact < kCategory; ++fact) {
    if (by_fact_[fact] && m.values[fact] != 0) by_value_[key_of(static_cast<Fact>(fact), m.values[fact])].push_back(s);
  }
  if (same_.by_text() == Same::kNever) return;
  const Fingerprint print = m.print();
  for (size_t i = 0; i < print.size(); ++i) by_term_[print.hash(i)].push_back({s, print.weight(i)});
}

void SameLinks::erase(Slot s) {
  Mark& m = marks_[s];
  const auto remove = [s](auto& index, uint64_t key, auto slot_of) {
    const auto it = index.find(key);
    if (it == index.end()) return;
    auto& list = it->second;
    const auto at = std::find_if(list.begin(), list.end(), [&](const auto& x) { return slot_of(x) == s; });
    if (at == list.end()) return;
    *at = list.back();
    list.pop_back();
    if (list.empty()) index.erase(it);
  };
  for (unsigned fact = 0; fact < kCategory; ++fact) {
    if (m.values[fact] == 0) continue;
    remove(by_value_, key_of(static_cast<Fact>(fact), m.values[fact]), [](Slot x) { return x; });
  }
  const Fingerprint print = m.print();
  for (size_t i = 0; i < print.size(); ++i) {
    remove(by_term_, print.hash(i), [](const Posting& x) { return x.slot; });
  }
  m = Mark{};
}

unsigned SameLinks::facts(Slot a, Slot b) const {
  unsigned out = 0;
  for (unsigned fact = 0; fact < kFactCount; ++fact) {
    const uint64_t v = marks_[a].values[fact];
    if (v != 0 && v == marks_[b].values[fact]) out |= 1U << fact;
  }
  return out;
}

void SameLinks::take(Slot n) const {
  if (taken_[n] != 0) return;
  taken_[n] = 1;
  found_.push_back(n);
}

// Into found_: the event itself, and every event that `same` may hold with.
void SameLinks::find(Slot s) const {
  found_.clear();
  take(s);
  for (unsigned fact = 0; fact < kCategory; ++fact) {
    const uint64_t v = marks_[s].values[fact];
    if (!by_fact_[fact] || v == 0) continue;
    const auto it = by_value_.find(key_of(static_cast<Fact>(fact), v));
    if (it == by_value_.end()) continue;
    for (Slot n : it->second) take(n);
  }
  if (same_.by_text() <= 1) find_by_text(s);
  compared_ += found_.size();
  for (Slot n : found_) taken_[n] = 0;
}

void SameLinks::find_by_text(Slot s) const {
  const Mark& own = marks_[s];
  const Fingerprint print = own.print();
  probes_.clear();
  for (size_t i = 0; i < print.size(); ++i) {
    const auto it = by_term_.find(print.hash(i));
    if (it != by_term_.end()) probes_.push_back({&it->second, print.weight(i)});
  }
  std::sort(probes_.begin(), probes_.end(),
            [](const Probe& a, const Probe& b) { return a.list->size() < b.list->size(); });
  const double least = same_.by_text() * (1 - kSlack);
  double rest = own.length * own.length;  // squares of the terms that are not looked up
  touched_.clear();
  for (const Probe& probe : probes_) {
    if (rest < least * least * own.length * own.length) break;
    rest -= static_cast<double>(probe.weight * probe.weight);
    for (const Posting& p : *probe.list) {
      if (shared_[p.slot] == 0) touched_.push_back(p.slot);
      shared_[p.slot] += p.weight * probe.weight;
    }
  }
  const double rest_length = std::sqrt(std::max(rest, 0.0));
  for (Slot n : touched_) {
    const double other = marks_[n].length;
    if (shared_[n] + rest_length * other >= least * own.length * other) take(n);
    shared_[n] = 0;
  }
}

size_t SameLinks::bytes() const {
  size_t n = marks_.capacity() * (sizeof(Mark) + sizeof(uint32_t) + 1);
  for (const Mark& m : marks_) {
    n += m.fingerprint.capacity() + m.fingerprint.size() / Fingerprint::kTermBytes * sizeof(Posting);
  }
  return n + (by_term_.size() + by_value_.size()) * 64 + settlements_.bytes();
}

// likeness: the mean of the members' likeness to the event that the matter is named by, to three decimals; 1 where that
// is the only one with a text. matter: that event's headline.
Value SameLinks::Values::kind_value(size_t index, Arena&) const {
  if (!first_.has_value()) return {};
  const auto at = std::find(members_.begin(), members_.end(), *first_);
  if (at == members_.end()) return {};
  if (index == 1) {
    return Value::string(text_of(rows_[static_cast<size_t>(at - members_.begin())], links_.same_.headline));
  }
  double sum = 0;
  size_t others = 0;
  for (Slot s : members_) {
    if (s == *first_) continue;
    sum += links_.likeness_of(*first_, s);
    ++others;
  }
  return Value::number(others == 0 ? 1 : std::round(sum / static_cast<double>(others) * 1000) / 1000);
}

}  // namespace tocsin::detect
