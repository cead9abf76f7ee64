#include "runtime/warm_up.h"

#include <algorithm>

namespace tocsin::runtime {

Standpoint standpoint_of(const Engine& engine) {
  Standpoint at;
  for (const auto& [name, p] : engine.progress().partitions) {
    if (p.next_offset != UINT64_MAX) at.next_offsets[name] = p.next_offset;
  }
  at.watermark = engine.watermark();
  return at;
}

std::vector<uint64_t> WarmUp::until(const Source& source, const Standpoint& at) const {
  std::vector<uint64_t> out;
  for (const std::string& name : source.partitions()) {
    const auto it = at.next_offsets.find(name);
    out.push_back(it == at.next_offsets.end() ? 0 : it->second);
  }
  return out;
}

Result<std::unique_ptr<WarmUp>> WarmUp::open(Engine::Options options, const std::shared_ptr<const rule::RuleSet>& rules,
                                             Pipeline::Options reading, const std::vector<Input>& inputs, TimeMs begin,
                                             const Standpoint& at) {
  std::unique_ptr<WarmUp> warm(new WarmUp());
  auto engine = Engine::open(std::move(options), rules, nullptr, {});
  if (!engine) return engine.error();
  warm->engine_ = std::move(*engine);
  warm->publisher_ = std::make_unique<Publisher>(*warm->engine_);
  warm->pipeline_ = std::make_unique<Pipeline>(*warm->engine_, *warm->publisher_, reading, nullptr);
  warm->pipeline_->pace = [w = warm.get()](TimeMs t) { w->earliest_ = std::min(w->earliest_, t); };
  for (const Input& input : inputs) {
    const size_t n = input.source->partitions().size();
    std::vector<uint64_t> from;
    for (uint32_t i = 0; i < n; ++i) {
      auto offset = input.source->offset_at(i, begin);
      if (!offset) return offset.error();
      from.push_back(*offset);
    }
    warm->spans_.push_back(
        std::make_unique<SpanSource>(*input.source, std::move(from), warm->until(*input.source, at)));
    warm->pipeline_->add(*warm->spans_.back(), input.decoder);
  }
  warm->engine_->hold_time_at(at.watermark);
  if (Status s = warm->pipeline_->open(); !s) return s.error();
  return warm;
}

void WarmUp::move_on(const Standpoint& at) {
  for (const auto& span : spans_) span->move_on(until(*span, at));
  engine_->hold_time_at(at.watermark);
}

Result<bool> WarmUp::step() {
  auto state = pipeline_->step();
  if (!state) return state.error();
  return *state == Pipeline::State::kBusy;
}

bool WarmUp::reached() const {
  return std::ranges::all_of(spans_, [](const auto& s) { return s->reached(); }) && pipeline_->drained();
}

uint64_t WarmUp::left() const {
  uint64_t n = 0;
  for (const auto& s : spans_) n += s->left();
  return n;
}

}  // namespace tocsin::runtime
