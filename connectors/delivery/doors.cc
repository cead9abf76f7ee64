#include "connectors/delivery/doors.h"

#include <algorithm>

#include "base/hash.h"
#include "base/log_level.h"

namespace tocsin::delivery {
namespace {

// A tenth more or less, so that many do not knock at once.
DurationMs spread(DurationMs pause, uint64_t seed) {
  return pause - pause / 10 + static_cast<DurationMs>(hash64("", seed) % static_cast<uint64_t>(pause / 5 + 1));
}

// Without the path and the query, which may hold a secret.
std::string origin(const std::string& url) {
  const size_t host = url.find("://");
  return host == std::string::npos ? url : url.substr(0, url.find_first_of("/?#", host + 3));
}

}  // namespace

Verdict judge(int status) {
  if (status >= 200 && status < 300) return Verdict::kArrived;
  if (status == 400 || status == 413 || status == 415 || status == 422) return Verdict::kRefused;
  return Verdict::kLater;
}

bool is_wrong_door(int status) {
  return judge(status) == Verdict::kLater && status != 0 && status < 500 && status != 408 && status != 425 &&
         status != 429;
}

std::string describe(const Reply& reply) {
  if (reply.status == 0) return reply.reason;
  return "status " + std::to_string(reply.status) + (reply.reason.empty() ? "" : ": " + reply.reason);
}

DurationMs Doors::wait() const {
  std::vector<std::string> all;
  for (const Door& door : doors_) all.push_back(door.url);
  return wait(all);
}

DurationMs Doors::wait(const std::vector<std::string>& urls) const {
  Time first = Time::max();
  for (const std::string& url : urls) {
    const auto door = std::ranges::find(doors_, url, &Door::url);
    if (door == doors_.end()) return 0;  // not tried yet
    first = std::min(first, door->due);
  }
  if (first == Time::max()) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - std::chrono::steady_clock::now()).count();
  return std::max<DurationMs>(left, 0);
}

std::vector<Doors::Door*> Doors::due(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) {
    if (std::ranges::find(doors_, url, &Door::url) == doors_.end()) doors_.push_back({url});
  }
  std::vector<Door*> out;
  const Time now = std::chrono::steady_clock::now();
  for (Door& door : doors_) {
    if (door.due <= now && std::ranges::find(urls, door.url) != urls.end()) out.push_back(&door);
  }
  std::stable_partition(out.begin(), out.end(), [](const Door* door) { return door->trouble.empty(); });
  return out;
}

Doors::Outcome Doors::post(Poster& poster, const Request& request, const std::atomic<bool>& stop) {
  Outcome out;
  bool first = true;
  for (Door* door : due(request.urls)) {
    Reply reply = poster.post(door->url, request.headers, request.body, stop);
    const Verdict verdict = judge(reply.status);
    if (stop && verdict != Verdict::kArrived) return out;
    if (verdict != Verdict::kArrived) ++out.failed;
    if (verdict == Verdict::kRefused) out.refused.push_back(door->url);
    note(*door, reply);
    if (first || verdict < out.verdict) {
      out.verdict = verdict;
      out.reply = std::move(reply);
    }
    first = false;
  }
  out.wrong_door = out.verdict == Verdict::kLater &&
                   std::ranges::any_of(doors_, [&](const Door& d) { return d.wrong >= options_.tries; });
  return out;
}

void Doors::note(Door& door, const Reply& reply) {
  if (judge(reply.status) == Verdict::kLater) return note_failure(door, reply);
  if (!door.trouble.empty() && options_.log)
    options_.log(log_level::kNotice, "address=" + origin(door.url) + " answers again");
  door.trouble.clear();
  door.pause = 0;
  door.wrong = 0;
}

void Doors::note_failure(Door& door, const Reply& reply) {
  door.pause = door.pause == 0 ? options_.first_pause : std::min(door.pause * 2, options_.longest_pause);
  const DurationMs pause =
      std::max(spread(door.pause, ++failures_), std::min(reply.retry_after, options_.longest_pause));
  door.due = std::chrono::steady_clock::now() + std::chrono::milliseconds(pause);
  door.wrong = is_wrong_door(reply.status) ? door.wrong + 1 : 0;
  const std::string why = describe(reply);
  if (door.wrong == options_.tries && options_.log) {
    options_.log(log_level::kError,
                 "address=" + origin(door.url) + " answers " + why +
                     ", which trying again does not mend: mend its address or rights; what waits is sent as "
                     "soon as it is taken");
  } else if (door.trouble != why && options_.log) {
    options_.log(log_level::kWarning, "address=" + origin(door.url) + " does not take alerts (" + why +
                                          "), tries again in " + std::to_string(pause) + " ms");
  }
  door.trouble = why;
}

}  // namespace tocsin::delivery
