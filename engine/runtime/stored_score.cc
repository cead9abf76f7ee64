#include "runtime/stored_score.h"

#include "runtime/engine.h"

namespace tocsin::runtime {

Status load_score(const state::Store& store, uint64_t commit, score::Keeper& keeper) {
  Status status;
  const size_t prefix = kScorePieces.size();
  auto scanned =
      store.scan(state::Table::kMeta, kScorePieces, kScorePiecesEnd, [&](std::string_view key, std::string_view bytes) {
        status = keeper.load(key.substr(prefix), bytes);
        return status.is_ok();
      });
  if (!scanned || !status) return scanned ? status : scanned;
  const uint64_t stored = keeper.loaded();
  scanned = store.scan(state::Table::kDelta, notes_key(stored + 1), notes_key(commit + 1),
                       [&](std::string_view key, std::string_view notes) {
                         if (!keeper.apply(notes)) {
                           status =
                               corrupt("the notes of commit " + std::to_string(state::from_big_endian(key.substr(1))) +
                                       " for the scorecards do not decode");
                         }
                         return status.is_ok();
                       });
  if (!scanned || !status) return scanned ? status : scanned;
  keeper.ready();
  return {};
}

Result<std::unique_ptr<score::Keeper>> read_score(const state::Store& store) {
  const auto bytes = store.get(state::Table::kMeta, "progress");
  if (!bytes) {
    return bytes.error().code == Code::kNotFound ? Error(not_found("the state directory holds no progress yet"))
                                                 : bytes.error();
  }
  const auto progress = Progress::decode(*bytes);
  if (!progress) return progress.error();
  auto keeper = std::make_unique<score::Keeper>(score::Options());
  if (auto s = load_score(store, progress->commit, *keeper); !s) return s.error();
  if (keeper->span().first < 0) {
    return not_found("the state directory keeps no scorecards; `tocsin run` does, and `tocsin replay --score`");
  }
  return keeper;
}

}  // namespace tocsin::runtime
