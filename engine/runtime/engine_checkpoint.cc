// Checkpoints: keys, the index of seen events and the rest of the state as they lie in the store, and back.
#include <algorithm>

#include "runtime/engine.h"
#include "runtime/stored_rules.h"

namespace tocsin::runtime {
namespace {

constexpr size_t kFreshBytes = 4u << 20;  // of keys stored together

}  // namespace

Status Engine::load_checkpoint() {
  std::map<std::string, uint16_t, std::less<>> index;
  for (size_t i = 0; i < rules_->rules().size(); ++i) index[rules_->rules()[i].id] = static_cast<uint16_t>(i);
  Status status;
  uint64_t done = 0;
  auto scanned = store_->scan(state::Table::kState, "", "", [&](std::string_view key, std::string_view value) {
    if (options_.recovering) options_.recovering("keys", ++done, 0);
    if (key.size() < 17 || key[key.size() - 17] != '\0') {
      status = corrupt("a key of the state table does not decode");
      return false;
    }
    const auto rule = index.find(key.substr(0, key.size() - 17));
    if (rule == index.end()) return true;  // of a rule that is gone
    const Hash128 hash{state::from_big_endian(key.substr(key.size() - 16, 8)),
                       state::from_big_endian(key.substr(key.size() - 8))};
    status = shards_->owner(rule->second, hash).load(rule->second, hash, value);
    return status.is_ok();
  });
  if (!scanned) return scanned;
  if (!status) return status;
  scanned = store_->scan(state::Table::kMeta, "policy/", "policy0", [&](std::string_view key, std::string_view value) {
    status = policy_->load(key, value);
    return status.is_ok();
  });
  if (!scanned) return scanned;
  if (!status) return status;
  policy_->check_at(progress_.watermark);
  if (auto s = load_fresh(index); !s) return s;
  if (auto s = load_seen(); !s) return s;
  if (auto s = estates_.load(*store_); !s) return s;
  return load_duties();
}

// What a change of rules has stored together: rule, key and bytes, one after another.
Status Engine::load_fresh(const std::map<std::string, uint16_t, std::less<>>& index) {
  Status status;
  const auto take = [&](std::string_view, std::string_view pieces) {
    fresh_stored_ = true;
    Reader in(pieces);
    while (status && in.ok() && !in.at_end()) {
      const auto rule = index.find(in.str());
      const Hash128 key = in.hash();
      const std::string_view bytes = in.str();
      if (!in.ok() || rule == index.end()) break;
      status = shards_->owner(rule->second, key).load(rule->second, key, bytes, true);
    }
    if (status && !(in.ok() && in.at_end())) status = corrupt("keys that were stored together do not decode");
    return status.is_ok();
  };
  const auto scanned = store_->scan(state::Table::kMeta, kFreshPieces, kFreshPiecesEnd, take);
  return scanned ? status : scanned;
}

// Keys of rules that begin: thousands of puts would hold the engine up, so they are stored together, and each by itself
// with the next checkpoint.
void Engine::stage_fresh(const rule::RuleSet& rules, ShardPool& shards, const std::vector<bool>& begun) {
  std::string pieces, bytes;
  uint64_t piece = 0;
  const auto put = [&] {
    if (pieces.empty()) return;
    next_.batch.puts.push_back(
        {state::Table::kMeta, std::string(kFreshPieces) + state::big_endian(piece++), std::exchange(pieces, {})});
    fresh_stored_ = true;
  };
  for (const Shard* shard : shards.all()) {
    shard->for_each([&](const Shard::Held& held) {
      if (held.state == nullptr || !begun[held.rule]) return;
      bytes.clear();
      Writer key_state(bytes);
      held.state->encode(key_state);
      Writer w(pieces);
      w.str(rules.rules()[held.rule].id);
      w.hash(held.key);
      w.str(bytes);
      if (pieces.size() > kFreshBytes) put();
    });
  }
  put();
}

Status Engine::load_seen() {
  Status status;
  const auto take = [&](std::string_view key, std::string_view value) {
    status = router_->seen().load(key.substr(kSeenPieces.size()), value);
    return status.is_ok();
  };
  const auto scanned = store_->scan(state::Table::kMeta, kSeenPieces, kSeenPiecesEnd, take);
  return scanned ? status : scanned;
}

void Engine::stage_seen(Seen& seen) {
  const auto named = [](const std::string& name) { return std::string(kSeenPieces) + name; };
  Seen::Changes changes = seen.take_changed();
  for (const auto& [begin, end] : changes.gone) {
    next_.batch.ranges.push_back({state::Table::kMeta, named(begin), named(end)});
  }
  for (auto& [name, bytes] : changes.pieces) {
    next_.batch.puts.push_back({state::Table::kMeta, named(name), std::move(bytes)});
  }
}

// Ended alerts that have had their time go, and their histories with them; not one that this batch tells again.
void Engine::stage_outdated() {
  const TimeMs now = progress_.watermark;
  const TimeMs before = now == kNoTime ? kNoTime : now - options_.keep_ended;
  for (auto& [id, transitions] : book_.outdated(before, options_.max_ended)) {
    const auto tells = [&alert = id](const Staged& s) {
      return std::ranges::find(s.lines, alert, &AlertLine::alert_id) != s.lines.end();
    };
    if (tells(next_) || tells(flying_)) continue;
    next_.batch.deletes.push_back({state::Table::kAlerts, latest_key(id)});
    for (uint32_t seq = 1; seq <= transitions; ++seq) {
      next_.batch.deletes.push_back({state::Table::kAlerts, history_key(id, seq)});
    }
    next_.gone.push_back(std::move(id));
  }
}

// `but`: keys of these rules are stored otherwise.
void Engine::stage_checkpoint(const rule::RuleSet& rules, Router& router, ShardPool& shards,
                              const std::vector<bool>* but) {
  std::string key;
  for (Shard* shard : shards.all()) {
    const auto stage = [&](uint16_t rule, const Hash128& hash, std::string_view bytes) {
      key = state_key(rules.rules()[rule].id, hash);
      if (bytes.empty()) {
        next_.batch.deletes.push_back({state::Table::kState, key});
      } else {
        next_.batch.puts.push_back({state::Table::kState, key, std::string(bytes)});
      }
    };
    shard->take_changed(stage, but);
  }
  if (fresh_stored_) {
    next_.batch.ranges.push_back({state::Table::kMeta, std::string(kFreshPieces), std::string(kFreshPiecesEnd)});
  }
  fresh_stored_ = false;
  stage_duties(shards);
  stage_seen(router.seen());
  const auto drop_before = [&](state::Table table, uint64_t last, uint64_t keep) {
    if (last > keep) next_.batch.ranges.push_back({table, state::big_endian(0), state::big_endian(last - keep)});
  };
  next_.batch.ranges.push_back({state::Table::kDelta, state::big_endian(0), state::big_endian(progress_.commit + 1)});
  drop_before(state::Table::kOutbox, progress_.outbox, options_.history);
  drop_before(state::Table::kDead, progress_.dead, options_.keep_dead);
  drop_before(state::Table::kLate, progress_.late, options_.keep_dead);
  stage_outdated();
  estates_.pass(progress_.watermark, next_.batch);
  progress_.checkpoint = progress_.commit;
}

}  // namespace tocsin::runtime
