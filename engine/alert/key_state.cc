#include "alert/key_state.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "alert/cloud_event.h"
#include "alert/evidence.h"
#include "alert/family_key.h"
#include "alert/finding_input.h"
#include "alert/record.h"
#include "alert/takeover.h"
#include "detect/absence.h"
#include "detect/baseline.h"
#include "detect/cluster.h"
#include "detect/duty.h"
#include "detect/sequence.h"
#include "detect/silence.h"
#include "detect/similar.h"
#include "detect/window.h"

namespace tocsin::alert {
namespace {

using detect::Finding;
using detect::Reason;

constexpr uint8_t kKeyFormat = 4;

// A detector and the alerts on its episodes. Each call hands the input to the detector, turns its findings into alerts'
// inputs one by one, and publishes what changes. The detector lies inside, so that a key is one piece of memory.
template <typename D>
class DetectorKey final : public KeyState {
 public:
  DetectorKey(const rule::Rule& rule, Hash128 key, std::string_view key_text)
      : rule_(rule), key_(key), key_text_(key_text), detector_(rule.plan) {
    if constexpr (requires { detector_.attach(key); }) detector_.attach(key);
  }

  void add(const detect::Row& row, Context& context) override;
  void retract(uint64_t uid, bool withdrawn, const detect::Row& cause, Context& context) override;
  void owe(TimeMs start) override {
    if constexpr (requires { detector_.owe(start); }) detector_.owe(start);
  }
  void act(const Action& action, Context& context) override;
  std::vector<Record> end(TimeMs time, const GoesOn& goes_on, Context& context) override;
  void adopt(std::vector<Record> former, TimeMs now, Context& context) override;
  bool lives(std::string_view alert_id) const override;
  void rejudge(TimeMs now, Context& context) override;
  void leave_stream(TimeMs now, Context& context) override;
  void enter_stream(TimeMs now, Context& context) override;
  void advance(TimeMs deadline, Context& context) override;
  TimeMs next_deadline() const override;
  bool has_alerts() const override { return !records_.empty() || !filed_.empty(); }
  bool empty() const override {
    return records_.empty() && filed_.empty() && !revision_.has_value() && detector_.empty();
  }
  void encode(Writer& out) const override;
  Status decode(Reader& in);
  size_t bytes() const override;
  std::string_view key_text() const override { return key_text_; }
  uint64_t dropped() const override { return detector_.dropped(); }

 private:
  // A revision whose second half has yet to come: it comes under the same position, or not at all.
  struct Revision {
    uint64_t uid = 0, position = 0;
    TimeMs watermark = kNoTime;
  };
  class Sink final : public detect::FindingSink {
   public:
    Sink(DetectorKey& key, Context& context) : key_(key), context_(context) {}
    void on(const Finding& finding) override { key_.take(finding, context_); }

   private:
    DetectorKey& key_;
    Context& context_;
  };

  void take(const Finding& finding, Context& context);
  Record* begin(const Finding& finding, Context& context);
  void apply(Record& r, Input input, const Finding* finding, const Action* action, Context& context);
  void publish(Record& r, const Change& decided, const Finding* finding, const Action* action, Context& context);
  bool differs(const Record& r, const Standing& s, const detect::Description& d) const;
  void remember_verdicts(Context& context);
  void settle(Context& context);
  void sweep(Context& context);
  void write_down(Record& r, Context& context);
  void say_why_no_more(Record& r, const detect::Description& d);
  void file(Record r, Context& context);
  void forget_closed(TimeMs time, Context& context);
  Record* find(uint32_t episode);
  bool in_shadow() const { return rule_.mode == rule::Mode::kShadow; }

