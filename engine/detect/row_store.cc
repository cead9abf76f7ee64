#include "detect/row_store.h"

#include <algorithm>

namespace tocsin::detect {

size_t RowStore::insert(const Row& row) {
  const size_t offset = pool_.size();
  append_packed(pool_, row);
  const Entry e{row.time, row.uid, static_cast<uint32_t>(offset), static_cast<uint32_t>(pool_.size() - offset)};
  size_t at = size();
  if (at != 0 && position(at - 1) > position_of(row)) at = lower_bound(position_of(row));
  entries_.insert(entries_.begin() + static_cast<ptrdiff_t>(head_ + at), e);
  return at;
}

void RowStore::erase(size_t i) {
  dead_ += entries_[head_ + i].size();
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(head_ + i));
  compact();
}

void RowStore::drop_front(size_t n) {
  for (size_t i = 0; i < n; ++i) dead_ += entries_[head_ + i].size();
  head_ += n;
  compact();
}

// Keeps what is dead below what lives, so that each row is moved a bounded number of times.
void RowStore::compact() {
  if (empty()) {
    entries_.clear();
    pool_.clear();
    head_ = dead_ = 0;
    if (entries_.capacity() > 64) entries_.shrink_to_fit();
    if (pool_.capacity() > 8192) pool_.shrink_to_fit();
    return;
  }
  if (head_ > 8 && head_ > size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
  if (dead_ <= 512 || dead_ * 2 <= pool_.size()) return;
  std::string live;
  live.reserve((pool_.size() - dead_) * 5 / 4);
  for (size_t i = head_; i < entries_.size(); ++i) {
    Entry& e = entries_[i];
    const size_t offset = live.size();
    live.append(pool_, e.offset, e.size());
    e.offset = static_cast<uint32_t>(offset);
  }
  pool_.swap(live);
  dead_ = 0;
}

size_t RowStore::find(uint64_t uid) const {
  for (size_t i = size(); i > 0; --i) {
    if (entries_[head_ + i - 1].uid == uid) return i - 1;
  }
  return size();
}

size_t RowStore::lower_bound(Position p) const {
  const auto begin = entries_.begin() + static_cast<ptrdiff_t>(head_);
  const auto it = std::lower_bound(begin, entries_.end(), p, [](const Entry& e, const Position& x) {
    return Position{e.time, e.uid} < x;
  });
  return static_cast<size_t>(it - begin);
}

size_t RowStore::upper_bound(TimeMs t) const {
  const auto begin = entries_.begin() + static_cast<ptrdiff_t>(head_);
  const auto it = std::upper_bound(begin, entries_.end(), t, [](TimeMs x, const Entry& e) { return x < e.time; });
  return static_cast<size_t>(it - begin);
}

void RowStore::encode(Writer& out) const {
  out.varint(size());
  TimeMs before = 0;
  for (size_t i = head_; i < entries_.size(); ++i) {
    const Entry& e = entries_[i];
    out.zigzag(e.time - before);
    before = e.time;
    out.fixed64(e.uid);
    out.u8(static_cast<uint8_t>(e.size_flags >> 24));
    out.str(std::string_view(pool_).substr(e.offset, e.size()));
  }
}

Status RowStore::decode(Reader& in, int cells) {
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("a key's rows are cut short");
  entries_.reserve(n);
  TimeMs before = 0;
  for (uint64_t i = 0; i < n; ++i) {
    const TimeMs time = before + in.zigzag();
    const uint64_t uid = in.fixed64();
    const uint8_t flags = in.u8();
    const std::string_view bytes = in.str();
    if (!in.ok() || bytes.size() > 0xffffff || !well_formed(bytes, cells)) return corrupt("a row does not decode");
    if (i > 0 && Position{time, uid} < position(i - 1)) return corrupt("rows are out of order");
    entries_.push_back({time, uid, static_cast<uint32_t>(pool_.size()),
                        static_cast<uint32_t>(bytes.size()) | static_cast<uint32_t>(flags) << 24});
    pool_.append(bytes);
    before = time;
  }
  return {};
}

}  // namespace tocsin::detect
