// The scorecards beside the rules: noted with each batch, stored with it, recovered from the same bytes. Notes of the
// commit n lie in Table::kDelta under 's' + big_endian(n) until pieces are stored that hold them; the pieces in
// Table::kMeta under "score/".
#include "runtime/engine.h"
#include "runtime/stored_score.h"
#include "score/keeper.h"

namespace tocsin::runtime {
namespace {

constexpr char kHead[] = "score/head";

}  // namespace

std::string notes_key(uint64_t commit) { return "s" + state::big_endian(commit); }
bool is_notes_key(std::string_view key) { return key.size() == sizeof(uint64_t) + 1; }

// Once kept, always kept: a state that has scorecards goes on with them, so that no day is missing.
Status Engine::open_score() {
  bool kept = false;
  if (store_ != nullptr) {
    const auto head = store_->get(state::Table::kMeta, kHead);
    if (!head && head.error().code != Code::kNotFound) return head.error();
    kept = head.is_ok();
  }
  if (!kept && !options_.score) return {};
  score_ = std::make_unique<score::Keeper>(score::Options{.zone = options_.zone});
  if (kept) {
    if (options_.recovering) options_.recovering("scorecards", 0, 0);
    if (auto s = load_score(*store_, progress_.commit, *score_); !s) return s;
  } else if (store_ != nullptr) {  // from here on: what comes before the first checkpoint must be found again
    stage_score_pieces(progress_.commit);
    const Status s = store_->write(next_.batch, options_.sync);
    next_.batch.clear();
    if (!s) return s;
  }
  score_worker_ = std::make_unique<BackgroundTask>();
  return {};
}

// The events noted since the last time, and the transitions that came with them.
void Engine::note(std::span<const alert::Transition> transitions, const rule::RuleSet& rules, std::string& notes) {
  if (score_ == nullptr) return;
  notes += score_->close(transitions, router_->watermark().now(),
                         [&](const alert::Transition& t) { return std::string_view(rules.rules()[t.rule].id); });
}

Status Engine::settle_score() { return score_worker_ == nullptr ? Status() : score_worker_->wait(); }

void Engine::apply_notes(std::string notes) {
  score_worker_->start([keeper = score_.get(), notes = std::move(notes)] {
    return keeper->apply(notes) ? Status() : internal("the scorecards could not read their own notes");
  });
}

// Applied while the next batch is worked on, but at once where a checkpoint is to hold them.
Status Engine::stage_score(bool checkpoint, bool settle) {
  if (score_ == nullptr) return {};
  if (auto s = settle_score(); !s) return s;
  if (store_ != nullptr && !checkpoint && !notes_.empty()) {
    next_.batch.puts.push_back({state::Table::kDelta, notes_key(progress_.commit), notes_});
  }
  apply_notes(std::exchange(notes_, {}));
  if (!checkpoint && !settle) return {};
  if (auto s = settle_score(); !s) return s;
  if (checkpoint) stage_score_pieces(progress_.commit);
  return {};
}

void Engine::stage_score_pieces(uint64_t commit) {
  next_.batch.ranges.push_back({state::Table::kDelta, notes_key(0), notes_key(commit + 1)});
  score_->take_changed(commit, [&](const std::string& name, std::string bytes) {
    std::string key = std::string(kScorePieces) + name;
    if (bytes.empty()) {
      next_.batch.deletes.push_back({state::Table::kMeta, std::move(key)});
    } else {
      next_.batch.puts.push_back({state::Table::kMeta, std::move(key), std::move(bytes)});
    }
  });
}

// Rules are being exchanged: what that tells of alerts is applied only when it was written. The pieces stay as they
// are, and so do the notes of the commits after them.
void Engine::stage_swapped_score(const std::string& notes) {
  if (score_ == nullptr) return;
  next_.batch.puts.push_back({state::Table::kDelta, notes_key(progress_.commit), notes});
}

void Engine::take_swapped_score(std::string notes) {
  if (score_ != nullptr) apply_notes(std::move(notes));
}

// It was not written, and did not happen; but the numbers that were given stay given.
void Engine::forget_swapped_score(const std::string& notes) {
  if (score_ == nullptr) return;
  notes_ += score::names_in(notes);
}

}  // namespace tocsin::runtime
