#include "detect/settlements.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "detect/detector.h"

namespace tocsin::detect {
namespace {

bool earlier(const Settlements::Said& a, const Settlements::Said& b) { return a.position < b.position; }

}  // namespace

void Settlements::put(uint64_t matter_case, Said said) {
  List& list = by_case_[matter_case];
  list.insert(std::upper_bound(list.begin(), list.end(), said, earlier), said);
  cases_.emplace(said.position.uid, matter_case);
}

uint64_t Settlements::find(uint64_t uid, TimeMs& time) const {
  const auto it = cases_.find(uid);
  if (it == cases_.end()) return 0;
  for (const Said& said : by_case_.at(it->second)) {
    if (said.position.uid == uid) time = said.position.time;
  }
  return it->second;
}

void Settlements::erase(uint64_t uid) {
  const auto it = cases_.find(uid);
  if (it == cases_.end()) return;
  const auto entry = by_case_.find(it->second);
  List& list = entry->second;
  list.erase(std::find_if(list.begin(), list.end(), [uid](const Said& said) { return said.position.uid == uid; }));
  if (list.empty()) by_case_.erase(entry);
  cases_.erase(it);
}

bool Settlements::settled(uint64_t matter_case, TimeMs from, TimeMs until) const {
  const auto it = by_case_.find(matter_case);
  if (it == by_case_.end()) return false;
  const auto end = std::lower_bound(it->second.begin(), it->second.end(), Said{{until, 0}}, earlier);
  return end != it->second.begin() && std::prev(end)->position.time >= from && std::prev(end)->settled;
}

TimeMs Settlements::settled_since(uint64_t matter_case, TimeMs from, TimeMs until) const {
  const auto it = by_case_.find(matter_case);
  if (it == by_case_.end()) return kNoTime;
  TimeMs since = kNoTime;
  for (const Said& said : it->second) {
    if (said.position.time < from || said.position.time > until) continue;
    if (!said.settled) {
      since = kNoTime;
    } else if (since == kNoTime) {
      since = said.position.time;
    }
  }
  return since;
}

void Settlements::expire(TimeMs time) {
  absl::erase_if(by_case_, [&](auto& entry) {
    List& list = entry.second;
    auto keep = list.begin();
    for (; keep != list.end() && keep->position.time < time; ++keep) cases_.erase(keep->position.uid);
    list.erase(list.begin(), keep);
    return list.empty();
  });
}

TimeMs Settlements::drop(size_t n) {
  std::vector<Position> all;
  for (const auto& [matter_case, list] : by_case_) {
    for (const Said& said : list) all.push_back(said.position);
  }
  n = std::min(n, all.size());
  std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(n), all.end());
  TimeMs last = kNoTime;
  for (size_t i = 0; i < n; ++i) {
    last = std::max(last, all[i].time);
    erase(all[i].uid);
  }
  return last;
}

TimeMs Settlements::oldest() const {
  TimeMs oldest = kNever;
  for (const auto& [matter_case, list] : by_case_) oldest = std::min(oldest, list.front().position.time);
  return oldest;
}

void Settlements::encode(Writer& out) const {
  std::vector<std::pair<uint64_t, Said>> all;
  for (const auto& [matter_case, list] : by_case_) {
    for (const Said& said : list) all.emplace_back(matter_case, said);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return earlier(a.second, b.second); });
  out.varint(all.size());
  for (const auto& [matter_case, said] : all) {
    out.fixed64(matter_case);
    detect::encode(out, said.position);
    out.flag(said.settled);
  }
}

Status Settlements::decode(Reader& in) {
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("what settled cases is cut short");
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t matter_case = in.fixed64();
    Said said{decode_position(in)};
    said.settled = in.flag();
    if (!in.ok() || matter_case == 0 || cases_.contains(said.position.uid))
      return corrupt("what settled a case does not decode");
    put(matter_case, said);
  }
  return in.ok() ? Status() : corrupt("what settled cases does not decode");
}

size_t Settlements::bytes() const {
  return by_case_.capacity() * (sizeof(uint64_t) + sizeof(List) + 1) + cases_.capacity() * (2 * sizeof(uint64_t) + 1);
}

}  // namespace tocsin::detect
