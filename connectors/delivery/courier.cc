#include "connectors/delivery/courier.h"

#include <algorithm>
#include <chrono>

#include "base/hash.h"

namespace tocsin::delivery {
namespace {

constexpr int kError = 3, kWarning = 4, kNotice = 5;  // as in syslog

std::string describe(const Reply& reply) {
  if (reply.status == 0) return reply.reason;
  return "status " + std::to_string(reply.status) + (reply.reason.empty() ? "" : ": " + reply.reason);
}

// A tenth more or less, so that many do not knock at once.
DurationMs spread(DurationMs pause, uint64_t seed) {
  return pause - pause / 10 + static_cast<DurationMs>(hash64("", seed) % static_cast<uint64_t>(pause / 5 + 1));
}

}  // namespace

Courier::Courier(CourierOptions options, std::unique_ptr<Format> format, const Clock& clock)
    : options_(std::move(options)), format_(std::move(format)), clock_(clock), poster_(options_.post) {}

Courier::~Courier() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<uint64_t> Courier::resume(uint64_t floor) {
  if (auto s = format_->resume(floor, clock_.now()); !s) return s.error();
  {
    const std::scoped_lock lock(mutex_);
    accepted_ = floor;
    delivered_ = floor;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  return floor;
}

Status Courier::publish(std::span<const runtime::Outgoing> batch) {
  if (batch.empty()) return {};
  const std::scoped_lock lock(mutex_);
  if (failure_) return *failure_;
  size_t count = 0;
  size_t bytes = 0;
  const bool muted = format_->wants_muted();
  for (const runtime::Outgoing& o : batch) {
    if (o.muted && !muted) continue;
    ++count;
    bytes += o.json.size();
  }
  const bool room = queue_.size() + count <= options_.queue_most && queue_bytes_ + bytes <= options_.queue_bytes;
  if (!room && !queue_.empty()) return exhausted(options_.name + ": its queue is full");
  for (const runtime::Outgoing& o : batch) {
    if (o.muted && !muted) continue;
    queue_.push_back({o.sequence, std::string(o.alert_id), std::string(o.json), o.muted});
  }
  queue_bytes_ += bytes;
  accepted_ = batch.back().sequence;
  if (queue_.empty() && flying_ == 0) delivered_ = accepted_;
  changed_.notify_all();
  return {};
}

Status Courier::flush(DurationMs wait) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return failure_.has_value() || (queue_.empty() && flying_ == 0); };
  if (wait > 0 && !done()) {
    hurry_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(wait), done);
    hurry_ = false;
  }
  if (failure_) return *failure_;
  if (done()) return {};
  return unavailable(options_.name + ": " + std::to_string(queue_.size() + flying_) + " changes are not delivered yet" +
                     (stats_.trouble.empty() ? "" : "; " + stats_.trouble));
}

CourierStats Courier::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

Courier::Verdict Courier::judge(int status) {
  if (status >= 200 && status < 300) return Verdict::kArrived;
  if (status == 0 || status == 408 || status == 425 || status == 429 || status >= 500) return Verdict::kLater;
  if (status == 400 || status == 413 || status == 415 || status == 422) return Verdict::kRefused;
  return Verdict::kWrongDoor;
}

// The next messages, moved out of the queue; none: there is something to say again, or it is time to stop.
std::vector<Message> Courier::take_group(std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return stop_ || !queue_.empty(); };
  if (const TimeMs at = format_->next_again(); at == kNever) {
    changed_.wait(lock, ready);
  } else if (!changed_.wait_for(lock, std::chrono::milliseconds(std::max<DurationMs>(at - clock_.now(), 0)), ready)) {
    return {};
  }
  if (stop_) return {};
  if (options_.group_wait > 0) {
    changed_.wait_for(lock, std::chrono::milliseconds(options_.group_wait),
                      [&] { return stop_ || hurry_ || queue_.size() >= options_.group_most; });
  }
  std::vector<Message> group;
  size_t bytes = 0;
  while (!queue_.empty() && group.size() < options_.group_most) {
    bytes += queue_.front().json.size();
    if (!group.empty() && bytes > options_.group_bytes) break;
    queue_bytes_ -= queue_.front().json.size();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  flying_ = group.size();
  return group;
}

