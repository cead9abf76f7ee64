#include "connectors/delivery/courier.h"

#include <algorithm>
#include <chrono>

#include "base/log_level.h"

namespace tocsin::delivery {
namespace {

using std::chrono::milliseconds;

DurationMs left_until(std::chrono::steady_clock::time_point due) {
  const auto left = std::chrono::ceil<milliseconds>(due - std::chrono::steady_clock::now()).count();
  return std::max<DurationMs>(left, 0);
}

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
  note_delivered();
  changed_.notify_all();
  return {};
}

Status Courier::flush(DurationMs wait) {
  std::unique_lock lock(mutex_);
  const auto left = [&] { return queue_.size() + flying_.size() + aside_.size(); };
  const auto done = [&] { return left() == 0; };
  if (wait > 0 && !done()) {
    hurry_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(wait), done);
    hurry_ = false;
  }
  if (done()) return {};
  return unavailable(options_.name + ": " + std::to_string(left()) + " changes are not delivered yet" +
                     (stats_.trouble.empty() ? "" : "; " + stats_.trouble));
}

CourierStats Courier::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

bool Courier::repeats_due() const { return clock_.now() >= format_->next_again() && doors_.wait() == 0; }

bool Courier::aside_due() const { return !aside_.empty() && left_until(aside_.front().due) == 0; }

// Until there is something new, something to say again or to try again, or it is time to stop.
void Courier::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return stop_ || !queue_.empty(); };
  while (!ready() && !repeats_due() && !aside_due()) {
    const TimeMs at = format_->next_again();
    DurationMs left = at == kNever ? kNever : std::max(at - clock_.now(), doors_.wait());
    if (!aside_.empty()) left = std::min(left, left_until(aside_.front().due));
    if (left == kNever) return changed_.wait(lock, ready);
    changed_.wait_for(lock, milliseconds(std::max<DurationMs>(left, 1)), ready);
  }
}

