#include "runtime/estates.h"

#include <algorithm>
#include <tuple>

namespace tocsin::runtime {
namespace {

// Of Table::kMeta: "left/" rule id 0 piece; a piece is the time that it is kept until, then keys one after another.
constexpr std::string_view kPieces = "left/", kPiecesEnd = "left0";
constexpr size_t kPieceBytes = 4u << 20;

std::string prefix_of(std::string_view rule) { return std::string(kPieces) + std::string(rule) + '\0'; }
std::string end_of(std::string_view rule) { return std::string(kPieces) + std::string(rule) + '\1'; }
std::string_view rule_in(std::string_view name) {
  const size_t begin = kPieces.size();
  return name.substr(begin, name.find('\0', begin) - begin);
}

void encode(Writer& out, const Shard::Left& left) {
  out.hash(left.key);
  out.str(left.key_text);
  out.varint(left.alerts.size());
  for (const alert::Record& r : left.alerts) alert::encode(out, r);
}

Shard::Left decode(Reader& in, uint16_t rule) {
  Shard::Left left{rule, in.hash(), std::string(in.str()), {}};
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) left.alerts.push_back(alert::decode_record(in));
  return left;
}

Status broken(std::string_view rule) {
  return corrupt("what the rule " + std::string(rule) + " left behind does not decode in the state directory");
}

}  // namespace

Status Estates::load(const state::Store& store) {
  Status status;
  const auto scanned =
      store.scan(state::Table::kMeta, kPieces, kPiecesEnd, [&](std::string_view name, std::string_view piece) {
        Estate& estate = rules_[std::string(rule_in(name))];
        Reader in(piece);
        estate.until = in.instant();
        estate.bytes += piece.size();
        bytes_ += piece.size();
        if (!in.ok()) status = broken(rule_in(name));
        return status.is_ok();
      });
  return scanned ? status : scanned;
}

Estates::Rules::iterator Estates::drop(Rules::iterator estate, state::Batch& batch) {
  const std::string begin = prefix_of(estate->first), end = end_of(estate->first);
  std::erase_if(batch.puts, [&](const state::Put& p) {  // of a rule that went with this batch
    return p.table == state::Table::kMeta && p.key >= begin && p.key < end;
  });
  batch.ranges.push_back({state::Table::kMeta, begin, end});
  bytes_ -= estate->second.bytes;
  return rules_.erase(estate);
}

void Estates::leave(std::string_view rule, std::vector<Shard::Left> left, TimeMs until, state::Batch& batch) {
  for (Shard::Left& l : left) {  // what nobody was told of is nobody's
    std::erase_if(l.alerts, [](const alert::Record& r) { return r.seq == 0; });
  }
  std::erase_if(left, [](const Shard::Left& l) { return l.alerts.empty(); });
  if (left.empty()) return;
  std::ranges::sort(left, {}, &Shard::Left::key);
  Estate& estate = rules_[std::string(rule)];
  estate.until = until;
  std::string piece;
  uint64_t number = 0;
  const auto put = [&] {
    estate.bytes += piece.size();
    batch.puts.push_back(
        {state::Table::kMeta, prefix_of(rule) + state::big_endian(number++), std::exchange(piece, {})});
  };
  for (const Shard::Left& l : left) {
    Writer w(piece);
    if (piece.empty()) w.zigzag(until);
    encode(w, l);
    if (piece.size() > kPieceBytes) put();
  }
  if (!piece.empty()) put();
  bytes_ += estate.bytes;
  while (bytes_ > kMostBytes) {
    const auto first = std::ranges::min_element(rules_, {}, [](const auto& e) { return e.second.until; });
    drop(first, batch);
  }
}

Status Estates::inherit(std::string_view rule, uint16_t index, const state::Store& store,
                        std::vector<Shard::Left>& left, state::Batch& batch) {
  const auto estate = rules_.find(rule);
  if (estate == rules_.end()) return {};
  Status status;
  const auto take = [&](std::string_view, std::string_view piece) {
    Reader in(piece);
    (void)in.instant();
    while (in.ok() && !in.at_end()) left.push_back(decode(in, index));
    if (!in.ok()) status = broken(rule);
    return status.is_ok();
  };
  const auto scanned = store.scan(state::Table::kMeta, prefix_of(rule), end_of(rule), take);
  if (!scanned || !status) return scanned ? status : scanned;
  drop(estate, batch);
  return {};
}

void Estates::pass(TimeMs now, state::Batch& batch) {
  for (auto it = rules_.begin(); it != rules_.end();) it = it->second.until < now ? drop(it, batch) : std::next(it);
}

}  // namespace tocsin::runtime
