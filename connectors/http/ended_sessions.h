#pragma once
// Sessions that were ended by signing out, until their time is up: what a cookie alone cannot tell. Kept in memory: a
// restart forgets them, and a cookie that somebody has copied is then good again for what is left of its time.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

namespace tocsin::http {

// Of the server's thread.
class EndedSessions {
 public:
  static constexpr size_t kMost = 10'000;  // past it the one whose time is up first is forgotten

  // Ends it and calls the listener. `session`: Who::session; empty: nothing is ended. `until`, `now`: Unix seconds; one
  // whose time is up is not kept, as its cookie says so itself.
  void end(const std::string& session, int64_t until, int64_t now);
  bool ended(const std::string& session) const { return !session.empty() && by_id_.contains(session); }
  size_t size() const { return by_id_.size(); }
  // Called after each end; it may call ended(), but not end().
  void set_listener(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  using ByTime = std::multimap<int64_t, std::string>;
  void forget(ByTime::iterator at);
  ByTime by_time_;
  std::unordered_map<std::string, ByTime::iterator> by_id_;
  std::function<void()> listener_;
};

}  // namespace tocsin::http
