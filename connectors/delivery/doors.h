#pragma once
// The addresses that requests go to, each with pauses of its own: one that does not answer, or answers that it is the
// wrong one, is left alone for a while, which keeps nothing from the others. Used by one thread.
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "connectors/delivery/post.h"

namespace tocsin::delivery {

// What an answer means, the best first.
enum class Verdict : uint8_t {
  kArrived,  // 2xx
  kRefused,  // 400, 413, 415, 422: the message is at fault, trying it again there does not help
  kLater     // nobody answers, or anything else
};
Verdict judge(int status);
// An answer that only somebody can mend who changes the address or its rights, here or there: 3xx, 401, 403, 404 …
bool is_wrong_door(int status);
// For people: the status and the answer's first words, or why there is none.
std::string describe(const Reply& reply);

struct DoorsOptions {
  DurationMs first_pause = 1'000;     // after a failure; doubled with each further one …
  DurationMs longest_pause = 60'000;  // … up to this, which also bounds what Retry-After asks for
  int tries = 5;                      // answers of a wrong door in a row until it counts as one
  std::function<void(int level, const std::string& message)> log = {};  // level as in syslog
};

class Doors {
 public:
  explicit Doors(DoorsOptions options) : options_(std::move(options)) {}
  struct Outcome {
    Verdict verdict = Verdict::kLater;      // the best of all
    Reply reply = {};                       // that of this verdict
    std::vector<std::string> refused = {};  // addresses that refused it
    uint64_t failed = 0;                    // posts that did not succeed
    bool wrong_door = false;                // nobody takes it, and one has been the wrong door for some time
  };
  // Posts to each address whose pause is over, those that were well before the others. Ends early when `stop` becomes
  // true; then the outcome says nothing of the doors.
  Outcome post(Poster& poster, const Request& request, const std::atomic<bool>& stop);
  // How long until the first of them may be tried; 0: now.
  DurationMs wait() const;
  // Of these addresses alone.
  DurationMs wait(const std::vector<std::string>& urls) const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Door {
    std::string url;
    std::string trouble = {};  // empty: the last answer was no fault of the door's
    DurationMs pause = 0;      // the last one
    Time due = {};
    int wrong = 0;  // answers of a wrong door in a row
  };
  std::vector<Door*> due(const std::vector<std::string>& urls);
  void note(Door& door, const Reply& reply);
  void note_failure(Door& door, const Reply& reply);
  const DoorsOptions options_;
  std::vector<Door> doors_;
  uint64_t failures_ = 0;  // spreads the pauses
};

}  // namespace tocsin::delivery
