#include "alert/family_key.h"

#include <algorithm>

namespace tocsin::alert {
namespace {

constexpr uint8_t kFamilyFormat = 1;
constexpr size_t kLogBytes = 4096;

// One call of a KeyState, as it is handed to each state and written down.
struct Call {
  enum class Kind : uint8_t { kAdd, kRetract, kAdvance, kAct, kRejudge };
  Kind kind = Kind::kAdd;
  const detect::Row* row = nullptr;  // kAdd; kRetract: the cause
  uint64_t uid = 0;                  // kRetract
  bool withdrawn = false;            // kRetract
  TimeMs time = 0;                   // kAdvance: the deadline; kRejudge: now
  const Action* action = nullptr;    // kAct; null: another variant's
};

// The common state has no alerts; what it says all the same must not be lost.
class Listener final : public Emitter {
 public:
  void emit(Transition) override { spoke = true; }
  bool spoke = false;
};

class FamilyKey final : public KeyState {
 public:
  FamilyKey(const rule::Variants& variants, Hash128 key, std::string_view key_text)
      : variants_(variants), key_(key), key_text_(key_text), states_(variants.rules.size()) {
    voters_ = all();
  }

  void add(const detect::Row& row, Context& context) override {
    take({.kind = Call::Kind::kAdd, .row = &row}, context);
  }
  void retract(uint64_t uid, bool withdrawn, const detect::Row& cause, Context& context) override {
    take({.kind = Call::Kind::kRetract, .row = &cause, .uid = uid, .withdrawn = withdrawn}, context);
  }
  void act(const Action& action, Context& context) override {
    take({.kind = Call::Kind::kAct, .action = &action}, context);
  }
  void advance(TimeMs deadline, Context& context) override {
    take({.kind = Call::Kind::kAdvance, .time = deadline}, context);
  }
  void rejudge(TimeMs now, Context& context) override { take({.kind = Call::Kind::kRejudge, .time = now}, context); }
  // A sweep has one rule set from beginning to end: nobody takes over.
  std::vector<Record> end(TimeMs time, const GoesOn& goes_on, Context& context) override {
    for (size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == nullptr) continue;
      Context own = of(variants_.rules[i], context, context.emitter);
      (void)states_[i]->end(time, goes_on, own);
    }
    return {};
  }
  void adopt(std::vector<Record>, TimeMs, Context&) override {}
  void leave_stream(TimeMs, Context&) override {}
  void enter_stream(TimeMs, Context&) override {}
  bool lives(std::string_view alert_id) const override {
    return std::any_of(states_.begin(), states_.end(),
                       [&](const auto& s) { return s != nullptr && s->lives(alert_id); });
  }
  TimeMs next_deadline() const override {
    TimeMs next = common_ == nullptr ? kNever : common_->next_deadline();
    for (const auto& s : states_) {
      if (s != nullptr) next = std::min(next, s->next_deadline());
    }
    return next;
  }
  bool has_alerts() const override {
    return std::any_of(states_.begin(), states_.end(), [](const auto& s) { return s != nullptr && s->has_alerts(); });
  }
  bool empty() const override {
    return common_ == nullptr &&
           std::all_of(states_.begin(), states_.end(), [](const auto& s) { return s == nullptr; });
  }
  void encode(Writer& out) const override;
  Status decode(Reader& in);
  size_t bytes() const override;
  std::string_view key_text() const override { return key_text_; }
  uint64_t dropped() const override { return common_ == nullptr ? 0 : common_->dropped(); }

 private:
  uint64_t all() const { return ~uint64_t{0} >> (64 - states_.size()); }
  static Context of(const rule::Rule& rule, Context& c, Emitter& emitter) {
    c.arena.reset();
    return {rule, c.rule_index, c.zone, c.watermark, c.arena, emitter};
  }
  void take(const Call& input, Context& context);
  uint64_t put_to_common(const Call& input, Context& context);
  void leave(size_t i, Context& context);
  void write_down(const Call& input, TimeMs watermark);
  static void give(KeyState& state, const Call& input, Context& context);

  const rule::Variants& variants_;
  const Hash128 key_;
  const std::string key_text_;
  std::unique_ptr<KeyState> common_;               // null: empty, or it stands for nobody
  std::vector<std::unique_ptr<KeyState>> states_;  // by variant; null: empty, or in the common one
  uint64_t voters_ = 0;                            // the variants that the common state stands for
  std::string snapshot_;                           // the common state as encoded; empty: it was new
  std::string log_;                                // what it was given since
};

// A timer is for those alone that have set it.
void FamilyKey::give(KeyState& state, const Call& input, Context& context) {
  switch (input.kind) {
    case Call::Kind::kAdd:
      return state.add(*input.row, context);
    case Call::Kind::kRetract:
      return state.retract(input.uid, input.withdrawn, *input.row, context);
    case Call::Kind::kAct:
      return state.act(input.action == nullptr ? Action{} : *input.action, context);
    case Call::Kind::kRejudge:
      return state.rejudge(input.time, context);
    case Call::Kind::kAdvance:
      while (state.next_deadline() <= input.time) state.advance(state.next_deadline(), context);
  }
}

void FamilyKey::take(const Call& input, Context& context) {
  const uint64_t ayes = put_to_common(input, context);
  for (size_t i = 0; i < states_.size(); ++i) {
    const uint64_t bit = uint64_t{1} << i;
    if ((ayes & bit) != 0) leave(i, context);
    if ((voters_ & bit) != 0) continue;
    auto& state = states_[i];
    if (state == nullptr) {
      if (input.kind != Call::Kind::kAdd) continue;
      state = make_key_state(variants_.rules[i], key_, key_text_);
    }
    Context own = of(variants_.rules[i], context, context.emitter);
    give(*state, input, own);
    if (state->empty()) state.reset();
  }
  if (voters_ == 0 || (common_ != nullptr && common_->empty())) {
    common_.reset();
    snapshot_.clear();
    log_.clear();
  } else if (common_ != nullptr) {
    write_down(input, context.watermark);
  }
  if (common_ != nullptr) return;
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] == nullptr) voters_ |= uint64_t{1} << i;
  }
}

