// What people do, in the order of ingest: actions on alerts, silences.
#include <algorithm>

#include "runtime/engine.h"

namespace tocsin::runtime {

bool Engine::act(const alert::Action& action, uint32_t partition, uint64_t next_offset, TimeMs log_time) {
  take_offset(partition, next_offset);
  AlertLine line;
  if (!book_.find(action.alert_id, line)) {
    // It may be an alert of this very batch, as in a replay.
    if (auto s = judge(); !s) return false;
    const alert::Transition* t = unwritten(action.alert_id);
    if (t == nullptr) return false;
    line.rule_id = rules_->rules()[t->rule].id;
    line.key = t->tag.key;
  }
  const auto& rules = rules_->rules();
  const auto it = std::ranges::find(rules, line.rule_id, &rule::Rule::id);
  if (it == rules.end()) return false;
  router_->route(action, static_cast<uint16_t>(it - rules.begin()), line.key, delta_);
  note_log_time(log_time);
  return true;
}

// An alert's transition that is not in the book yet.
const alert::Transition* Engine::unwritten(std::string_view alert_id) const {
  for (const auto* list : {&judged_, &next_.transitions, &flying_.transitions}) {
    const auto it = std::ranges::find(*list, alert_id, &alert::Transition::alert_id);
    if (it != list->end()) return &*it;
  }
  return nullptr;
}

bool Engine::silence(rule::Silence silence, uint32_t partition, uint64_t next_offset, std::string& why) {
  take_offset(partition, next_offset);
  if (auto s = judge(); !s) {
    why = s.error().message;
    return false;
  }
  if (policy_->silence(std::move(silence))) return true;
  why = "there are too many silences, or there is one of this id";
  return false;
}

bool Engine::unsilence(const std::string& id, TimeMs at, uint32_t partition, uint64_t next_offset, std::string& why) {
  take_offset(partition, next_offset);
  const Status s = judge();
  const size_t before = judged_.size();
  if (s && policy_->unsilence(id, at, router_->watermark().now(), judged_)) {
    note(std::span(judged_).subspan(before), *rules_, notes_);
    return true;
  }
  why = s ? "there is no silence " + id : s.error().message;
  return false;
}

}  // namespace tocsin::runtime
