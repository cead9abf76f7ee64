#include "detect/episode.h"

#include <utility>

namespace tocsin::detect {

void GoneRows::share(const RowFacts& facts) {
  const std::pair<std::string*, std::string_view> codes[] = {
      {&city, facts.city}, {&town, facts.town}, {&village, facts.village}, {&grid, facts.grid}};
  bool same = true;
  for (const auto& [mine, theirs] : codes) {
    if (count == 0) *mine = theirs;
    same = same && *mine == theirs;
    if (!same) mine->clear();
  }
}

void GoneRows::count_in(const RowFacts& facts) {
  share(facts);
  ++count;
}

void GoneRows::count_in(const GoneRows& other, uint32_t both) {
  if (other.count > 0) share(other.shared());
  count += other.count - std::min(both, other.count);
  last_end = std::max(last_end, other.last_end);
  worst = std::max(worst, other.worst);
}

void GoneRows::encode_areas(Writer& out) const {
  for (const std::string* code : {&city, &town, &village, &grid}) out.str(*code);
}

void GoneRows::decode_areas(Reader& in) {
  for (std::string* code : {&city, &town, &village, &grid}) *code = in.str();
}

Touched TakenOut::touched(DurationMs within) const {
  Touched t;
  t.time = cause_time;
  t.from = time;
  t.to = time + within;
  t.reason = Reason::kRevised;
  t.correction = true;
  return t;
}

bool take_up(std::optional<TakenOut>& waiting, const Row& row, DurationMs within, Touched& t) {
  if (!waiting.has_value() || waiting->uid != row.uid) return false;
  const TakenOut before = *std::exchange(waiting, std::nullopt);
  if (before.time != kNoTime) {
    const Touched gone = before.touched(within);
    t.from = gone.from;
    t.to = gone.to;
    t.reason = gone.reason;
    t.correction = true;
  }
  return before.named;
}

Touched all_touched(const RowStore& rows, TimeMs now) {
  Touched t;
  t.from = rows.time(0);
  t.to = rows.time(rows.size() - 1);
  t.reason = Reason::kRule;
  t.correction = true;
  t.time = now;
  return t;
}

Finding finding(const EpisodeRows& e, Finding::Kind kind, const Touched& t) {
  Finding f;
  f.kind = kind;
  f.episode = e.handle;
  f.reason = t.reason;
  f.time = t.time;
  f.last = e.last;
  f.severity = e.severity;
  f.worst = e.worst;
  f.total = e.total;
  f.cause = t.cause;
  return f;
}

Position spare_name(const EpisodeRows& e) {
  return {e.first_end.time, e.first_end.uid + 0x9e3779b97f4a7c15u * e.handle};
}

void encode(Writer& out, const Fold& fold) {
  out.flag(fold.open);
  for (TimeMs t : {fold.last, fold.ended, fold.keep_since}) out.zigzag(t);
}

void decode(Reader& in, Fold& fold) {
  fold.open = in.flag();
  for (TimeMs* t : {&fold.last, &fold.ended, &fold.keep_since}) *t = in.instant();
}

void encode(Writer& out, const std::optional<TakenOut>& waiting) {
  out.flag(waiting.has_value());
  if (!waiting.has_value()) return;
  out.fixed64(waiting->uid);
  out.zigzag(waiting->time);
  out.zigzag(waiting->cause_time);
  out.flag(waiting->named);
}

void decode(Reader& in, std::optional<TakenOut>& waiting) {
  if (!in.flag()) return;
  waiting = TakenOut{};
  waiting->uid = in.fixed64();
  waiting->time = in.instant();
  waiting->cause_time = in.instant();
  waiting->named = in.flag();
}

}  // namespace tocsin::detect