void Courier::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !failure_) {
    const bool due = clock_.now() >= format_->next_again();  // also while there is always something new
    const std::vector<Message> group = due ? std::vector<Message>() : take_group(lock);
    lock.unlock();
    if (group.empty()) {
      if (!stop_) say_again();
    } else if (!deliver(group)) {
      return;
    }
    lock.lock();
  }
}

void Courier::say_again() {
  const auto request = format_->again(clock_.now());
  if (!request || request->body.empty()) return;
  Verdict verdict = Verdict::kLater;
  const Reply reply = attempt(*request, verdict);
  if (verdict != Verdict::kArrived) note_failure(reply, 0);
}

// To each address; the best of their verdicts.
Reply Courier::attempt(const Request& request, Verdict& verdict) {
  Reply best;
  bool first = true;
  for (const std::string& url : request.urls) {
    Reply reply = poster_.post(url, request.headers, request.body, stop_);
    const Verdict v = judge(reply.status);
    if (first || v < verdict) {
      verdict = v;
      best = std::move(reply);
    }
    first = false;
  }
  return best;
}

// Until the group has arrived or is given up; false: the courier has to end.
bool Courier::deliver(std::span<const Message> group) {
  DurationMs wait = options_.first_pause;
  for (int refusals = 0; !stop_;) {
    const Request request = format_->pack(group, clock_.now());
    Verdict verdict = Verdict::kArrived;
    Reply reply;
    if (!request.body.empty()) reply = attempt(request, verdict);
    if (stop_ && verdict != Verdict::kArrived) return false;
    if (verdict == Verdict::kArrived) {
      finish(group);
      return true;
    }
    if (verdict == Verdict::kRefused && group.size() > 1) {  // which of them?
      return std::ranges::all_of(group, [&](const Message& m) { return deliver({&m, 1}); });
    }
    if (verdict != Verdict::kLater && ++refusals >= options_.tries) {
      if (verdict == Verdict::kWrongDoor) {
        stop_for_good(reply);
        return false;
      }
      give_up(group.front(), reply);
      return true;
    }
    const DurationMs next = std::max(spread(wait, group.front().sequence + static_cast<uint64_t>(wait)),
                                     std::min(reply.retry_after, options_.longest_pause));
    note_failure(reply, next);
    if (!pause(next)) return false;
    wait = std::min(wait * 2, options_.longest_pause);
  }
  return false;
}

bool Courier::pause(DurationMs wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(wait), [&] { return stop_.load(); });
  return !stop_;
}

void Courier::finish(std::span<const Message> group) {
  format_->settled(group, clock_.now());
  const std::scoped_lock lock(mutex_);
  flying_ -= group.size();
  // Groups and their parts are settled in order; what lies behind the last of them was muted.
  delivered_ = queue_.empty() && flying_ == 0 ? accepted_ : group.back().sequence;
  if (!stats_.trouble.empty()) log(kNotice, "delivers again");
  stats_.trouble.clear();
  changed_.notify_all();
}

void Courier::give_up(const Message& message, const Reply& reply) {
  log(kError, "gave up alert=" + message.alert_id + " sequence=" + std::to_string(message.sequence) + " reason=\"" +
                  describe(reply) + "\"");
  finish({&message, 1});
  const std::scoped_lock lock(mutex_);
  ++stats_.failed;
  ++stats_.refused;
}

void Courier::stop_for_good(const Reply& reply) {
  const std::string why = options_.name + " answers " + describe(reply) +
                          "; mend its address or rights in the config and restart: what waits is then sent";
  log(kError, why);
  const std::scoped_lock lock(mutex_);
  ++stats_.failed;
  stats_.trouble = why;
  failure_ = invalid(why);
  changed_.notify_all();
}

void Courier::note_failure(const Reply& reply, DurationMs pause) {
  const std::scoped_lock lock(mutex_);
  ++stats_.failed;
  const std::string why = "does not take alerts (" + describe(reply) + ")";
  if (stats_.trouble != why) {
    log(kWarning, why + (pause > 0 ? ", tries again in " + std::to_string(pause) + " ms" : std::string()));
  }
  stats_.trouble = why;
}

void Courier::log(int level, const std::string& message) const {
  if (options_.log) options_.log(level, "receiver=" + options_.name + " " + message);
}

}  // namespace tocsin::delivery
