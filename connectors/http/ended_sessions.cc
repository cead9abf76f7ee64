#include "connectors/http/ended_sessions.h"

namespace tocsin::http {

void EndedSessions::forget(ByTime::iterator at) {
  by_id_.erase(at->second);
  by_time_.erase(at);
}

void EndedSessions::end(const std::string& session, int64_t until, int64_t now) {
  while (!by_time_.empty() && by_time_.begin()->first <= now) forget(by_time_.begin());
  if (session.empty() || until <= now || by_id_.contains(session)) return;
  by_id_.emplace(session, by_time_.emplace(until, session));
  if (by_id_.size() > kMost) forget(by_time_.begin());
  if (listener_) listener_();
}

}  // namespace tocsin::http
