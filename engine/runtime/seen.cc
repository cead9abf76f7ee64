#include "runtime/seen.h"

#include <algorithm>

#include "state/store.h"

namespace tocsin::runtime {
namespace {

constexpr uint64_t kFirst = 0;  // the number of the layer that every event enters
constexpr uint64_t kSign = 1ULL << 63;

// Names: 'l' layer, day, piece (numbers big-endian); 'n': the numbers of the rules.
std::string layer_name(uint64_t layer) { return "l" + state::big_endian(layer); }
std::string day_name(uint64_t layer, int64_t day) {
  return layer_name(layer) + state::big_endian(static_cast<uint64_t>(day) ^ kSign);
}
constexpr char kNumbers[] = "n";

}  // namespace

std::optional<uint16_t> Seen::rule_of(uint32_t number) const {
  if (of_rule_.empty()) return static_cast<uint16_t>(number);
  const auto it = rule_of_.find(number);
  return it == rule_of_.end() ? std::nullopt : std::optional(it->second);
}

void Seen::routes(uint64_t uid, std::vector<Route>& out) const {
  out.clear();
  const auto add = [&](const SeenDays& events) {
    const Entry* e = events.find(uid);
    if (e == nullptr) return;
    for (const SeenDays::NumberedRoute& r : events.routes(*e)) {
      if (const auto rule = rule_of(r.number)) out.push_back({*rule, r.key});
    }
  };
  add(events_);
  for (const Layer& layer : layers_) add(layer.events);
}

void Seen::put(uint64_t uid, TimeMs time, uint64_t revision, bool withdrawn) {
  if (events_.put(uid, time, revision, withdrawn)) return;
  for (Layer& layer : layers_) layer.events.erase(uid);
}

void Seen::forget_before(TimeMs horizon) {
  events_.forget_before(horizon);
  for (Layer& layer : layers_) layer.events.forget_before(horizon);
}

size_t Seen::bytes() const {
  size_t n = events_.bytes();
  for (const Layer& layer : layers_) n += layer.events.bytes();
  return n;
}

void Seen::take_layer(uint64_t number, SeenDays& events, Changes& out) {
  events.take_changed(
      {.forgotten = [&](int64_t day) { out.gone.emplace_back(day_name(number, day), day_name(number, day + 1)); },
       .piece =
           [&](int64_t day, uint32_t piece, std::string bytes) {
             out.pieces.emplace_back(day_name(number, day) + state::big_endian(piece), std::move(bytes));
           }});
}

Seen::Changes Seen::take_changed() {
  Changes out;
  for (const uint64_t number : gone_layers_) out.gone.emplace_back(layer_name(number), layer_name(number + 1));
  told_gone_ = std::exchange(gone_layers_, {});
  take_layer(kFirst, events_, out);
  for (Layer& layer : layers_) take_layer(layer.number, layer.events, out);
  if (!of_rule_.empty()) {
    std::string bytes;
    Writer w(bytes);
    w.varint(next_number_);
    w.varint(of_rule_.size());
    for (const uint32_t n : of_rule_) w.varint(n);
    out.pieces.emplace_back(kNumbers, std::move(bytes));
  }
  return out;
}

void Seen::not_stored() {
  gone_layers_.insert(gone_layers_.end(), told_gone_.begin(), told_gone_.end());
  told_gone_.clear();
  events_.not_stored();
  for (Layer& layer : layers_) layer.events.not_stored();
}

Status Seen::load(std::string_view name, std::string_view bytes) {
  if (name == kNumbers) {
    Reader in(bytes);
    Numbering numbering;
    numbering.next = static_cast<uint32_t>(in.varint());
    const uint64_t n = in.varint();
    for (uint64_t i = 0; i < n && in.ok(); ++i) numbering.of_rule.push_back(static_cast<uint32_t>(in.varint()));
    if (!in.ok()) return corrupt("the numbers of the rules in the index of seen events do not decode");
    restore(std::move(numbering));
    return {};
  }
  if (name.size() != 1 + 3 * sizeof(uint64_t)) return corrupt("a name in the index of seen events does not decode");
  const uint64_t number = state::from_big_endian(name.substr(1, 8));
  const auto day = static_cast<int64_t>(state::from_big_endian(name.substr(9, 8)) ^ kSign);
  const auto piece = static_cast<uint32_t>(state::from_big_endian(name.substr(17)));
  if (number == kFirst) return events_.load(day, piece, bytes);
  if (layers_.empty() || layers_.back().number != number) layers_.emplace_back(number);
  return layers_.back().events.load(day, piece, bytes);
}

Seen::Numbering Seen::renumber(std::span<const int> heirs, size_t rules) {
  Numbering former{of_rule_, of_rule_.empty() ? static_cast<uint32_t>(heirs.size()) : next_number_};
  Numbering now{std::vector<uint32_t>(rules, SeenDays::kNobody), former.next};
  for (size_t i = 0; i < heirs.size(); ++i) {
    if (heirs[i] >= 0) now.of_rule[static_cast<size_t>(heirs[i])] = number_of(static_cast<uint16_t>(i));
  }
  for (uint32_t& n : now.of_rule) {
    if (n == SeenDays::kNobody) n = now.next++;
  }
  restore(std::move(now));
  return former;
}

void Seen::restore(Numbering numbering) {
  of_rule_ = std::move(numbering.of_rule);
  next_number_ = numbering.next;
  rule_of_.clear();
  for (size_t i = 0; i < of_rule_.size(); ++i) rule_of_[of_rule_[i]] = static_cast<uint16_t>(i);
}

// Of the layer only routes are ever asked, so an event that went to none of the rules is no part of it.
std::vector<uint64_t> Seen::absorb(Seen other, std::span<const int> map) {
  std::vector<uint64_t> entered;
  std::vector<uint32_t> numbers;
  for (const int rule : map) numbers.push_back(rule < 0 ? SeenDays::kNobody : number_of(static_cast<uint16_t>(rule)));
  const auto number_now = [&](uint32_t n) { return n < numbers.size() ? numbers[n] : SeenDays::kNobody; };
  uint64_t number = kFirst + 1;
  if (!layers_.empty()) number = layers_.back().number + 1;
  SeenDays& layer = layers_.emplace_back(number).events;
  other.events_.for_each([&](uint64_t uid, const Entry& e) {
    if (events_.find(uid) == nullptr) {
      events_.put(uid, e.time, e.revision, e.withdrawn);
      entered.push_back(uid);
    }
    bool there = false;
    for (const SeenDays::NumberedRoute& r : other.events_.routes(e)) {
      const uint32_t now = number_now(r.number);
      if (now == SeenDays::kNobody) continue;
      if (!there) layer.put(uid, e.time, e.revision, e.withdrawn);
      there = true;
      layer.add_route(now, r.key);
    }
  });
  return entered;
}

void Seen::take_back(std::span<const uint64_t> entered) {
  layers_.pop_back();
  for (const uint64_t uid : entered) events_.erase(uid);
}

void Seen::fold() {
  std::erase_if(layers_, [&](const Layer& layer) {
    if (layer.events.empty()) gone_layers_.push_back(layer.number);
    return layer.events.empty();
  });
  while (layers_.size() > kLayers) fold_eldest();
}

// Routes of one event lie together, so those that are known are copied behind the others; the days are stored
// compactly.
void Seen::fold_eldest() {
  const Layer eldest = std::move(layers_.front());
  layers_.erase(layers_.begin());
  gone_layers_.push_back(eldest.number);
  std::vector<SeenDays::NumberedRoute> together;
  eldest.events.for_each([&](uint64_t uid, const Entry& theirs) {
    const Entry* ours = events_.find(uid);
    if (ours == nullptr || theirs.routes == 0) return;
    const Entry e = *ours;
    const auto known = events_.routes(e), more = eldest.events.routes(theirs);
    together.assign(known.begin(), known.end());
    together.insert(together.end(), more.begin(), more.end());
    events_.put(uid, e.time, e.revision, e.withdrawn);
    for (const SeenDays::NumberedRoute& r : together) {
      if (rule_of(r.number)) events_.add_route(r.number, r.key);
    }
  });
}

}  // namespace tocsin::runtime