  const rule::Rule& rule_;
  const Hash128 key_;
  const std::string key_text_;
  D detector_;
  std::vector<Record> records_;  // in the order in which their episodes began
  std::vector<Record> filed_;    // those that their detector has forgotten, by the time of their end
  std::optional<Revision> revision_;
  bool between_streams_ = false;       // after leave_stream()
  TimeMs rejudged_at_ = kNoTime;       // while rejudge() runs
  std::vector<uint32_t> passed_over_;  // episodes that rejudge() found and that are long over
  // While rejudge() runs: by id, what each alert that may still change rested on before.
  std::vector<std::pair<std::string, std::string>> rested_on_;
};

template <typename D>
Record* DetectorKey<D>::find(uint32_t episode) {
  for (Record& r : records_) {
    if (r.episode == episode) return &r;
  }
  return nullptr;
}

template <typename D>
void DetectorKey<D>::add(const detect::Row& row, Context& context) {
  if (revision_.has_value()) {
    const bool second_half = revision_->uid == row.uid && revision_->position == row.position;
    if (!second_half) settle(context);
  }
  if (!records_.empty()) forget_closed(row.time, context);
  const bool corrects = !revision_.has_value() && !records_.empty() && detector_.corrects(row);
  if (corrects) remember_verdicts(context);
  Sink sink(*this, context);
  detector_.add(row, sink, context.arena);
  if (corrects || revision_.has_value()) {
    revision_.reset();
    for (Record& r : records_) r.before.clear();
  }
  sweep(context);
}

template <typename D>
void DetectorKey<D>::retract(uint64_t uid, bool withdrawn, const detect::Row& cause, Context& context) {
  if (revision_.has_value()) settle(context);
  remember_verdicts(context);
  Sink sink(*this, context);
  detector_.retract(uid, withdrawn, cause, sink, context.arena);
  if (withdrawn) {
    for (Record& r : records_) r.before.clear();
  } else {
    revision_ = Revision{uid, cause.position, cause.watermark};
  }
  sweep(context);
}

template <typename D>
void DetectorKey<D>::settle(Context& context) {
  Sink sink(*this, context);
  detector_.settle(sink, context.arena);
  revision_.reset();
  for (Record& r : records_) r.before.clear();
  sweep(context);
}

template <typename D>
void DetectorKey<D>::act(const Action& action, Context& context) {
  if (revision_.has_value()) settle(context);
  Input in;
  in.kind = Input::Kind::kAction;
  in.time = action.at;
  in.action = action.kind;
  const auto named = [&](const Record& r) { return !r.id.empty() && r.id == action.alert_id; };
  const auto it = std::find_if(records_.begin(), records_.end(), named);
  if (it != records_.end()) {
    apply(*it, in, nullptr, &action, context);
  } else if (const auto old = std::find_if(filed_.begin(), filed_.end(), named); old != filed_.end()) {
    Record r = std::move(*old);
    filed_.erase(old);
    apply(r, in, nullptr, &action, context);
    file(std::move(r), context);
  }
  sweep(context);
}

template <typename D>
std::vector<Record> DetectorKey<D>::end(TimeMs time, const GoesOn& goes_on, Context& context) {
  if (revision_.has_value()) settle(context);
  remember_verdicts(context);
  for (Record& r : records_) {
    if (r.standing.phase != Phase::kLive) continue;
    if (goes_on(r.id)) continue;
    Input in;
    in.kind = Input::Kind::kGone;
    in.reason = Reason::kRule;
    in.time = time;
    in.last = r.standing.last;
    in.severity = r.standing.severity;
    in.worst = r.standing.worst;
    in.total = r.standing.total;
    in.changed = true;
    apply(r, in, nullptr, nullptr, context);
  }
  for (Record& r : records_) {
    write_down(r, context);
    filed_.push_back(std::move(r));
  }
  records_.clear();
  return std::move(filed_);
}

template <typename D>
bool DetectorKey<D>::lives(std::string_view alert_id) const {
  const auto named = [&](const Record& r) { return r.id == alert_id && r.standing.phase == Phase::kLive; };
  return std::any_of(records_.begin(), records_.end(), named);
}

template <typename D>
void DetectorKey<D>::adopt(std::vector<Record> former, TimeMs now, Context& context) {
  // Its second half did not come, and positions are counted otherwise from here on.
  if (revision_.has_value()) revision_->position = 0;
  for (const Takeover& t : take_over(records_, filed_, std::move(former), now)) {
    const auto r = std::find_if(records_.begin(), records_.end(), [&](const Record& x) { return x.id == t.id; });
    std::string under_way = std::exchange(r->before, t.before);
    publish(*r, t.change, nullptr, nullptr, context);
    r->before = std::move(under_way);
  }
}

// What would open only to be over at once, because its quiet time has passed, is left in peace.
template <typename D>
void DetectorKey<D>::rejudge(TimeMs now, Context& context) {
  if (revision_.has_value()) settle(context);
  remember_verdicts(context);
  for (const Record& r : records_) {
    if (r.standing.phase != Phase::kLive && r.standing.phase != Phase::kEnded) continue;
    detect::Description d;
    detector_.describe(r.episode, d, context.arena);
    rested_on_.emplace_back(r.id, evidence_json(evidence_of(d)));
  }
  rejudged_at_ = now;
  Sink sink(*this, context);
  detector_.rejudge(now, sink, context.arena);
  rejudged_at_ = kNoTime;
  for (const uint32_t episode : passed_over_) detector_.forget(episode);
  passed_over_.clear();
  rested_on_.clear();
  for (Record& r : records_) r.before.clear();
  sweep(context);
}

template <typename D>
void DetectorKey<D>::leave_stream(TimeMs now, Context& context) {
  if (revision_.has_value()) settle(context);
  for (Record& r : records_) {
    if (r.standing.phase != Phase::kLive) continue;
    Change gone{TransitionType::kResolved, Reason::kRule, std::max(now, r.updated_at), r.standing};
    gone.after.status = AlertStatus::kResolved;
    publish(r, gone, nullptr, nullptr, context);
  }
  between_streams_ = true;
}

// Nobody there has taken note of it or has it in hand.
template <typename D>
void DetectorKey<D>::enter_stream(TimeMs now, Context& context) {
  between_streams_ = false;
  for (Record& r : records_) {
    if (r.standing.phase != Phase::kLive || r.shadow == in_shadow()) continue;
    r.standing.status = AlertStatus::kOpen;
    r.standing.told_total = r.standing.total;
    r.standing.told_at = std::max(now, r.updated_at);
    r.assigned_to.clear();
    publish(r, {TransitionType::kOpened, Reason::kRule, r.standing.told_at, r.standing}, nullptr, nullptr, context);
  }
}

template <typename D>
TimeMs DetectorKey<D>::next_deadline() const {
  TimeMs next = detector_.next_deadline();
  if (revision_.has_value()) next = std::min(next, revision_->watermark);
  for (const Record& r : records_) next = std::min(next, alert::next_deadline(rule_.plan, r.standing));
  if (!filed_.empty()) next = std::min(next, alert::next_deadline(rule_.plan, filed_.front().standing));
  return next;
}

template <typename D>
void DetectorKey<D>::advance(TimeMs deadline, Context& context) {
  if (revision_.has_value() && revision_->watermark <= deadline) settle(context);
  Sink sink(*this, context);
  while (detector_.next_deadline() <= deadline) detector_.advance(detector_.next_deadline(), sink, context.arena);
  for (Record& r : records_) {
    for (TimeMs due = alert::next_deadline(rule_.plan, r.standing); due <= deadline;
         due = alert::next_deadline(rule_.plan, r.standing)) {
      Input in;
      in.kind = Input::Kind::kTimer;
      in.time = due;
      apply(r, in, nullptr, nullptr, context);
    }
  }
  sweep(context);
  const auto kept = [&](const Record& r) { return alert::next_deadline(rule_.plan, r.standing) > deadline; };
  filed_.erase(filed_.begin(), std::find_if(filed_.begin(), filed_.end(), kept));
  // What a forgotten alert held may be due by now.
  while (detector_.next_deadline() <= deadline) detector_.advance(detector_.next_deadline(), sink, context.arena);
}

// An alert that a person closed does not reopen after `reopen`: what comes then begins a new one.
template <typename D>
void DetectorKey<D>::forget_closed(TimeMs time, Context& context) {
  for (Record& r : records_) {
    if (r.standing.phase != Phase::kEnded || r.standing.status != AlertStatus::kClosed) continue;
    if (alert::next_deadline(rule_.plan, r.standing) < time) r.standing.phase = Phase::kFiled;
  }
  sweep(context);
}

template <typename D>
void DetectorKey<D>::sweep(Context& context) {
  const auto over = [](const Record& r) { return r.standing.phase >= Phase::kFiled; };
  if (std::none_of(records_.begin(), records_.end(), over)) return;
  for (Record& r : records_) {
    if (!over(r)) continue;
    const uint32_t episode = r.episode;
    if (r.standing.phase == Phase::kFiled) file(std::move(r), context);
    detector_.forget(episode);
  }
  std::erase_if(records_, over);
}

// What is left to say of an alert when its events are let go.
template <typename D>
void DetectorKey<D>::write_down(Record& r, Context& context) {
  if (!r.said.evidence.empty()) return;
  detect::Description d;
  detector_.describe(r.episode, d, context.arena);
  r.said.key = d.label.empty() ? key_text_ : std::string(d.label);
  r.said.evidence = evidence_json(evidence_of(d));
}

// An edited rule no longer holds of events that are all still there: the alert ends on what it rested on, by the params
// that ended it.
template <typename D>
void DetectorKey<D>::say_why_no_more(Record& r, const detect::Description& d) {
  const auto told = std::ranges::find(rested_on_, r.id, &std::pair<std::string, std::string>::first);
  if (told != rested_on_.end()) r.said.evidence = told->second;
  if (!d.values.empty()) r.said.params = params_json(rule_.plan, d.values);
}

// Puts an alert by that has ended for good: it says what it last said, and its detector need not keep its rows.
template <typename D>
void DetectorKey<D>::file(Record r, Context& context) {
  write_down(r, context);
  r.episode = 0;
  r.before.clear();
  put_filed(filed_, std::move(r));
}

template <typename D>
void DetectorKey<D>::take(const Finding& finding, Context& context) {
  Record* r = find(finding.episode);
  if (r == nullptr) {
    if (finding.kind != Finding::Kind::kHolds) return;
    if (rejudged_at_ != kNoTime && rule_.plan.quiet > 0 && finding.last + rule_.plan.quiet < rejudged_at_) {
      return passed_over_.push_back(finding.episode);
    }
    r = begin(finding, context);
  }
  Input in = input_of(finding);
  const bool gone = finding.kind == Finding::Kind::kGone, merged = finding.kind == Finding::Kind::kMerged;
  if (merged) {
    const Record* into = find(finding.into);
    if (into != nullptr) r->merged_into = into->id;
  }
  if (finding.groundless() || (finding.kind == Finding::Kind::kCorrected && !r->before.empty())) {
    detect::Description d;
    detector_.describe(r->episode, d, context.arena);
    if (gone) in.total = static_cast<uint32_t>(d.total);  // the finding's is what it had
    Standing s = r->standing;
    s.severity = in.severity;
    s.total = in.total;
    in.changed = gone || differs(*r, s, d);
  }
  apply(*r, in, &finding, nullptr, context);
  // The detector lets go of the episode with this finding: nobody can ask it later.
  if ((gone || merged) && r->standing.phase == Phase::kFiled) write_down(*r, context);
}

template <typename D>
bool DetectorKey<D>::differs(const Record& r, const Standing& s, const detect::Description& d) const {
  return r.before != verdict_json(rule_.plan, s, d.values) || r.before_evidence != evidence_of(d).hash;
}

template <typename D>
void DetectorKey<D>::remember_verdicts(Context& context) {
  for (Record& r : records_) {
    if (r.standing.phase != Phase::kLive && r.standing.phase != Phase::kEnded) continue;
    detect::Description d;
    detector_.describe(r.episode, d, context.arena);
    r.before = verdict_json(rule_.plan, r.standing, d.values);
    r.before_evidence = evidence_of(d).hash;
  }
}

template <typename D>
Record* DetectorKey<D>::begin(const Finding& finding, Context& context) {
  Record r;
  r.episode = finding.episode;
  r.opened_at = finding.time;
  if (finding.cause != nullptr) {
    r.opened_source = finding.cause->source;
    r.opened_id = finding.cause->id;
  } else {
    detect::Description d;
    detector_.describe(finding.episode, d, context.arena);
    if (d.subject.has_value() || !d.members.empty()) {
      const detect::RowFacts f = d.subject.has_value() ? *d.subject : d.members.front().row.facts();
      r.opened_source = f.source;
      r.opened_id = f.id;
    }
  }
  const detect::Position first = detector_.name(finding.episode);
  r.id = alert_id(rule_.id, key_.hi, first.uid, first.time);
  // The same first event has named an alert that is still remembered: that alert goes on.
  for (Record& old : records_) {
    if (old.id != r.id) continue;
    old.episode = r.episode;
    return &old;
  }
  const auto filed = std::find_if(filed_.begin(), filed_.end(), [&](const Record& old) { return old.id == r.id; });
  if (filed != filed_.end()) {
    filed->standing.phase = Phase::kEnded;
    filed->said.evidence.clear();
    filed->episode = r.episode;
    r = std::move(*filed);
    filed_.erase(filed);
  }
  records_.push_back(std::move(r));
  return &records_.back();
}

template <typename D>
void DetectorKey<D>::apply(Record& r, Input input, const Finding* finding, const Action* action, Context& context) {
  if (r.standing.phase == Phase::kOver) return;
  const Outcome out = decide(rule_.plan, r.standing, input);
  r.standing = out.standing;
  for (size_t i = 0; i < out.count; ++i) publish(r, out.changes[i], finding, action, context);
}

bool opens(TransitionType type) { return type == TransitionType::kOpened || type == TransitionType::kReopened; }

template <typename D>
void DetectorKey<D>::publish(Record& r, const Change& decided, const Finding* finding, const Action* action,
                             Context& context) {
  Change change = decided;
  if (opens(change.type)) {
    // The first that a stream is told of an alert opens it: nobody was told of what began and ended while its rule was
    // warmed up, and what went to another stream until the rule's mode was edited is new to this one.
    const bool unheard = r.seq == 0 || r.shadow != in_shadow();
    change.type = unheard ? TransitionType::kOpened : TransitionType::kReopened;
    r.shadow = in_shadow();
  } else if (r.seq == 0 || between_streams_) {
    return;
  }
  detect::Description d;
  detector_.describe(r.episode, d, context.arena);
  Evidence evidence = evidence_of(d);
  evidence.total = std::max<size_t>(evidence.total, d.members.size());
  const bool anything = d.subject.has_value() || !d.members.empty();
  if (anything || r.said.summary.empty()) {
    r.said = said_of(rule_, context.zone, d);
  } else if (rejudged_at_ == kNoTime && finding != nullptr && finding->groundless()) {
    std::string params = std::move(r.said.params);  // those of its area, say, which no row tells any more
    r.said = said_of(rule_, context.zone, d);
    r.said.params = std::move(params);
  }
  if (!anything && rejudged_at_ != kNoTime) say_why_no_more(r, d);
  if (anything) {
    r.city = evidence.city;
    r.town = evidence.town;
    r.village = evidence.village;
    r.grid = evidence.grid;
    r.has_location = d.has_location;
    r.lon = d.lon;
    r.lat = d.lat;
  }
  if (action != nullptr && action->kind == ActionKind::kAssign) r.assigned_to = action->to;
  if (action != nullptr && action->kind == ActionKind::kClose) r.outcome = action->outcome;
  if (change.type == TransitionType::kReopened) {
    r.outcome.clear();
    r.merged_into.clear();
  }
  ++r.seq;
  r.updated_at = change.time;
  const bool amended = change.type == TransitionType::kAmended;
  const std::string after = amended ? verdict_json(rule_.plan, change.after, d.values) : std::string();
  const std::string before = amended ? r.before : std::string();
  const std::string_view key = !d.label.empty() ? d.label : r.said.key.empty() ? key_text_ : r.said.key;
  Transition t = transition_of({rule_, context.zone, r, change, evidence, d, key, action, before, after});
  t.rule = context.rule_index;
  if (finding != nullptr && finding->cause != nullptr) {
    t.latency_from = static_cast<DurationMs>(finding->cause->position);
  }
  context.emitter.emit(std::move(t));
}

template <typename D>
void DetectorKey<D>::encode(Writer& out) const {
  out.u8(kKeyFormat);
  out.u8(static_cast<uint8_t>(rule_.plan.kind));
  out.str(key_text_);
  out.flag(revision_.has_value());
  if (revision_.has_value()) {
    out.fixed64(revision_->uid);
    out.varint(revision_->position);
    out.zigzag(revision_->watermark);
  }
  out.varint(records_.size());
  for (const Record& r : records_) alert::encode(out, r);
  out.varint(filed_.size());
  for (const Record& r : filed_) alert::encode(out, r);
  detector_.encode(out);
}

template <typename D>
Status DetectorKey<D>::decode(Reader& in) {
  if (in.flag()) {
    revision_.emplace();
    revision_->uid = in.fixed64();
    revision_->position = in.varint();
    revision_->watermark = in.zigzag();
  }
  for (std::vector<Record>* list : {&records_, &filed_}) {
    const uint64_t n = in.varint();
    if (n > in.remaining()) return corrupt("a key's alerts are cut short");
    for (uint64_t i = 0; i < n; ++i) list->push_back(decode_record(in));
  }
  if (Status s = detector_.decode(in); !s) return s;
  return in.ok() && in.at_end() ? Status() : corrupt("a key's state does not decode");
}

template <typename D>
size_t DetectorKey<D>::bytes() const {
  size_t n = sizeof(*this) - sizeof(D) + key_text_.capacity() + detector_.bytes();
  for (const Record& r : records_) n += sizeof(Record) + text_bytes(r);
  for (const Record& r : filed_) n += sizeof(Record) + text_bytes(r);
  return n;
}

// Calls f(type tag) with the plan's detector; answers f's result, or null for a kind that has none yet.
template <typename F>
std::unique_ptr<KeyState> with_detector(const detect::Plan& plan, F&& f) {
  if (plan.duties != nullptr) return f(std::type_identity<detect::Duty>{});
  switch (plan.kind) {
    case detect::RuleKind::kWindow:
      return f(std::type_identity<detect::Window>{});
    case detect::RuleKind::kCluster:
      return f(std::type_identity<detect::Cluster>{});
    case detect::RuleKind::kSequence:
      return f(std::type_identity<detect::Sequence>{});
    case detect::RuleKind::kSimilar:
      return f(std::type_identity<detect::Similar>{});
    case detect::RuleKind::kAbsence:
      return f(std::type_identity<detect::Absence>{});
    case detect::RuleKind::kBaseline:
      return f(std::type_identity<detect::Baseline>{});
    case detect::RuleKind::kSilence:
      return f(std::type_identity<detect::Silence>{});
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<KeyState> make_key_state(const rule::Rule& rule, Hash128 key, std::string_view key_text) {
  if (rule.variants != nullptr) return make_family_key(*rule.variants, key, key_text);
  return with_detector(rule.plan, [&]<typename D>(std::type_identity<D>) -> std::unique_ptr<KeyState> {
    return std::make_unique<DetectorKey<D>>(rule, key, key_text);
  });
}

Result<std::unique_ptr<KeyState>> decode_key_state(const rule::Rule& rule, Hash128 key, std::string_view bytes) {
  if (rule.variants != nullptr) return decode_family_key(*rule.variants, key, bytes);
  Reader in(bytes);
  if (in.u8() != kKeyFormat) return corrupt("a key's state is of another format");
  if (in.u8() != static_cast<uint8_t>(rule.plan.kind)) return corrupt("a key's state is of another kind of rule");
  const std::string_view key_text = in.str();
  if (!in.ok()) return corrupt("a key's state does not decode");
  Status status;
  auto state = with_detector(rule.plan, [&]<typename D>(std::type_identity<D>) -> std::unique_ptr<KeyState> {
    auto made = std::make_unique<DetectorKey<D>>(rule, key, key_text);
    status = made->decode(in);
    return made;
  });
  if (state == nullptr) return corrupt("a key's state is of a kind that has no detector");
  if (!status) return status.error();
  return state;
}

}  // namespace tocsin::alert
