#pragma once
// Remembers the first record of an input that could not be read as an event: where it stands and why, for people who
// would otherwise be told a number alone. It stands between a pipeline and what the pipeline reads from.
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/ports.h"

namespace tocsin::cli {

// Used by the pipeline's one thread.
class FirstRejection final : public runtime::Source {
 public:
  // `source` and the decoders outlive it.
  explicit FirstRejection(runtime::Source& source) : source_(source) {}
  // The decoder to use in the place of the partition's own.
  runtime::Decoder* decoder(uint32_t partition, runtime::Decoder* own) {
    auto& listening = decoders_[partition];
    if (listening == nullptr) listening = std::make_unique<Listening>(*own);
    return listening.get();
  }
  // "grid.ndjson:7: it is not a JSON object"; empty: none was rejected.
  const std::string& told() const { return told_; }

  std::vector<std::string> partitions() const override { return source_.partitions(); }
  Status seek(std::span<const uint64_t> next_offsets) override { return source_.seek(next_offsets); }
  Result<uint64_t> offset_at(uint32_t partition, TimeMs t) override { return source_.offset_at(partition, t); }
  Result<runtime::PollState> poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) override {
    const size_t before = out.size();
    auto state = source_.poll(max, wait, out);
    for (size_t i = before; i < out.size(); ++i) {
      if (!out[i].fault.empty()) faults_.try_emplace(out[i].partition, out[i].offset, std::string(out[i].fault));
    }
    return state;
  }
  void on_arrival(std::function<void()> wake) override { source_.on_arrival(std::move(wake)); }
  bool at_head(uint32_t partition) const override { return source_.at_head(partition); }
  void hold(uint32_t partition, bool held) override { source_.hold(partition, held); }
  // The pipeline asks for the place of what it rejects, and of nothing else.
  std::string place(uint32_t partition, uint64_t offset) override {
    std::string where = source_.place(partition, offset);
    if (told_.empty()) told_ = where + ": " + why(partition, offset);
    return where;
  }
  void committed(std::span<const uint64_t> next_offsets) override { source_.committed(next_offsets); }

 private:
  // Keeps the first refusal.
  class Listening final : public runtime::Decoder {
   public:
    explicit Listening(runtime::Decoder& own) : own_(own) {}
    bool decode(std::string_view payload, Arena& arena, Event& out, runtime::Rejection& why) override {
      if (own_.decode(payload, arena, out, why)) return true;
      if (first.empty() && !why.reason.empty() && why.reason != "skipped") {
        first = why.message.empty() ? std::string(why.reason) : why.message;
      }
      return false;
    }
    std::string masked(std::string_view payload) const override { return own_.masked(payload); }
    DurationMs lateness() const override { return own_.lateness(); }
    std::string_view source_name() const override { return own_.source_name(); }
    std::string first;

   private:
    runtime::Decoder& own_;
  };
  // Of the partition's first rejected record: the source's own fault, or what its decoder said first.
  std::string why(uint32_t partition, uint64_t offset) const {
    const auto fault = faults_.find(partition);
    if (fault != faults_.end() && fault->second.first == offset) return fault->second.second;
    const auto decoder = decoders_.find(partition);
    return decoder == decoders_.end() ? std::string() : decoder->second->first;
  }

  runtime::Source& source_;
  std::map<uint32_t, std::unique_ptr<Listening>> decoders_;
  std::map<uint32_t, std::pair<uint64_t, std::string>> faults_;  // by partition: the first that the source has of it
  std::string told_;
};

}  // namespace tocsin::cli
