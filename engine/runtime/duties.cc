#include "runtime/duties.h"

namespace tocsin::runtime {

Duties::Duties(const rule::RuleSet& rules) {
  for (size_t i = 0; i < rules.rules().size(); ++i) {
    const rule::Rule& r = rules.rules()[i];
    if (r.plan.duties != nullptr) rules_.push_back({static_cast<uint16_t>(i), r.id, r.plan.duties->every, kNoTime});
  }
}

void Duties::begin(TimeMs now) {
  for (Entry& e : rules_) {
    if (e.next == kNoTime) e.next = e.every.first_from(now);
  }
}

std::optional<Duties::Begun> Duties::next(TimeMs watermark) {
  Entry* first = nullptr;
  for (Entry& e : rules_) {
    if (e.next != kNoTime && e.next < watermark && (first == nullptr || e.next < first->next)) first = &e;
  }
  if (first == nullptr) return std::nullopt;
  const Begun begun{first->rule, first->next};
  first->next = first->every.next(first->next);
  return begun;
}

void Duties::encode(Writer& out) const {
  out.varint(rules_.size());
  for (const Entry& e : rules_) {
    out.str(e.id);
    out.str(e.every.text());
    out.zigzag(e.next);
  }
}

Status Duties::decode(std::string_view bytes) {
  Reader in(bytes);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    const std::string_view id = in.str(), every = in.str();
    const TimeMs next = in.zigzag();
    for (Entry& e : rules_) {
      if (e.id == id && e.every.text() == every) e.next = next;
    }
  }
  return in.ok() ? Status() : corrupt("the periods stored in the state directory do not decode");
}

}  // namespace tocsin::runtime
