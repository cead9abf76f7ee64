// Which periods of rules with a population have begun: through checkpoints, recovery and other rules.
#include "runtime/engine.h"
#include "runtime/stored_rules.h"

namespace tocsin::runtime {

// Every shard has the same.
void Engine::stage_duties(ShardPool& shards) {
  const Duties& duties = shards.all()[0]->duties();
  if (duties.empty()) return;
  std::string bytes;
  Writer w(bytes);
  duties.encode(w);
  next_.batch.puts.push_back({state::Table::kMeta, kDutiesKey, std::move(bytes)});
}

// As of the checkpoint.
Status Engine::load_duties() {
  const auto stored = store_->get(state::Table::kMeta, kDutiesKey);
  if (!stored) return stored.error().code == Code::kNotFound ? Status() : Status(stored.error());
  Status status;
  for (Shard* shard : shards_->all()) {
    if (status) status = shard->duties().decode(*stored);
  }
  return status;
}

// Rules that were there go on with their periods; others begin with the first that begins from now on.
void Engine::carry_duties(ShardPool& to, TimeMs now) const {
  std::string bytes;
  Writer w(bytes);
  shards_->all()[0]->duties().encode(w);
  for (Shard* shard : to.all()) {
    (void)shard->duties().decode(bytes);  // just encoded
    if (now != kNoTime) shard->duties().begin(now);
  }
}

}  // namespace tocsin::runtime
