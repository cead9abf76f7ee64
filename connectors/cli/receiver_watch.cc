#include "connectors/cli/receiver_watch.h"

#include <algorithm>

#include "connectors/cli/log.h"
#include "connectors/cli/receivers.h"
#include "rule/template.h"

namespace tocsin::cli {
namespace {
constexpr DurationMs kLookEvery = 1'000;
}

std::string late_receiver(std::span<const runtime::Publisher::SinkView> receivers,
                          const std::function<std::string(const std::string& name)>& why) {
  const auto it = std::ranges::find_if(receivers, [](const auto& r) { return r.waiting > kWaitsTooLong; });
  if (it == receivers.end()) return {};
  std::string reason = why(it->name), since, since_zh;
  rule::append_duration(since, it->waiting, false);
  rule::append_duration(since_zh, it->waiting, true);
  const std::string depth = std::to_string(it->depth);
  if (!reason.empty()) reason = ": " + reason;
  return it->name + " has not taken a change of alerts for " + since + " (" + depth + " wait" + reason +
         "): look whether it is up, at its address and at the network; all is kept, and sent when it answers / " +
         it->name + " 已有 " + since_zh + "未收下告警变化（" + depth +
         " 条待发）：请检查对方是否在运行、地址和网络是否正确；积压都保留着，恢复后自动补发";
}

void ReceiverWatch::look(const runtime::Publisher& publisher, const std::vector<std::unique_ptr<runtime::Sink>>& sinks,
                         TimeMs now) {
  if (looked_ && now >= looked_at_ && now - looked_at_ < kLookEvery) return;
  looked_ = true;
  looked_at_ = now;
  std::string stopped = publisher.fault();
  std::string late =
      late_receiver(publisher.sinks(now), [&](const std::string& name) { return trouble_of(sinks, name); });
  const std::lock_guard lock(mutex_);
  if (late_.empty() && !late.empty()) log::error({"receivers late=yes reason=\"", late, "\""});
  if (!late_.empty() && late.empty()) log::info({"receivers late=no"});
  stopped_ = std::move(stopped);
  late_ = std::move(late);
}

std::string ReceiverWatch::trouble(const std::vector<std::unique_ptr<runtime::Sink>>& sinks) const {
  std::string late;
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_.empty()) return stopped_;
    late = late_;
  }
  const std::string mend = receivers_trouble(sinks);  // says more exactly what to do
  return mend.empty() ? late : mend;
}

}  // namespace tocsin::cli
