#include "connectors/cli/ingest.h"

#include <algorithm>

#include "base/json_writer.h"
#include "connectors/cli/json.h"
#include "event/event_writer.h"
#include "event/rejection.h"

namespace tocsin::cli {
namespace {

constexpr std::string_view kRejected = "{\"rejected\":";
constexpr size_t kMaxFaults = 20;
constexpr size_t kMaxWaiting = 64;  // batches; the server's own bound is lower

// The reasons are a fixed set of names with static lifetime; a log record spells one of them.
std::string_view known_reason(std::string_view reason) {
  for (const std::string_view known : reason_names()) {
    if (known == reason) return known;
  }
  return "malformed";
}

// A sender may name a feed, never a file.
bool is_feed_name(std::string_view name) {
  constexpr size_t kLongest = 64;
  return name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

std::string rejection_record(const runtime::Rejection& why, const std::string& masked) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("rejected", why.reason).field("message", why.message).field("masked", masked).end_object();
  return out;
}

}  // namespace

Ingest::Ingest(MakeDecoder make_decoder, Append append)
    : make_decoder_(std::move(make_decoder)), append_(std::move(append)), thread_([this] { work(); }) {}

Ingest::~Ingest() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Ingest::submit(http::IngestBatch batch, http::Completion<http::IngestResult> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stop_ && jobs_.size() < kMaxWaiting) {
      jobs_.push_back({std::move(batch), std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  done(exhausted("too many batches wait for the log; try again in a moment"));
}

void Ingest::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    const bool stopping = stop_;
    lock.unlock();
    job.done(stopping ? Result<http::IngestResult>(unavailable("the service is stopping")) : take(job.batch));
  }
}

Result<http::IngestResult> Ingest::take(const http::IngestBatch& batch) {
  if (!is_feed_name(batch.feed)) return not_found("there is no such feed; name one of rules/feeds");
  auto found = decoders_.find(batch.feed);
  if (found == decoders_.end()) {
    auto made = make_decoder_(batch.feed);
    if (!made) return made.error();
    found = decoders_.emplace(batch.feed, std::move(*made)).first;
  }
  runtime::Decoder* decoder = found->second.get();
  http::IngestResult result;
  std::vector<std::string> texts;
  texts.reserve(batch.records.size());
  std::string padded;
  for (size_t i = 0; i < batch.records.size(); ++i) {
    arena_.reset();
    padded.assign(batch.records[i]);
    padded.append(simdjson::SIMDJSON_PADDING, '\0');
    const std::string_view payload(padded.data(), batch.records[i].size());
    Event event;
    runtime::Rejection why;
    if (decoder->decode(payload, arena_, event, why)) {
      texts.emplace_back();
      append_event(texts.back(), event);
      ++result.accepted;
    } else if (!why.reason.empty() && why.reason != "skipped") {
      texts.push_back(rejection_record(why, decoder->masked(payload)));
      ++result.rejected;
      if (result.faults.size() < kMaxFaults) result.faults.push_back({i, std::string(why.reason), why.message});
    }
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  if (views.empty()) return result;
  auto first = append_(views);
  if (!first) return first.error();
  result.offset = *first + views.size();
  return result;
}

bool IngestDecoder::decode(std::string_view payload, Arena& arena, Event& out, runtime::Rejection& why) {
  if (!payload.starts_with(kRejected)) return trusted_->decode(payload, arena, out, why);
  simdjson::dom::parser parser;
  simdjson::dom::element record;
  why.reason = known_reason({});
  if (parser.parse(payload.data(), payload.size()).get(record) == simdjson::SUCCESS) {
    why.reason = known_reason(text_at(record, "/rejected"));
    why.message = text_at(record, "/message");
  }
  return false;
}

std::string IngestDecoder::masked(std::string_view payload) const {
  if (!payload.starts_with(kRejected)) return trusted_->masked(payload);
  simdjson::dom::parser parser;
  simdjson::dom::element record;
  if (parser.parse(payload.data(), payload.size()).get(record) != simdjson::SUCCESS) return {};
  return std::string(text_at(record, "/masked"));
}

}  // namespace tocsin::cli
