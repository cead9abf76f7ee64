#pragma once
// Grouping, inhibition and silence: the stage after all rules have been judged. It looks at the transitions of all
// shards in their one order, never at events, and takes none away: the alert topic stays the full record. A transition
// that is not to disturb anybody says so (`silenced_by`, `inhibited_by` in its data, Transition::muted for sinks that
// notify). When what kept a living alert still has ended, the alert is told once more, as it last was: `updated`, with
// the reason `unsilenced` or `uninhibited`.
//
//   inhibition  alerts of rule B are still while an alert of a rule that inhibits B lives whose area B's lies in: each
//               code that it has, B's has too (none: everywhere). When `source` is part of the inhibiting rule's key,
//               only rules that read this source are meant. An alert that is still itself inhibits; one in shadow does
//               not.
//   silence     by rule, area and greatest severity, for transitions of its time [from, until)
//   endings     `resolved` and `closed` are muted only when nobody was told of the alert before
//
// A function of the log: state is committed with the transitions, entry by entry. Not thread-safe.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "alert/transition.h"
#include "rule/rule_set.h"
#include "rule/silence.h"

namespace tocsin::alert {

class Policy {
 public:
  static constexpr size_t kMaxSilences = 1000;     // that have not ended
  static constexpr size_t kMaxFollowed = 100'000;  // alerts; past it they are marked, but not told again afterwards
  static constexpr size_t kMaxNamed = 10;          // alerts named in `inhibited_by`

  explicit Policy(std::shared_ptr<const rule::RuleSet> rules);
  // The same alerts and silences under other rules, which take over at `watermark`; silences of files are the new
  // ones'.
  Policy(std::shared_ptr<const rule::RuleSet> rules, const Policy& before, TimeMs watermark);

  // Marks a stretch of the one order and puts in what is to be told again; `watermark` is that at its end. Stretches
  // may be cut anywhere.
  void apply(std::vector<Transition>& stream, TimeMs watermark);

  // A person's silence, from here on in the log. False: there are too many, or one of this id.
  bool silence(rule::Silence silence);
  // Ends it at `at`. False: there is none of this id that a person has made.
  bool unsilence(const std::string& id, TimeMs at, TimeMs watermark, std::vector<Transition>& out);
  // By id.
  const std::map<std::string, rule::Silence>& silences() const { return silences_; }

  // Entries that changed since the last call, as (key, bytes); empty bytes: it is gone. Keys begin with "policy/".
  void take_changed(const std::function<void(const std::string&, std::string)>& f);
  Status load(std::string_view key, std::string_view bytes);
  // After the last load(): what marked an alert may have gone with rules that were exchanged before the end.
  void check_at(TimeMs watermark);

 private:
  // A living alert that inhibits others or was last told marked; also one that has been told again, whose transitions
  // count on from there.
  struct Followed {
    Transition last;  // as told; json only while marked
    std::string rule, source;
    uint32_t added = 0;  // tellings that its key knows nothing of
    bool live = false, marked = false;
    bool told = false;  // to people, at least once
  };
  struct Marks {
    std::vector<std::string> inhibited_by, silenced_by;
    bool any() const { return !inhibited_by.empty() || !silenced_by.empty(); }
  };
  // What the rules say, by rule.
  struct Row {
    std::vector<uint16_t> inhibitors;
    bool inhibits = false;
    int source_part = -1;  // of the key
  };

  void prepare();
  bool idle() const { return !grouped_ && !inhibiting_ && silences_.empty() && followed_.empty(); }
  void take(Transition& t, std::vector<Transition>& out);
  Marks marks_of(const Transition& t) const;
  bool lies_in(const Transition& target, const Followed& source) const;
  static bool covers(const rule::Silence& s, const std::string& rule_id, const Transition& t);
  std::string group_of(const Transition& t) const;
  void follow(const Transition& t, const Marks& marks, bool live);
  void end_silences(TimeMs watermark, std::vector<Transition>& out);
  // Tells the alerts again that nothing marks any more.
  void tell_again(TimeMs time, TimeMs watermark, std::string_view reason, std::vector<Transition>& out,
                  bool restarted = false);
  void forget_before(TimeMs time);
  void erase(const std::string& id);

  std::shared_ptr<const rule::RuleSet> rules_;
  std::map<std::string, uint16_t, std::less<>> index_;
  std::vector<Row> rows_;
  bool grouped_ = false, inhibiting_ = false;
  bool recheck_ = false;  // rules may have changed at checked_at_: what is marked may no longer be
  TimeMs checked_at_ = kNoTime;
  std::map<std::string, rule::Silence> silences_;
  std::map<std::string, Followed> followed_;
  std::map<uint16_t, std::set<std::string>> sources_;  // living alerts that inhibit, by rule
  std::set<std::string> marked_;                       // living alerts that were last told marked
  std::set<std::pair<TimeMs, std::string>> done_;      // ended ones, by their last transition
  std::set<std::string> changed_;
};

// A transition's JSON as its alert's next one: number, and for a telling of ours type, time and reason.
std::string told_again(std::string_view json, const std::string& alert_id, uint32_t seq, TimeMs time,
                       std::string_view reason);
// The same with another number.
void renumber(std::string& json, const std::string& alert_id, uint32_t from, uint32_t to);

}  // namespace tocsin::alert
