#pragma once
// Rules over alerts (`from: alerts`): the transitions that the other rules' alerts have made, as events, in the one
// order of all shards. They are judged by a shard of their own after the barrier, so that what they see does not depend
// on shards or batches; their rows go into the delta inside one operation (Op::kAlerts), so that recovery applies them
// as they were. Alerts of rules over alerts, and those of rules in shadow, are no events: there are no loops.
//
//   id           <alert_id>/<seq>, counted without what the policy has told again
//   kind         report: opened, reopened; transition: all else
//   category     alert.<rule>
//   occurred_at  the transition's time, or the watermark that it was told at when that is later: never late
//   case, place  the alert's id
//   area, location, text   of the alert; text is the summary, zh or else en
//   attrs        alert, rule, type, severity, status, reason, owner
//   values       those of the alert that are numbers, and severity as 1 (blue) … 4 (red)
#include <span>
#include <string>
#include <vector>

#include "alert/transition.h"
#include "rule/rule_set.h"
#include "runtime/router.h"

namespace tocsin::runtime {

class AlertStage {
 public:
  explicit AlertStage(std::shared_ptr<const rule::RuleSet> rules) : rules_(std::move(rules)) {}

  // Appends to `delta` one operation with all that rules over alerts have to apply of the stretch `fresh` (the end of
  // `delta`), whose transitions are `stream`; the watermark at its end is `watermark`. Answers its content.
  std::string build(std::string_view fresh, std::span<const alert::Transition> stream, TimeMs watermark, Router& router,
                    std::string& delta);

 private:
  std::shared_ptr<const rule::RuleSet> rules_;
  TimeMs told_ = kNoTime;  // the time last passed on
  Arena arena_{16 * 1024};
};

// The event that a transition is; views point into `t` and `arena`.
Event event_of(const alert::Transition& t, const rule::Rule& rule, Arena& arena);

}  // namespace tocsin::runtime
