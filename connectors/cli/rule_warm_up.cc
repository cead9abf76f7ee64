#include "connectors/cli/rule_warm_up.h"

#include <algorithm>

#include "connectors/cli/clocks.h"
#include "connectors/cli/worker.h"
#include "runtime/horizon.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

constexpr TimeMs kClose = 100;          // a stretch that takes no longer is left to the engine's thread
constexpr TimeMs kLastStretch = 1'000;  // and there it takes at most so long
constexpr TimeMs kStalled = 10'000;     // a source that brings nothing for so long, though something must come
constexpr int kAttempts = 4;

}  // namespace

RuleWarmUp::RuleWarmUp(Of of, std::shared_ptr<const rule::RuleSet> rules, runtime::Standpoint at)
    : of_(std::move(of)), rules_(std::move(rules)), began_(steady_ns()), at_(std::move(at)) {}

RuleWarmUp::~RuleWarmUp() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

TimeMs RuleWarmUp::running() const { return static_cast<TimeMs>((steady_ns() - began_) / 1'000'000); }

void RuleWarmUp::start() {
  if (thread_.joinable()) thread_.join();
  done_ = false;
  thread_ = std::thread([this] {
    step_behind();  // what comes in meanwhile goes first
    work();
  });
}

void RuleWarmUp::run() { work(); }

void RuleWarmUp::work() {
  Status s;
  if (attempt_.warm == nullptr) {
    s = read();
  } else if (auto close = catch_up(of_.most); !close) {
    s = close.error();
  } else if (!*close) {
    s = exhausted("the log grows faster than it is read");
  }
  if (!s) trouble_ = s.error().message;
  done_.store(true, std::memory_order_release);
}

void RuleWarmUp::stand_at(const runtime::Engine& live) {
  runtime::Standpoint at = runtime::standpoint_of(live);
  const std::lock_guard lock(mutex_);
  at_ = std::move(at);
}

runtime::Standpoint RuleWarmUp::newest() const {
  const std::lock_guard lock(mutex_);
  return at_;
}

Status RuleWarmUp::begin(DurationMs span) {
  attempt_.warm.reset();
  auto inputs = Inputs::open(of_.inputs);
  if (!inputs) return inputs.error();
  attempt_.inputs = std::move(*inputs);
  const runtime::Standpoint at = newest();
  // Time may stand far behind the clock (`time: log`), and the log's own times with it.
  const TimeMs now = at.watermark == kNoTime ? of_.now : std::min(of_.now, at.watermark);
  auto warm = runtime::WarmUp::open(of_.engine, rules_, of_.reading, attempt_.inputs->inputs(), now - span, at);
  if (!warm) return warm.error();
  attempt_.warm = std::move(*warm);
  return attempt_.inputs->read_headers();
}

// Each attempt may take half of the time that is left; the next one reads what fits by the pace of the one before.
Status RuleWarmUp::read() {
  double span = static_cast<double>(runtime::warm_up_span(*rules_));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (auto s = begin(static_cast<DurationMs>(span)); !s) return s;
    const auto whole = static_cast<double>(attempt_.warm->left());
    auto close = catch_up(running() + (of_.most - running()) / 2);
    if (!close) return close.error();
    if (*close) return {};
    figures_.whole = false;
    const double share = whole == 0 ? 1 : 1 - static_cast<double>(attempt_.warm->left()) / whole;
    if (share <= 0) break;
    span *= std::min(1.0, share) * 0.4;
  }
  return exhausted("the log could not be read in " + format_duration(of_.most) +
                   "; give more time by limits.warm_up in the config");
}

Status RuleWarmUp::wait_a_little() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(2), [this] { return stop_; });
  return stop_ ? Status(unavailable("the service stops")) : Status();
}

Result<bool> RuleWarmUp::catch_up(TimeMs until) {
  for (;;) {
    attempt_.warm->move_on(newest());
    const TimeMs began = running();
    TimeMs moved = began;
    uint64_t left = attempt_.warm->left();
    while (!attempt_.warm->reached()) {
      {
        const std::lock_guard lock(mutex_);
        if (stop_) return unavailable("the service stops");
      }
      if (running() > until) return false;
      auto busy = attempt_.warm->step();
      if (!busy) return busy.error();
      if (attempt_.warm->left() != left) {
        left = attempt_.warm->left();
        moved = running();
      } else if (running() - moved > kStalled) {
        return unavailable("a source brings nothing more, though " + std::to_string(left) + " are to come");
      }
      if (*busy || attempt_.warm->reached()) continue;
      if (auto s = wait_a_little(); !s) return s.error();
    }
    if (running() - began < kClose) return true;
  }
}

std::unique_ptr<runtime::Engine> RuleWarmUp::finish(const runtime::Engine& live) {
  if (thread_.joinable()) thread_.join();
  if (!trouble_.empty()) return nullptr;
  stand_at(live);
  attempt_.warm->move_on(newest());
  for (const TimeMs began = running(); !attempt_.warm->reached();) {
    if (running() - began > kLastStretch) return nullptr;
    auto busy = attempt_.warm->step();
    if (!busy) {
      trouble_ = busy.error().message;
      return nullptr;
    }
    if (!*busy) std::this_thread::yield();
  }
  figures_.seconds = static_cast<double>(running()) / 1e3;
  figures_.records = attempt_.warm->engine().progress().totals.read;
  figures_.keys = attempt_.warm->engine().state_keys();
  figures_.back_to = attempt_.warm->back_to();
  return attempt_.warm->release();
}

}  // namespace tocsin::cli
