#pragma once
// A log of short texts and what reads them.
#include "fixture.h"
#include "runtime/ports.h"

namespace tocsin::runtime::testing {

// Records of the form "ID MINUTE PLACE"; anything else is malformed.
class LineDecoder final : public Decoder {
 public:
  bool decode(std::string_view payload, Arena&, Event& out, Rejection& why) override {
    const std::string text(payload);
    char id[32];
    int minute = 0;
    int place = 0;
    if (std::sscanf(text.c_str(), "%31s %d %d", id, &minute, &place) != 3) {
      why.reason = text == "skip" ? "skipped" : "malformed";
      why.message = "not ID MINUTE PLACE";
      return false;
    }
    out = feed_.report(id, kStart + minute * kMinute, place);
    return true;
  }
  std::string masked(std::string_view payload) const override { return std::string(payload.size(), 'x'); }
  DurationMs lateness() const override { return 10 * kMinute; }
  std::string_view source_name() const override { return "grid"; }

 private:
  Feed feed_;
};

// Partitions of texts; each poll gives at most `page` records of one partition, in turns. A live one never ends.
class TextSource final : public Source {
 public:
  explicit TextSource(std::vector<std::vector<std::string>> parts, bool live = false, size_t page = 2)
      : parts_(std::move(parts)), next_(parts_.size()), live_(live), page_(page) {}
  std::vector<std::string> partitions() const override {
    std::vector<std::string> names;
    for (size_t i = 0; i < parts_.size(); ++i) names.push_back("text/" + std::to_string(i));
    return names;
  }
  Status seek(std::span<const uint64_t> offsets) override {
    for (size_t i = 0; i < offsets.size(); ++i) next_[i] = offsets[i] == UINT64_MAX ? 0 : offsets[i];
    return {};
  }
  Result<PollState> poll(size_t max, DurationMs, std::vector<Record>& out) override {
    for (size_t i = 0; i < parts_.size(); ++i) {
      const size_t p = turn_++ % parts_.size();
      if (next_[p] == parts_[p].size() || blocked == static_cast<int>(p)) continue;
      for (size_t n = 0; n < std::min(max, page_) && next_[p] < parts_[p].size(); ++n) {
        Record r;
        r.partition = static_cast<uint32_t>(p);
        r.offset = next_[p];
        r.next_offset = ++next_[p];
        r.payload = parts_[p][r.offset];
        r.timestamp = kStart;
        out.push_back(r);
      }
      return PollState::kRecords;
    }
    for (size_t p = 0; p < parts_.size(); ++p) {
      if (next_[p] < parts_[p].size()) return PollState::kIdle;
    }
    return live_ ? PollState::kIdle : PollState::kEnd;
  }
  bool at_head(uint32_t p) const override { return next_[p] == parts_[p].size(); }
  void append(size_t p, std::string text) { parts_[p].push_back(std::move(text)); }
  int blocked = -1;  // the partition whose records are held back; -1: none

 private:
  std::vector<std::vector<std::string>> parts_;
  std::vector<size_t> next_;
  const bool live_;
  const size_t page_;
  size_t turn_ = 0;
};

}  // namespace tocsin::runtime::testing
