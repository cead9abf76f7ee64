// Other rules in place of those in force, without losing the state of those that stay.
#include <algorithm>

#include "runtime/engine.h"
#include "runtime/stored_rules.h"

namespace tocsin::runtime {

// How one rule set follows another.
struct Engine::Succession {
  std::vector<int> heirs;          // of each old rule the new one that keeps its state; -1: none
  std::vector<int> namesakes;      // of each old rule the new one of its id
  std::vector<bool> other_stream;  // of each old rule: its namesake's mode is another
  Shard::Edits edits;              // what became of new rules that keep their state
  std::vector<bool> begun;         // new rules that keep no state: warmed up, or anew
  const rule::RuleSet* rules = nullptr;

  // The key is no longer in force: its rule has no heir, or the row that owed has left the population.
  bool ends(uint16_t rule, const Hash128& key) const {
    if (heirs[rule] < 0) return true;
    const auto& duties = rules->rules()[static_cast<size_t>(heirs[rule])].plan.duties;
    return duties != nullptr && duties->find(key) == nullptr;
  }
};

Engine::Succession Engine::succession(const rule::RuleSet& rules) const {
  Succession by;
  by.rules = &rules;
  by.edits.conditions.resize(rules.rules().size());
  by.edits.stream.resize(rules.rules().size());
  by.begun.assign(rules.rules().size(), true);
  for (const rule::Rule& old : rules_->rules()) {
    int heir = -1, namesake = -1;
    bool other_stream = false;
    for (size_t j = 0; j < rules.rules().size(); ++j) {
      const rule::Rule& now = rules.rules()[j];
      if (now.id != old.id) continue;
      namesake = static_cast<int>(j);
      other_stream = now.mode != old.mode;
      if (now.identity != old.identity) continue;
      heir = namesake;
      by.begun[j] = false;
      by.edits.conditions[j] = now.judgement != old.judgement;
      by.edits.stream[j] = other_stream;
    }
    by.heirs.push_back(heir);
    by.namesakes.push_back(namesake);
    by.other_stream.push_back(other_stream);
  }
  return by;
}

std::shared_ptr<const rule::RuleSet> Engine::to_warm_up(const rule::RuleSet& rules) const {
  const Succession by = succession(rules);
  std::vector<rule::Rule> fresh;
  for (size_t i = 0; i < by.begun.size(); ++i) {
    if (by.begun[i] && !rules.rules()[i].reads_alerts) fresh.push_back(rules.rules()[i]);
  }
  return fresh.empty() ? nullptr : rule::RuleSet::of(std::move(fresh));
}

// Brings `warm` to the present and takes its keys. `map`: of its rules, the new ones.
Status Engine::load_warm(Engine& warm, Works& to, std::vector<int>& map) {
  for (const rule::Rule& r : warm.rules().rules()) {
    const auto& rules = to.rules->rules();
    const auto it = std::ranges::find(rules, r.id, &rule::Rule::id);
    const bool same = it != rules.end() && it->identity == r.identity && it->judgement == r.judgement;
    if (!same) return invalid("what was warmed up is not the rule " + r.id);
    map.push_back(static_cast<int>(it - rules.begin()));
  }
  const TimeMs now = router_->watermark().now();
  if (now != kNoTime) warm.advance_to(now);
  if (auto done = warm.commit(); !done) return done.error();
  for (Shard* shard : warm.shards_->all()) {
    shard->give_away([&](uint16_t held, const Hash128& key, std::unique_ptr<alert::KeyState> state) {
      const auto rule = static_cast<uint16_t>(map[held]);
      to.shards->owner(rule, key).take_in(rule, key, std::move(state));
    });
  }
  to.warm_rules = warm.rules_;
  Status status;
  std::string bytes;
  Writer w(bytes);
  warm.shards_->all()[0]->duties().encode(w);
  for (Shard* shard : to.shards->all()) {
    if (status) status = shard->duties().decode(bytes);
  }
  return status;
}

// The alerts of keys that are no longer in force are resolved; what goes on under another version of the rule stays.
Status Engine::end_old(const Succession& by, Works& next, std::vector<Shard::Left>& left, std::string& notes) {
  const TimeMs now = router_->watermark().now();
  const auto ends = [&](uint16_t rule, const Hash128& key) { return by.ends(rule, key); };
  const auto goes_on = [&](uint16_t rule, const Hash128& key, std::string_view id) {
    if (by.heirs[rule] >= 0 || by.namesakes[rule] < 0 || by.other_stream[rule]) return false;
    return next.shards->owner(static_cast<uint16_t>(by.namesakes[rule]), key).lives(key, id);
  };
  next_.transitions.clear();
  if (auto s = shards_->end_keys(ends, goes_on, now == kNoTime ? 0 : now, router_->position(), left, next_.transitions);
      !s) {
    return s;
  }
  leave_estates(by, left, now);
  std::erase_if(left, [&](const Shard::Left& l) { return by.heirs[l.rule] >= 0 || by.namesakes[l.rule] < 0; });
  for (Shard::Left& l : left) l.rule = static_cast<uint16_t>(by.namesakes[l.rule]);
  alert::Policy policy = *policy_;
  policy.apply(next_.transitions, now);
  note(next_.transitions, *rules_, notes);
  stage_transitions(*rules_);
  next.policy = std::make_unique<alert::Policy>(next.rules, policy, now);
  return {};
}

// Of rules that no rule follows.
void Engine::leave_estates(const Succession& by, std::vector<Shard::Left>& left, TimeMs now) {
  if (store_ == nullptr || now == kNoTime) return;
  std::map<uint16_t, std::vector<Shard::Left>> of;
  for (Shard::Left& l : left) {
    if (by.namesakes[l.rule] < 0) of[l.rule].push_back(std::move(l));
  }
  for (auto& [rule, alerts] : of) {
    estates_.leave(rules_->rules()[rule].id, std::move(alerts), now + options_.keep_ended, next_.batch);
  }
}

Status Engine::inherit_estates(const Succession& by, const rule::RuleSet& rules, std::vector<Shard::Left>& left) {
  if (store_ == nullptr) return {};
  for (size_t i = 0; i < by.begun.size(); ++i) {
    const std::string& id = rules.rules()[i].id;
    if (auto s = estates_.inherit(id, static_cast<uint16_t>(i), *store_, left, next_.batch); !s) return s;
  }
  return {};
}

Status Engine::move_keys(const Succession& by, Works& to) {
  Status status;
  std::string bytes;
  for (size_t i = 0; i < by.heirs.size(); ++i) {
    const std::string& id = rules_->rules()[i].id;
    if (by.heirs[i] < 0) next_.batch.ranges.push_back({state::Table::kState, id + '\0', id + '\1'});
  }
  for (const Shard* shard : shards_->all()) {
    shard->for_each([&](const Shard::Held& held) {
      if (!status || by.heirs[held.rule] < 0) return;
      if (held.state == nullptr || by.ends(held.rule, held.key)) {
        next_.batch.deletes.push_back({state::Table::kState, state_key(rules_->rules()[held.rule].id, held.key)});
        return;
      }
      const auto heir = static_cast<uint16_t>(by.heirs[held.rule]);
      bytes.clear();
      Writer w(bytes);
      held.state->encode(w);
      status = to.shards->owner(heir, held.key).load(heir, held.key, bytes, held.changed);
    });
  }
  return status;
}

// What the new rules say at once: of the state that they keep, and of what was warmed up.
void Engine::begin_new(const Succession& by, std::vector<Shard::Left> left, Works& next, std::string& notes) {
  const TimeMs watermark = router_->watermark().now(), greatest = greatest_event_time();
  const TimeMs now = watermark != kNoTime ? watermark : greatest != kNoTime ? greatest : 0;
  next_.transitions.clear();
  next.shards->rejudge(by.edits, watermark, now, router_->position());
  next.shards->adopt(by.begun, std::move(left), now, router_->position());
  next.shards->take_changes(next_.transitions);
  next.policy->apply(next_.transitions, watermark);
  note(next_.transitions, *next.rules, notes);
  stage_transitions(*next.rules);
}

Status Engine::stage_swap(Works& next, const Succession& by, const std::string& notes) {
  if (store_ == nullptr) return {};
  next_.batch.puts.push_back({state::Table::kMeta, kRulesKey, encode_rules(*next.rules)});
  ++progress_.commit;
  stage_checkpoint(*next.rules, *next.router, *next.shards, &by.begun);
  stage_fresh(*next.rules, *next.shards, by.begun);
  stage_swapped_score(notes);
  stage_policy(*next.policy);
  stage_progress();
  return write();
}

Status Engine::swap_rules(const std::shared_ptr<const rule::RuleSet>& rules, Engine* warm) {
  if (write_pending_) {  // else the commit below would only finish the batch that met a full disk
    if (auto s = write(); !s) return s;
  }
  if (auto done = commit(); !done) return done.error();
  if (auto s = land(); !s) return s;
  if (auto s = settle_score(); !s) return s;
  const Progress before = progress_;
  const auto by_type = by_type_;
  const bool fresh_before = fresh_stored_;
  const Estates estates = estates_;
  const Succession by = succession(*rules);
  Works next = build(rules);
  carry_duties(*next.shards, router_->watermark().now());
  std::vector<int> warm_map;
  if (warm != nullptr) {
    if (auto s = load_warm(*warm, next, warm_map); !s) return s;
  }
  std::vector<Shard::Left> left;
  std::string notes;
  Status status = end_old(by, next, left, notes);
  if (status) status = inherit_estates(by, *rules, left);
  if (status) status = move_keys(by, next);
  next.router->watermark() = router_->watermark();
  next.router->seen() = std::move(router_->seen());
  auto former = next.router->seen().renumber(by.heirs, rules->rules().size());
  next.router->restore(progress_.position, progress_.watermark);
  std::vector<uint64_t> entered;
  if (warm != nullptr) entered = next.router->seen().absorb(std::move(warm->router_->seen()), warm_map);
  if (status) {
    begin_new(by, std::move(left), next, notes);
    status = stage_swap(next, by, notes);
  }
  if (status) {
    next.router->seen().fold();
    install(std::move(next));
    take_swapped_score(std::move(notes));
    return {};
  }
  // Nothing of it was written: the rules that were in force stay, and what they know is where it was.
  next.router->seen().not_stored();
  if (warm != nullptr) next.router->seen().take_back(entered);
  next.router->seen().restore(std::move(former));
  fresh_stored_ = fresh_before;
  estates_ = estates;
  router_->seen() = std::move(next.router->seen());
  progress_.commit = before.commit;
  progress_.checkpoint = before.checkpoint;
  progress_.outbox = before.outbox;
  progress_.totals = before.totals;
  by_type_ = by_type;
  if (write_pending_ && refused_.empty()) refused_ = std::move(next_.batch);  // else it was not even tried
  next_ = {};
  write_pending_ = false;
  forget_swapped_score(notes);
  request_checkpoint();
  return status;
}

}  // namespace tocsin::runtime
