#include "score/names.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "event/area_table.h"

namespace tocsin::score {
namespace {

constexpr size_t kPiece = 1024;  // spots or sorts a stored piece

// A hash of several texts, none of which can be taken for another's end.
template <size_t N>
uint64_t hash_of(const std::array<std::string_view, N>& texts, uint8_t last) {
  size_t n = 1;
  for (const std::string_view t : texts) n += t.size() + 1;
  std::array<char, 512> room;
  if (n > room.size()) {
    uint64_t h = last;
    for (const std::string_view t : texts) h = hash64(t, h + 1);
    return h;
  }
  char* p = room.data();
  for (const std::string_view t : texts) {
    if (!t.empty()) std::memcpy(p, t.data(), t.size());
    p += t.size();
    *p++ = '\x1f';
  }
  *p++ = static_cast<char>(last);
  return hash64({room.data(), n});
}

uint64_t hash_spot(std::string_view city, std::string_view town, std::string_view village, std::string_view grid,
                   std::string_view duty) {
  return hash_of<5>({city, town, village, grid, duty}, 0);
}
uint64_t hash_sort(std::string_view channel, std::string_view category, uint8_t grade) {
  return hash_of<2>({channel, category}, static_cast<uint8_t>(grade + 1));
}

std::string piece_name(char what, size_t piece) { return what + std::to_string(piece); }

}  // namespace

std::string_view trouble_of(std::string_view category) {
  const size_t first = category.find('.');
  if (first == std::string_view::npos) return category;
  return category.substr(0, category.find('.', first + 1));
}

bool lies_in(const Spot& s, std::string_view area) {
  if (area.empty()) return true;
  for (const std::string* code : {&s.grid, &s.village, &s.town, &s.city}) {
    if (lies_under(*code, area)) return true;
  }
  return false;
}

SpotId Numbers::spot(std::string_view city, std::string_view town, std::string_view village, std::string_view grid,
                     std::string_view duty, bool& fresh) {
  const uint64_t h = hash_spot(city, town, village, grid, duty);
  if (const auto it = spots_.find(h); it != spots_.end()) return it->second;
  if (spots_.size() + 1 >= kMaxSpots) return 0;
  fresh = true;
  const auto id = static_cast<SpotId>(spots_.size() + 1);
  spots_.emplace(h, id);
  return id;
}

SortId Numbers::sort(std::string_view channel, std::string_view category, uint8_t grade, bool& fresh) {
  const uint64_t h = hash_sort(channel, category, grade);
  if (const auto it = sorts_.find(h); it != sorts_.end()) return it->second;
  if (sorts_.size() + 1 >= kMaxSorts) return 0;
  fresh = true;
  const auto id = static_cast<SortId>(sorts_.size() + 1);
  sorts_.emplace(h, id);
  return id;
}

void Numbers::learn(const Spot& s, SpotId id) { spots_[hash_spot(s.city, s.town, s.village, s.grid, s.duty)] = id; }
void Numbers::learn(const Sort& s, SortId id) { sorts_[hash_sort(s.channel, s.category, s.grade)] = id; }

Names::Names() : spots_(1), sorts_(1), channels_(1) {}

void Names::add(Spot spot) { spots_.push_back(std::move(spot)); }

void Names::derive(Sort& sort) {
  sort.trouble = trouble_of(sort.category);
  sort.trouble_hash = hash64(sort.trouble);
  const auto it = std::ranges::find(channels_, sort.channel);
  sort.channel_id = static_cast<uint16_t>(it - channels_.begin());
  if (it == channels_.end()) channels_.push_back(sort.channel);
}

void Names::add(Sort sort) {
  derive(sort);
  sorts_.push_back(std::move(sort));
}

void Names::loaded() {
  for (size_t i = 1; i < sorts_.size(); ++i) derive(sorts_[i]);
  saved_spots_ = spots_.size();
  saved_sorts_ = sorts_.size();
}

void Names::teach(Numbers& numbers) const {
  for (size_t i = 1; i < spots_.size(); ++i) numbers.learn(spots_[i], static_cast<SpotId>(i));
  for (size_t i = 1; i < sorts_.size(); ++i) numbers.learn(sorts_[i], static_cast<SortId>(i));
}

void Names::take_changed(const std::function<void(std::string, std::string)>& f) {
  const auto pieces = [&](char what, const auto& list, size_t& saved) {
    for (size_t begin = saved / kPiece * kPiece; begin < list.size() && saved < list.size(); begin += kPiece) {
      std::string bytes;
      Writer w(bytes);
      const size_t end = std::min(list.size(), begin + kPiece);
      for (size_t i = begin; i < end; ++i) encode(w, list[i]);
      f(piece_name(what, begin / kPiece), std::move(bytes));
    }
    saved = list.size();
  };
  pieces('p', spots_, saved_spots_);
  pieces('s', sorts_, saved_sorts_);
}

Status Names::load(std::string_view name, std::string_view bytes) {
  Reader in(bytes);
  const bool of_spots = name.starts_with('p');
  size_t at = 0;
  for (const char c : name.substr(std::min<size_t>(1, name.size()))) at = at * 10 + static_cast<size_t>(c - '0');
  at *= kPiece;
  while (in.ok() && !in.at_end()) {
    // Pieces may come in any order of their names: each goes to its own place.
    if (of_spots) {
      if (spots_.size() <= at) spots_.resize(at + 1);
      spots_[at++] = decode_spot(in);
    } else {
      if (sorts_.size() <= at) sorts_.resize(at + 1);
      sorts_[at++] = decode_sort(in);
    }
  }
  return in.ok() ? Status() : corrupt("the names of scorecards in the state directory do not decode");
}

void encode(Writer& out, const Spot& s) {
  for (const std::string* t : {&s.city, &s.town, &s.village, &s.grid, &s.duty}) out.str(*t);
}
void encode(Writer& out, const Sort& s) {
  out.str(s.channel);
  out.str(s.category);
  out.u8(s.grade);
}
Spot decode_spot(Reader& in) {
  Spot s;
  for (std::string* t : {&s.city, &s.town, &s.village, &s.grid, &s.duty}) *t = in.str();
  return s;
}
Sort decode_sort(Reader& in) {
  Sort s;
  s.channel = in.str();
  s.category = in.str();
  s.grade = in.u8();
  return s;
}

}  // namespace tocsin::score
