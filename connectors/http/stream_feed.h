#pragma once
// What live readers read: the newest transitions, kept once for all of them, and one reader's place in the sequence.
// No sockets and no threads here; everything is used on the server's thread.
//
// A reader owns no queue. It pulls: from the outbox while it catches up, from the shared tail once it is live. So a
// thousand readers cost a thousand cursors, the seam between outbox and tail is one comparison of sequence numbers, and
// a reader that falls behind the tail (Options::stream_buffer) is cut off and may resume from the outbox.
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/http/backend.h"

namespace tocsin::http {

class Frame;
using FramePtr = std::shared_ptr<const Frame>;

// One transition with its server-sent-event frame, which all readers share.
class Frame {
 public:
  explicit Frame(const StreamItem& item);
  // What a reader is told whose part of the county the alert has left: which one, and no more.
  static FramePtr left(uint64_t sequence, std::string_view alert_id);
  uint64_t sequence() const { return sequence_; }
  std::string_view event() const { return event_; }
  // The whole of it as a server-sent event.
  const std::string& sse() const { return sse_; }
  // The JSON alone.
  std::string_view data() const { return std::string_view(sse_).substr(data_, sse_.size() - data_ - 2); }
  // Appends what the view shows of it: itself, that its alert has left, or nothing.
  static void show(const FramePtr& frame, const View& view, std::vector<FramePtr>& out);

 private:
  Frame(uint64_t sequence, std::string_view event, std::string_view json);
  uint64_t sequence_;
  std::string_view event_;  // of a constant
  bool shadow_ = false;
  AreaCodes area_, before_;
  std::string alert_id_;
  size_t data_ = 0;  // where the JSON begins
  std::string sse_;  // "id: 7\nevent: alert\ndata: {…}\n\n"
};

class StreamTail {
 public:
  StreamTail(Backend& backend, size_t max_bytes) : backend_(backend), max_bytes_(max_bytes) {}
  // Starts at the present head, empty. Before anything else.
  Status open();
  // Takes in what was committed since, at most one page; `more` tells that there is more.
  Status pump(bool& more);
  uint64_t head() const { return head_; }
  // StreamPage::silences, as of the last look.
  uint64_t silences() const { return silences_; }
  // The sequences that are held: (head - size, head].
  uint64_t oldest() const { return head_ - frames_.size() + 1; }
  // Precondition: oldest() <= sequence <= head().
  const FramePtr& at(uint64_t sequence) const { return frames_[sequence - oldest()]; }
  Backend& backend() const { return backend_; }

 private:
  void append(const StreamItem& item);
  Backend& backend_;
  size_t max_bytes_;
  size_t bytes_ = 0;
  uint64_t head_ = 0;
  uint64_t silences_ = 0;
  std::deque<FramePtr> frames_;
};

class StreamReader {
 public:
  // Reads what comes after `after`, as far as the view shows it.
  StreamReader(const StreamTail& tail, uint64_t after, View view)
      : tail_(tail), cursor_(after), view_(std::move(view)) {}

  enum class Step {
    kFrames,    // `frames` has the next ones
    kNothing,   // at the head: wait for the tail to grow
    kContinue,  // nothing to send, but there is more to read: call again
    kGap,       // `gap` says what is lost; go on reading
    kBehind     // was live and fell behind the tail: cut off
  };
  struct Gap {
    uint64_t after = 0, resumed_at = 0;  // the sequences between them are not kept (or were never known: after > head)
  };
  // The next piece, of about `max_bytes`.
  Result<Step> next(size_t max_bytes, std::vector<FramePtr>& frames, Gap& gap);
  // Was live and fell behind the tail.
  bool behind() const { return live_ && cursor_ + 1 < tail_.oldest(); }
  // What comes next is read from the outbox.
  bool catches_up() const {
    return cursor_ != tail_.head() && !behind() && (cursor_ + 1 < tail_.oldest() || cursor_ > tail_.head());
  }
  // The last sequence read.
  uint64_t cursor() const { return cursor_; }

 private:
  Result<Step> catch_up(size_t max_bytes, std::vector<FramePtr>& frames, Gap& gap);
  const StreamTail& tail_;
  uint64_t cursor_;
  View view_;
  bool live_ = false;  // has reached the head once
};

}  // namespace tocsin::http
