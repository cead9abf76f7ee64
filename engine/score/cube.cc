#include "score/cube.h"

#include <algorithm>
#include <array>

namespace tocsin::score {
namespace {

constexpr int kCellBits = kSortBits + kMeasureBits;

// Ascending. Keys of one stretch share most of their bytes: a byte that all share costs one look.
void sort_keys(std::vector<Key>& keys, std::vector<Key>& room) {
  if (keys.size() < 256) return std::sort(keys.begin(), keys.end());
  Key any = 0;
  for (const Key k : keys) any |= k ^ keys[0];
  room.resize(keys.size());
  for (int shift = 0; shift < 64; shift += 8) {
    if ((any >> shift & 0xff) == 0) continue;
    std::array<uint32_t, 257> begin{};
    for (const Key k : keys) ++begin[(k >> shift & 0xff) + 1];
    for (size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    for (const Key k : keys) room[begin[k >> shift & 0xff]++] = k;
    keys.swap(room);
  }
}

class BlockWriter {
 public:
  explicit BlockWriter(size_t about) { out_.reserve(about); }
  void add(SpotId spot, uint64_t cell, uint64_t count) {
    if (spot != spot_ || group_.empty()) {
      close();
      Writer(out_).varint(spot - spot_);
      spot_ = spot;
      cell_ = 0;
    }
    Writer w(group_);
    w.varint(cell - cell_);
    w.varint(count);
    cell_ = cell;
  }
  std::string finish() {
    close();
    return std::move(out_);
  }

 private:
  void close() {
    if (group_.empty()) return;
    Writer(out_).str(group_);
    group_.clear();
  }
  std::string out_, group_;
  SpotId spot_ = 0;
  uint64_t cell_ = 0;
};

// The counts of a block, one by one, as (key without day, count).
class Walk {
 public:
  explicit Walk(std::string_view block) : spots_(block), counts_(std::string_view()) { next(); }
  bool at_end() const { return at_end_; }
  uint64_t place() const { return static_cast<uint64_t>(spot_) << kCellBits | cell_; }
  uint64_t count() const { return count_; }
  void next() {
    if (counts_.at_end()) {
      std::string_view counts;
      if (!spots_.next_spot(spot_, counts)) {
        at_end_ = true;
        return;
      }
      counts_ = Reader(counts);
      cell_ = 0;
    }
    cell_ += counts_.varint();
    count_ = counts_.varint();
  }

 private:
  BlockReader spots_;
  Reader counts_;
  SpotId spot_ = 0;
  uint64_t cell_ = 0, count_ = 0;
  bool at_end_ = false;
};

constexpr uint64_t kPlaceMask = (1ULL << (64 - kDayBits)) - 1;

// Passes over the keys of one day and place; answers how many there were.
uint64_t take(std::vector<Key>::const_iterator& it, std::vector<Key>::const_iterator end, Key key) {
  uint64_t n = 0;
  for (; it != end && *it == key; ++it) ++n;
  return n;
}

}  // namespace

bool BlockReader::next_spot(SpotId& spot, std::string_view& counts) {
  if (in_.at_end() || !in_.ok()) return false;
  spot_ += static_cast<SpotId>(in_.varint());
  spot = spot_;
  counts = in_.str();
  return in_.ok();
}

void Cube::fold_day(int64_t day, std::vector<Key>::const_iterator& add, std::vector<Key>::const_iterator add_end,
                    std::vector<Key>::const_iterator& remove, std::vector<Key>::const_iterator remove_end) {
  const auto old = days_.find(day);
  const std::string_view before = old == days_.end() ? std::string_view() : std::string_view(*old->second);
  BlockWriter out(before.size() + 1024);
  Walk walk(before);
  while (true) {
    Key least = UINT64_MAX;
    if (!walk.at_end()) least = static_cast<Key>(day) << (64 - kDayBits) | walk.place();
    if (add != add_end && day_of(*add) == day) least = std::min(least, *add);
    if (remove != remove_end && day_of(*remove) == day) least = std::min(least, *remove);
    if (least == UINT64_MAX) break;
    uint64_t n = 0;
    if (!walk.at_end() && walk.place() == (least & kPlaceMask)) {
      n = walk.count();
      walk.next();
    }
    n += take(add, add_end, least);
    const uint64_t less = take(remove, remove_end, least);
    n -= std::min(n, less);
    if (n > 0) out.add(spot_of(least), least & ((1ULL << kCellBits) - 1), n);
  }
  std::string bytes = out.finish();
  changed_[day] = !bytes.empty();
  if (bytes.empty()) {
    days_.erase(day);
  } else {
    days_[day] = std::make_shared<const std::string>(std::move(bytes));
  }
}

void Cube::fold() {
  sort_keys(added_, room_);
  sort_keys(removed_, room_);
  auto add = added_.cbegin();
  auto remove = removed_.cbegin();
  while (add != added_.cend() || remove != removed_.cend()) {
    int64_t day = INT64_MAX;
    if (add != added_.cend()) day = day_of(*add);
    if (remove != removed_.cend()) day = std::min(day, day_of(*remove));
    if (day >= floor_) {
      fold_day(day, add, added_.cend(), remove, removed_.cend());
      continue;
    }
    while (add != added_.cend() && day_of(*add) == day) ++add;
    while (remove != removed_.cend() && day_of(*remove) == day) ++remove;
  }
  added_.clear();
  removed_.clear();
}

void Cube::drop_before(int64_t day) {
  if (day <= floor_) return;
  floor_ = day;
  while (!days_.empty() && days_.begin()->first < day) {
    changed_[days_.begin()->first] = false;
    days_.erase(days_.begin());
  }
}

Slice Cube::slice(int64_t from, int64_t to) const {
  Slice out;
  for (auto it = days_.lower_bound(from); it != days_.end() && it->first <= to; ++it) out.blocks.push_back(*it);
  const auto of_days = [&](const std::vector<Key>& all, std::vector<Key>& some) {
    for (const Key k : all) {
      if (day_of(k) >= std::max(from, floor_) && day_of(k) <= to) some.push_back(k);
    }
  };
  of_days(added_, out.added);
  of_days(removed_, out.removed);
  return out;
}

size_t Cube::bytes() const {
  size_t n = (added_.capacity() + removed_.capacity() + room_.capacity()) * sizeof(Key);
  for (const auto& [day, block] : days_) n += block->capacity() + 96;
  return n;
}

void Cube::take_changed(const std::function<void(int64_t, std::string)>& f) {
  for (const auto& [day, there] : changed_) f(day, there ? *days_.at(day) : std::string());
  changed_.clear();
}

Status Cube::load(int64_t day, std::string_view bytes) {
  BlockReader in(bytes);
  SpotId spot = 0;
  std::string_view counts;
  bool fine = true;
  while (fine && in.next_spot(spot, counts)) fine = for_each_count(counts, [](SortId, Measure, uint64_t) {});
  if (!fine || !in.ok()) return corrupt("the counts of scorecards for a day in the state directory do not decode");
  days_[day] = std::make_shared<const std::string>(bytes);
  return {};
}

void Cube::mark_all() {
  for (const auto& [day, block] : days_) changed_[day] = true;
}

}  // namespace tocsin::score
