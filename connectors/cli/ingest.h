#pragma once
// What comes in by HTTP: read (tokenised, masked, judged) on a thread of its own, written to the embedded log, and
// answered only when it is there. Records that no feed can read go to the log as rejections, so that the dead letters
// are a function of the log as everything else is.
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "connectors/feed/feed.h"
#include "connectors/http/backend.h"
#include "runtime/ports.h"
#include "state/log.h"

namespace tocsin::cli {

inline constexpr char kIngestTopic[] = "ingest";
inline constexpr char kActionsTopic[] = "actions";

class Ingest {
 public:
  // Makes the decoder of a feed by name ("" is canonical); kNotFound for a name that is not configured.
  using MakeDecoder = std::function<Result<std::unique_ptr<runtime::Decoder>>(const std::string& feed)>;
  // Writes payloads to the log and answers their first offset once they are durable.
  using Append = std::function<Result<uint64_t>(std::span<const std::string_view> payloads)>;
  Ingest(MakeDecoder make_decoder, Append append);
  // Refuses what still waits.
  ~Ingest();
  // Thread-safe.
  void submit(http::IngestBatch batch, http::Completion<http::IngestResult> done);

 private:
  struct Job {
    http::IngestBatch batch;
    http::Completion<http::IngestResult> done;
  };
  void work();
  Result<http::IngestResult> take(const http::IngestBatch& batch);
  MakeDecoder make_decoder_;
  Append append_;
  std::map<std::string, std::unique_ptr<runtime::Decoder>> decoders_;
  Arena arena_{64 * 1024};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stop_ = false;
  std::thread thread_;
};

// Reads the log that Ingest writes: canonical events whose identities are tokens already, and rejections.
class IngestDecoder final : public runtime::Decoder {
 public:
  explicit IngestDecoder(std::unique_ptr<runtime::Decoder> trusted, DurationMs lateness)
      : trusted_(std::move(trusted)), lateness_(lateness) {}
  bool decode(std::string_view payload, Arena& arena, Event& out, runtime::Rejection& why) override;
  std::string masked(std::string_view payload) const override;
  DurationMs lateness() const override { return lateness_; }
  std::string_view source_name() const override { return "ingest"; }

 private:
  std::unique_ptr<runtime::Decoder> trusted_;
  DurationMs lateness_;
};

}  // namespace tocsin::cli