// The next messages, moved out of the queue.
std::vector<Message> Courier::take_group(std::unique_lock<std::mutex>& lock) {
  if (options_.group_wait > 0) {
    changed_.wait_for(lock, milliseconds(options_.group_wait),
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
  for (const Message& m : group) flying_.push_back(m.sequence);
  return group;
}

// What was set aside and may be tried again is older than all else, and its turns lie a pause apart. What is new goes
// before what is to be said again and takes turns with it, a request each, so that neither starves.
void Courier::run() {
  std::unique_lock lock(mutex_);
  for (bool repeats_turn = false;;) {
    wait_for_work(lock);
    if (stop_) return;
    if (aside_due()) {
      lock.unlock();
      if (!try_aside()) return;
    } else if (queue_.empty() || (repeats_turn && repeats_due())) {
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
  if (out.verdict == Verdict::kRefused && stats_.trouble != trouble)
    log(log_level::kWarning, trouble);  // the doors tell the rest
  stats_.failed += out.failed;
  stats_.wrong_door = out.wrong_door;
  stats_.trouble = trouble;
  return out;
}

// Until all of the group has arrived, is given up or set aside; false: the courier has to end.
bool Courier::deliver(std::span<const Message> group) {
  std::vector<Message> free;
  for (const Message& m : group) {  // what an alert has aside goes before what else it has to tell
    const auto same = [&](const Trial& t) { return t.message.alert_id == m.alert_id; };
    if (!std::ranges::any_of(aside_, same)) {
      free.push_back(m);
    } else if (!set_aside({m})) {
      return false;
    }
  }
  if (free.empty()) return true;
  return free.size() == 1 ? deliver_alone(free.front()) : deliver_together(free);
}

bool Courier::deliver_together(std::span<const Message> group) {
  while (!stop_) {
    const Request request = format_->pack(group, clock_.now());
    Verdict verdict = Verdict::kArrived;
    if (!request.body.empty()) {
      if (const DurationMs closed = doors_.wait(request.urls); closed > 0) {
        if (!pause(closed)) return false;
        continue;  // packed anew: it says when it was
      }
      verdict = attempt(request).verdict;
    }
    if (verdict == Verdict::kArrived) {
      finish(group);
      return true;
    }
    if (stop_) return false;
    if (verdict == Verdict::kRefused) {  // which of them?
      return std::ranges::all_of(group, [&](const Message& m) { return deliver({&m, 1}); });
    }
  }
  return false;
}

bool Courier::deliver_alone(const Message& message) {
  Trial trial{message};
  while (!stop_) {
    switch (step(trial)) {
      case Step::kSettled:
        return true;
      case Step::kStopped:
        return false;
      case Step::kAway:
        log(log_level::kWarning, "set aside alert=" + message.alert_id +
                                     " sequence=" + std::to_string(message.sequence) +
                                     " reason=\"it is refused, and not every address has been asked\"");
        return set_aside(std::move(trial));
      case Step::kAgain:
        if (!pause(left_until(trial.due))) return false;
    }
  }
  return false;
}

// One attempt, at the addresses that have not refused it often enough and are not away.
Courier::Step Courier::step(Trial& trial) {
  const std::span<const Message> group(&trial.message, 1);
  Request request = format_->pack(group, clock_.now());
  if (request.body.empty()) {
    finish(group);
    return Step::kSettled;
  }
  const auto spent = [&](const std::string& url) {
    const auto count = trial.refusals.find(url);
    return count != trial.refusals.end() && count->second >= options_.tries;
  };
  const bool refused = std::erase_if(request.urls, spent) > 0;
  if (const DurationMs closed = doors_.wait(request.urls); closed > 0) {
    trial.due = std::chrono::steady_clock::now() + milliseconds(closed);
    return refused ? Step::kAway : Step::kAgain;
  }
  const Doors::Outcome outcome = attempt(request);
  if (outcome.verdict == Verdict::kArrived) {
    finish(group);
    return Step::kSettled;
  }
  if (stop_) return Step::kStopped;
  if (outcome.refused.empty()) return Step::kAgain;  // its doors are closed now
  for (const std::string& url : outcome.refused) ++trial.refusals[url];
  if (std::ranges::all_of(request.urls, spent)) {
    give_up(trial.message, outcome.reply);
    return Step::kSettled;
  }
  trial.pause = trial.pause == 0 ? options_.first_pause : std::min(trial.pause * 2, options_.longest_pause);
  trial.due = std::chrono::steady_clock::now() + milliseconds(trial.pause);
  return Step::kAgain;
}

// False: the courier has to end.
bool Courier::set_aside(Trial trial) {
  while (aside_.size() >= options_.aside_most) {  // rather held up than lost
    if (!pause(left_until(aside_.front().due)) || !try_aside()) return false;
  }
  const std::scoped_lock lock(mutex_);
  std::erase(flying_, trial.message.sequence);
  aside_.push_back(std::move(trial));
  note_delivered();
  return true;
}

// The first of them alone: an alert's changes stay in order. False: the courier has to end.
bool Courier::try_aside() {
  const Step went = step(aside_.front());
  if (went == Step::kStopped) return false;
  if (went != Step::kSettled) return true;
  const std::scoped_lock lock(mutex_);
  aside_.pop_front();
  note_delivered();
  changed_.notify_all();
  return true;
}

bool Courier::pause(DurationMs wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, milliseconds(wait), [&] { return stop_.load(); });
  return !stop_;
}

void Courier::finish(std::span<const Message> group) {
  format_->settled(group, clock_.now());
  const std::scoped_lock lock(mutex_);
  for (const Message& m : group) std::erase(flying_, m.sequence);
  note_delivered();
  changed_.notify_all();
}

// Everything before the first that is not settled; what was muted lies between them.
void Courier::note_delivered() {
  uint64_t first = accepted_ + 1;
  if (!queue_.empty()) first = std::min(first, queue_.front().sequence);
  if (!flying_.empty()) first = std::min(first, std::ranges::min(flying_));
  for (const Trial& t : aside_) first = std::min(first, t.message.sequence);
  delivered_ = first - 1;
}

void Courier::give_up(const Message& message, const Reply& reply) {
  log(log_level::kError, "gave up alert=" + message.alert_id + " sequence=" + std::to_string(message.sequence) +
                             " reason=\"" + describe(reply) + "\"");
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
