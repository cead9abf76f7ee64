#include "connectors/delivery/courier.h"

#include <algorithm>
#include <chrono>

namespace tocsin::delivery {
namespace {

constexpr int kError = 3, kWarning = 4;  // as in syslog

}  // namespace

Courier::Courier(CourierOptions options, std::unique_ptr<Format> format, const Clock& clock)
    : options_(std::move(options)),
      format_(std::move(format)),
      clock_(clock),
      poster_(options_.post),
      doors_({.first_pause = options_.first_pause,
              .longest_pause = options_.longest_pause,
              .tries = options_.tries,
              .log = [this](int level, const std::string& message) { log(level, message); }}) {}

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
  const auto done = [&] { return queue_.empty() && flying_ == 0; };
  if (wait > 0 && !done()) {
    hurry_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(wait), done);
    hurry_ = false;
  }
  if (done()) return {};
  return unavailable(options_.name + ": " + std::to_string(queue_.size() + flying_) + " changes are not delivered yet" +
                     (stats_.trouble.empty() ? "" : "; " + stats_.trouble));
}

CourierStats Courier::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

bool Courier::repeats_due() const { return clock_.now() >= format_->next_again() && doors_.wait() == 0; }

// Until there is something new, something to say again, or it is time to stop.
void Courier::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return stop_ || !queue_.empty(); };
  while (!ready() && !repeats_due()) {
    const TimeMs at = format_->next_again();
    if (at == kNever) return changed_.wait(lock, ready);
    const DurationMs left = std::max<DurationMs>({at - clock_.now(), doors_.wait(), 1});
    changed_.wait_for(lock, std::chrono::milliseconds(left), ready);
  }
}

// The next messages, moved out of the queue.
std::vector<Message> Courier::take_group(std::unique_lock<std::mutex>& lock) {
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

// What is new goes first; what is to be said again takes turns with it, a request each, so that neither starves.
void Courier::run() {
  std::unique_lock lock(mutex_);
  for (bool repeats_turn = false;;) {
    wait_for_work(lock);
    if (stop_) return;
    if (queue_.empty() || (repeats_turn && repeats_due())) {
      lock.unlock();
      say_again();
      repeats_turn = false;
    } else {
      const std::vector<Message> group = take_group(lock);
      lock.unlock();
      if (!deliver(group)) return;
      repeats_turn = true;
    }
    lock.lock();
  }
}

void Courier::say_again() {
  if (const auto request = format_->again(clock_.now()); request && !request->body.empty()) (void)attempt(*request);
}

Doors::Outcome Courier::attempt(const Request& request) {
  Doors::Outcome out = doors_.post(poster_, request, stop_);
  if (stop_ && out.verdict != Verdict::kArrived) return out;
  const std::string trouble =
      out.verdict == Verdict::kArrived ? "" : "does not take alerts (" + describe(out.reply) + ")";
  const std::scoped_lock lock(mutex_);
  if (out.verdict == Verdict::kRefused && stats_.trouble != trouble) log(kWarning, trouble);  // the doors tell the rest
  stats_.failed += out.failed;
  stats_.wrong_door = out.wrong_door;
  stats_.trouble = trouble;
  return out;
}

// Until the group has arrived or is given up; false: the courier has to end.
bool Courier::deliver(std::span<const Message> group) {
  DurationMs wait = options_.first_pause;
  for (int refusals = 0; !stop_;) {
    const Request request = format_->pack(group, clock_.now());
    Doors::Outcome outcome{.verdict = Verdict::kArrived};
    if (!request.body.empty()) {
      if (const DurationMs closed = doors_.wait(); closed > 0) {
        if (!pause(closed)) return false;
        continue;  // packed anew: it says when it was
      }
      outcome = attempt(request);
    }
    if (outcome.verdict == Verdict::kArrived) {
      finish(group);
      return true;
    }
    if (stop_) return false;
    if (outcome.verdict == Verdict::kLater) continue;  // its doors are closed now
    if (group.size() > 1) {                            // which of them?
      return std::ranges::all_of(group, [&](const Message& m) { return deliver({&m, 1}); });
    }
    if (++refusals >= options_.tries) {
      give_up(group.front(), outcome.reply);
      return true;
    }
    if (!pause(wait)) return false;
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
  changed_.notify_all();
}

void Courier::give_up(const Message& message, const Reply& reply) {
  log(kError, "gave up alert=" + message.alert_id + " sequence=" + std::to_string(message.sequence) + " reason=\"" +
                  describe(reply) + "\"");
  {
    const std::scoped_lock lock(mutex_);
    ++stats_.refused;
  }
  finish({&message, 1});
}

void Courier::log(int level, const std::string& message) const {
  if (options_.log) options_.log(level, "receiver=" + options_.name + " " + message);
}

}  // namespace tocsin::delivery
