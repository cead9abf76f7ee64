#include "connectors/cli/audit_log.h"

#include <algorithm>

#include "base/json_writer.h"
#include "connectors/cli/log.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMaxWaiting = 8192;

std::string entry_json(const http::AuditEntry& e, TimeMs at) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("at", format_time(at)).field("name", e.name).field("role", e.role).field("from", e.from);
  w.field("what", e.what).field("target", e.target).field("result", int64_t{e.result}).end_object();
  return out;
}

}  // namespace

AuditLog::AuditLog(state::Log& log, const Clock& clock) : log_(log), clock_(clock), thread_([this] { work(); }) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void AuditLog::submit(http::AuditEntry entry, http::Completion<uint64_t> done) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back({entry_json(entry, clock_.now()), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  log::error({"audit result=lost what=", entry.what, " reason=\"too many entries wait for the disk\""});
  done(exhausted("too many entries wait to be written to the audit log"));
}

void AuditLog::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::deque<Waiting> batch;
    batch.swap(waiting_);
    lock.unlock();
    write(batch);
    lock.lock();
  }
}

void AuditLog::write(std::deque<Waiting>& batch) {
  std::vector<std::string_view> payloads;
  payloads.reserve(batch.size());
  for (const Waiting& w : batch) payloads.emplace_back(w.json);
  const auto first = log_.append(kAuditTopic, payloads, clock_.now());
  if (!first)
    log::error({"audit result=lost entries=", std::to_string(batch.size()), " reason=\"", first.error().message, "\""});
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].done(first ? Result<uint64_t>(*first + i + 1) : Result<uint64_t>(first.error()));
  }
}

Result<std::string> AuditLog::page(uint64_t after, size_t limit) const {
  const uint64_t from = std::max(after, log_.begin_offset(kAuditTopic)), end = log_.end_offset(kAuditTopic);
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("entries").begin_array();
  uint64_t last = from;
  if (from < end) {
    const Status s = log_.read(kAuditTopic, from, limit, [&](const state::LogRecord& r) {
      last = r.offset + 1;
      w.raw("{\"id\":" + std::to_string(last) + "," + std::string(r.payload.substr(1)));
      return true;
    });
    if (!s) return s.error();
  }
  w.end_array().key("next");
  last < end ? w.unsigned_integer(last) : w.null();
  w.end_object();
  return out;
}

}  // namespace tocsin::cli
