#include "connectors/http/stream_feed.h"

#include <algorithm>

namespace tocsin::http {
namespace {
constexpr size_t kPageItems = 512;
constexpr size_t kPageBytes = size_t{256} << 10;
}  // namespace

Frame::Frame(const StreamItem& item) : sequence_(item.sequence), shadow_(item.shadow) {
  sse_.reserve(item.json.size() + 64);
  sse_.append("id: ").append(std::to_string(item.sequence)).append("\nevent: alert\ndata: ");
  sse_.append(item.json).append("\n\n");
}

Status StreamTail::open() {
  const auto bounds = backend_.transitions_after(0, 0, 0);
  if (!bounds) return bounds.error();
  head_ = bounds->head;
  return {};
}

Status StreamTail::pump(bool& more) {
  more = false;
  const auto page = backend_.transitions_after(head_, kPageItems, kPageBytes);
  if (!page) return page.error();
  for (const StreamItem& item : page->items) append(item);
  more = !page->items.empty() && head_ < page->head;
  return {};
}

void StreamTail::append(const StreamItem& item) {
  if (item.sequence <= head_) return;
  if (item.sequence != head_ + 1) {  // the outbox was cut past us: nothing older may be served from here
    frames_.clear();
    bytes_ = 0;
  }
  head_ = item.sequence;
  frames_.push_back(std::make_shared<const Frame>(item));
  bytes_ += frames_.back()->sse().size();
  while (bytes_ > max_bytes_ && frames_.size() > 1) {
    bytes_ -= frames_.front()->sse().size();
    frames_.pop_front();
  }
}

Result<StreamReader::Step> StreamReader::next(size_t max_bytes, std::vector<FramePtr>& frames, Gap& gap) {
  if (cursor_ == tail_.head()) {
    live_ = true;
    return Step::kNothing;
  }
  if (behind()) return Step::kBehind;
  if (cursor_ + 1 < tail_.oldest() || cursor_ > tail_.head()) return catch_up(max_bytes, frames, gap);
  size_t bytes = 0;
  while (cursor_ < tail_.head() && bytes < max_bytes) {
    const FramePtr& frame = tail_.at(++cursor_);
    if (frame->shadow() && !shadow_) continue;
    frames.push_back(frame);
    bytes += frame->sse().size();
  }
  return frames.empty() ? Step::kContinue : Step::kFrames;
}

// From the outbox; also where the cursor is past what the tail has taken in yet.
Result<StreamReader::Step> StreamReader::catch_up(size_t max_bytes, std::vector<FramePtr>& frames, Gap& gap) {
  const auto page = tail_.backend().transitions_after(cursor_, kPageItems, std::min(max_bytes, kPageBytes));
  if (!page) return page.error();
  if (cursor_ > page->head) {  // of another life of the state directory
    gap = {cursor_, page->head};
    cursor_ = page->head;
    return Step::kGap;
  }
  // The outbox may be cut between its two ends being read: what comes first decides.
  const uint64_t first = page->items.empty() ? page->oldest : page->items.front().sequence;
  if (cursor_ + 1 < first) {
    gap = {cursor_, first - 1};
    cursor_ = first - 1;
    return Step::kGap;
  }
  for (const StreamItem& item : page->items) {
    cursor_ = item.sequence;
    if (!item.shadow || shadow_) frames.push_back(std::make_shared<const Frame>(item));
  }
  if (!frames.empty()) return Step::kFrames;
  return page->items.empty() ? Step::kNothing : Step::kContinue;
}

}  // namespace tocsin::http
