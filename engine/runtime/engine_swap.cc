// Other rules in place of those in force, without losing the state of those that stay.
#include "runtime/engine.h"
#include "runtime/stored_rules.h"

namespace tocsin::runtime {

// Which of the new rules keeps the state of each old one; -1: none.
std::vector<int> Engine::heirs(const rule::RuleSet& rules) const {
  std::vector<int> map(rules_->rules().size(), -1);
  for (size_t i = 0; i < map.size(); ++i) {
    for (size_t j = 0; j < rules.rules().size(); ++j) {
      const rule::Rule& a = rules_->rules()[i];
      const rule::Rule& b = rules.rules()[j];
      if (a.id == b.id && a.identity == b.identity) map[i] = static_cast<int>(j);
    }
  }
  return map;
}

// Which of the new rules have kept their state and judge it by other conditions.
std::vector<bool> Engine::edited(const rule::RuleSet& rules, std::span<const int> map) const {
  std::vector<bool> edited(rules.rules().size());
  for (size_t i = 0; i < map.size(); ++i) {
    if (map[i] < 0) continue;
    const auto to = static_cast<size_t>(map[i]);
    edited[to] = rules_->rules()[i].judgement != rules.rules()[to].judgement;
  }
  return edited;
}

Status Engine::move_keys(std::span<const int> map, const Shard::Ends& ends, Works& to) {
  Status status;
  std::string bytes;
  for (size_t i = 0; i < map.size(); ++i) {
    const std::string& id = rules_->rules()[i].id;
    if (map[i] < 0) next_.batch.ranges.push_back({state::Table::kState, id + '\0', id + '\1'});
  }
  for (const Shard* shard : shards_->all()) {
    shard->for_each([&](const Shard::Held& held) {
      if (!status || map[held.rule] < 0) return;
      if (held.state == nullptr || ends(held.rule, held.key)) {
        next_.batch.deletes.push_back({state::Table::kState, state_key(rules_->rules()[held.rule].id, held.key)});
        return;
      }
      const auto heir = static_cast<uint16_t>(map[held.rule]);
      bytes.clear();
      Writer w(bytes);
      held.state->encode(w);
      status = to.shards->owner(heir, held.key).load(heir, held.key, bytes, held.changed);
    });
  }
  return status;
}

Status Engine::swap_rules(std::shared_ptr<const rule::RuleSet> rules) {
  if (write_pending_) {  // else the commit below would only finish the batch that met a full disk
    if (auto s = write(); !s) return s;
  }
  if (auto done = commit(); !done) return done.error();
  if (auto s = land(); !s) return s;
  const Progress before = progress_;
  const auto by_type = by_type_;
  const std::vector<int> map = heirs(*rules);
  // A row that has left its population is owed nothing any more.
  const auto ends = [&](uint16_t rule, const Hash128& key) {
    if (map[rule] < 0) return true;
    const auto& duties = rules->rules()[static_cast<size_t>(map[rule])].plan.duties;
    return duties != nullptr && duties->find(key) == nullptr;
  };
  const TimeMs now = router_->watermark().now();
  next_.transitions.clear();
  if (auto s = shards_->end_keys(ends, now == kNoTime ? 0 : now, router_->position(), next_.transitions); !s) return s;
  alert::Policy policy = *policy_;
  policy.apply(next_.transitions, now);
  std::string notes;
  note(next_.transitions, *rules_, notes);
  stage_transitions(*rules_);
  Works next = build(rules);
  next.policy = std::make_unique<alert::Policy>(rules, policy, now);
  next.router->watermark() = router_->watermark();
  next.router->seen() = std::move(router_->seen());
  const auto dropped = next.router->seen().renumber(map);
  next.router->restore(progress_.position, progress_.watermark);
  carry_duties(*next.shards, now);
  Status status = move_keys(map, ends, next);
  if (status && now != kNoTime) {
    next_.transitions.clear();
    next.shards->rejudge(edited(*rules, map), now, router_->position(), next_.transitions);
    next.policy->apply(next_.transitions, now);
    note(next_.transitions, *rules, notes);
    stage_transitions(*rules);
  }
  if (status && store_ != nullptr) {
    next_.batch.puts.push_back({state::Table::kMeta, kRulesKey, encode_rules(*rules)});
    ++progress_.commit;
    stage_checkpoint(*rules, *next.router, *next.shards);
    if (auto s = stage_swapped_score(notes); !s) return s;
    stage_policy(*next.policy);
    stage_progress();
    status = write();
  }
  if (status) {
    install(std::move(next));
    take_swapped_score(std::move(notes));
    return {};
  }
  // Nothing of it was written: the rules that were in force stay, and what they know is where it was.
  next.router->seen().renumber_back(map, dropped);
  router_->seen() = std::move(next.router->seen());
  progress_.commit = before.commit;
  progress_.checkpoint = before.checkpoint;
  progress_.outbox = before.outbox;
  progress_.totals = before.totals;
  by_type_ = by_type;
  next_ = {};
  write_pending_ = false;
  forget_swapped_score(notes);
  request_checkpoint();
  return status;
}

}  // namespace tocsin::runtime
