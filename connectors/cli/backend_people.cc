// What people do: records of the log, and of the audit log.
#include "alert/lifecycle.h"
#include "alert/policy.h"
#include "base/json_writer.h"
#include "connectors/cli/backend.h"
#include "event/area_table.h"
#include "event/mask.h"
#include "runtime/pipeline.h"
#include "runtime/silence_record.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMostSilencesOfOne = 100;  // that have not ended, of an account (without accounts: of a name)
constexpr DurationMs kLongestSilence = 400LL * 24 * kHourMs;
constexpr DurationMs kComing = 60'000;  // after which one that is written and not yet in force is not counted any more

}  // namespace

void ServiceBackend::append(std::string record, TimeMs at, http::Completion<uint64_t> done) {
  on_lane<uint64_t>(
      parts_.lanes.actions,
      [this, record = std::move(record), at] {
        const std::string_view payloads[] = {record};
        return parts_.log.append(kActionsTopic, payloads, at);
      },
      std::move(done));
}

void ServiceBackend::act(alert::Action action, const http::View& view, http::Completion<uint64_t> done) {
  runtime::AlertLine line;
  if (!find(action.alert_id, view, line)) return done(not_found("there is no alert " + action.alert_id));
  if (line.status == alert::AlertStatus::kClosed && action.kind != alert::ActionKind::kComment) {
    return done(conflict("the alert is closed"));
  }
  if (!line.is_open() && line.updated_at + alert::kFiledFor < parts_.engine.book().latest()) {
    return done(conflict("the alert ended more than 30 days ago; nothing more can be done to it"));
  }
  Arena arena(1024);
  action.note = mask_text(action.note, arena);
  action.at = parts_.clock.now();
  append(runtime::action_record(action), action.at, std::move(done));
}

Result<std::string> ServiceBackend::silences(const http::View& view) {
  const std::lock_guard lock(mutex_);
  std::string out;
  JsonWriter w(out);
  w.begin_array();
  for (const auto& [id, s] : silences_) {
    // One of a larger area, or of all, concerns what lies in the view as well.
    if (!lies_under(s.area, view.area) && !lies_under(view.area, s.area)) continue;
    w.raw(runtime::silence_json(s));
  }
  w.end_array();
  return out;
}

// What the engine would pass over is refused here, where somebody is told. What was taken and is not in force yet
// counts: it comes back from the log a moment later. Silences end in event time: one that has ended already would be
// taken and never be seen. Under mutex_.
Status ServiceBackend::may_silence(const rule::Silence& silence) {
  const TimeMs now = parts_.clock.now(), stands = parts_.status.watermark();
  if (stands != kNoTime && silence.until <= stands) {
    return invalid("until is past: it is " + format_time(silence.until, parts_.zone) + ", and event time stands at " +
                   format_time(stands, parts_.zone) + "; give a later time");
  }
  if (silence.until > std::max(now, parts_.engine.book().latest()) + kLongestSilence) {
    return invalid("until lies more than 400 days ahead: take an earlier time, and silence again when it is over");
  }
  std::erase_if(coming_, [&](const auto& c) { return c.second.at + kComing < now || silences_.contains(c.first); });
  const std::string what_to_do = ": end one that is no longer needed (POST /api/v1/silences/{id}/expire)";
  if (silences_.size() + coming_.size() >= alert::Policy::kMaxSilences) {
    return conflict("there are " + std::to_string(alert::Policy::kMaxSilences) +
                    " silences already, as many as are kept" + what_to_do);
  }
  const auto by_them = [&](const auto& s) { return s.second.by == silence.by; };
  const auto own = std::ranges::count_if(silences_, [&](const auto& s) { return !s.second.in_file && by_them(s); }) +
                   std::ranges::count_if(coming_, by_them);
  if (static_cast<size_t>(own) < kMostSilencesOfOne) return {};
  return conflict("there are " + std::to_string(kMostSilencesOfOne) +
                  " silences of this account already, as many as one may have" + what_to_do);
}

void ServiceBackend::silence(rule::Silence silence, http::Completion<std::string> done) {
  Arena arena(1024);
  silence.reason = mask_text(silence.reason, arena);
  runtime::SilenceRecord record{false, std::move(silence), parts_.clock.now()};
  record.silence.id = "s-" + hex(hash64(runtime::silence_record(record)));
  Status may;
  {
    const std::lock_guard lock(mutex_);
    may = may_silence(record.silence);
    if (may) coming_[record.silence.id] = {record.silence.by, record.at};
  }
  if (!may) return done(may.error());
  append(runtime::silence_record(record), record.at,
         [this, done = std::move(done), id = record.silence.id](const Result<uint64_t>& offset) {
           if (const std::lock_guard lock(mutex_); !offset) coming_.erase(id);
           done(offset ? Result<std::string>(id) : Result<std::string>(offset.error()));
         });
}

void ServiceBackend::expire_silence(std::string id, std::string by, const http::View& view,
                                    http::Completion<uint64_t> done) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = silences_.find(id);
    if (it == silences_.end() || !lies_under(it->second.area, view.area))
      return done(not_found("there is no silence " + id));
    if (it->second.in_file) return done(conflict("the silence stands in a file of the rules; change it there"));
  }
  runtime::SilenceRecord record{true, {}, parts_.clock.now()};
  record.silence.id = std::move(id);
  record.silence.by = std::move(by);
  append(runtime::silence_record(record), record.at, std::move(done));
}

void ServiceBackend::set_silences(const std::map<std::string, rule::Silence>& silences) {
  const std::lock_guard lock(mutex_);
  if (silences_ == silences) return;
  silences_ = silences;
  ++silences_changed_;
  if (listener_) listener_(head_.load());
}

void ServiceBackend::audit(http::AuditEntry entry, http::Completion<uint64_t> done) {
  parts_.audit.submit(std::move(entry), std::move(done));
}

Result<std::string> ServiceBackend::audit_log(uint64_t after, size_t limit) { return parts_.audit.page(after, limit); }

}  // namespace tocsin::cli