// Answers which variants' conditions held.
uint64_t FamilyKey::put_to_common(const Call& input, Context& context) {
  if (voters_ == 0 || (common_ == nullptr && input.kind != Call::Kind::kAdd)) return 0;
  if (common_ == nullptr) common_ = make_key_state(variants_.common, key_, key_text_);
  rule::Ballot ballot{voters_, 0};
  Listener listener;
  {
    const rule::Poll poll(ballot);
    Context own = of(variants_.common, context, listener);
    give(*common_, input, own);
  }
  return listener.spoke ? voters_ : ballot.ayes;
}

// Builds the variant's own state as it was before the input at hand.
void FamilyKey::leave(size_t i, Context& context) {
  voters_ &= ~(uint64_t{1} << i);
  const rule::Rule& rule = variants_.rules[i];
  states_[i] = nullptr;
  if (!snapshot_.empty()) {
    auto state = decode_key_state(rule, key_, snapshot_);
    if (state) states_[i] = std::move(*state);
  }
  if (states_[i] == nullptr) states_[i] = make_key_state(rule, key_, key_text_);
  Listener nobody;
  Arena row_arena(1024);
  Reader in(log_);
  while (!in.at_end()) {
    row_arena.reset();
    Call input;
    input.kind = static_cast<Call::Kind>(in.u8());
    const TimeMs watermark = in.zigzag();
    detect::Row row;
    if (input.kind == Call::Kind::kAdvance || input.kind == Call::Kind::kRejudge) {
      input.time = in.zigzag();
    } else if (input.kind != Call::Kind::kAct) {
      input.uid = in.fixed64();
      input.withdrawn = in.flag();
      Reader bytes(in.str());
      row = detect::decode_row(bytes, row_arena);
      row.rule = context.rule_index;
      row.key = key_;
      input.row = &row;
    }
    Context own = of(rule, context, nobody);
    own.watermark = watermark;
    give(*states_[i], input, own);
  }
}

void FamilyKey::write_down(const Call& input, TimeMs watermark) {
  if (log_.size() > kLogBytes + 2 * snapshot_.size()) {
    snapshot_.clear();
    log_.clear();
    Writer w(snapshot_);
    return common_->encode(w);
  }
  Writer w(log_);
  w.u8(static_cast<uint8_t>(input.kind));
  w.zigzag(watermark);
  if (input.kind == Call::Kind::kAct) return;
  if (input.kind == Call::Kind::kAdvance || input.kind == Call::Kind::kRejudge) return w.zigzag(input.time);
  w.fixed64(input.uid);
  w.flag(input.withdrawn);
  std::string row;
  Writer inner(row);
  detect::encode(inner, *input.row);
  w.str(row);
}

void FamilyKey::encode(Writer& out) const {
  out.u8(kFamilyFormat);
  out.str(key_text_);
  out.fixed64(voters_);
  std::string bytes;
  const auto put = [&](const std::unique_ptr<KeyState>& state) {
    bytes.clear();
    Writer w(bytes);
    if (state != nullptr) state->encode(w);
    out.str(bytes);
  };
  put(common_);
  for (const auto& state : states_) put(state);
  out.str(snapshot_);
  out.str(log_);
}

Status FamilyKey::decode(Reader& in) {
  voters_ = in.fixed64() & all();
  const auto get = [&](const rule::Rule& rule, std::unique_ptr<KeyState>& out) -> Status {
    const std::string_view bytes = in.str();
    if (bytes.empty()) return {};
    auto state = decode_key_state(rule, key_, bytes);
    if (!state) return state.error();
    out = std::move(*state);
    return {};
  };
  if (Status s = get(variants_.common, common_); !s) return s;
  for (size_t i = 0; i < states_.size(); ++i) {
    if (Status s = get(variants_.rules[i], states_[i]); !s) return s;
  }
  snapshot_ = in.str();
  log_ = in.str();
  return in.ok() && in.at_end() ? Status() : corrupt("a family's state does not decode");
}

size_t FamilyKey::bytes() const {
  size_t n = sizeof(*this) + key_text_.capacity() + snapshot_.capacity() + log_.capacity() +
             states_.capacity() * sizeof(states_[0]);
  if (common_ != nullptr) n += common_->bytes();
  for (const auto& s : states_) {
    if (s != nullptr) n += s->bytes();
  }
  return n;
}

}  // namespace

std::unique_ptr<KeyState> make_family_key(const rule::Variants& variants, Hash128 key, std::string_view key_text) {
  return std::make_unique<FamilyKey>(variants, key, key_text);
}

Result<std::unique_ptr<KeyState>> decode_family_key(const rule::Variants& variants, Hash128 key,
                                                    std::string_view bytes) {
  Reader in(bytes);
  if (in.u8() != kFamilyFormat) return corrupt("a family's state is of another format");
  const std::string_view key_text = in.str();
  if (!in.ok()) return corrupt("a family's state does not decode");
  auto made = std::make_unique<FamilyKey>(variants, key, key_text);
  if (Status s = made->decode(in); !s) return s.error();
  return std::unique_ptr<KeyState>(std::move(made));
}

}  // namespace tocsin::alert
