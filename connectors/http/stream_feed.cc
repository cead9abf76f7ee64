#include "connectors/http/stream_feed.h"

#include <algorithm>

#include "base/json_writer.h"
#include "event/area_table.h"

namespace tocsin::http {
namespace {
constexpr size_t kPageItems = 512;
constexpr size_t kPageBytes = size_t{256} << 10;
}  // namespace

bool AreaCodes::under(std::string_view area) const {
  if (area.empty()) return true;
  for (const std::string* code : {&city, &town, &village, &grid}) {
    if (!code->empty() && lies_under(*code, area)) return true;
  }
  return false;
}

Frame::Frame(uint64_t sequence, std::string_view event, std::string_view json) : sequence_(sequence), event_(event) {
  sse_.reserve(json.size() + 64);
  sse_.append("id: ").append(std::to_string(sequence)).append("\nevent: ").append(event).append("\ndata: ");
  data_ = sse_.size();
  sse_.append(json).append("\n\n");
}

Frame::Frame(const StreamItem& item) : Frame(item.sequence, "alert", item.json) {
  shadow_ = item.shadow;
  area_ = item.area;
  before_ = item.before;
  alert_id_ = item.alert_id;
}

FramePtr Frame::left(uint64_t sequence, std::string_view alert_id) {
  std::string json;
  JsonWriter(json).begin_object().field("alert_id", alert_id).end_object();
  return FramePtr(new Frame(sequence, "left", json));
}

void Frame::show(const FramePtr& frame, const View& view, std::vector<FramePtr>& out) {
  if (frame->shadow_ && !view.shadow) return;
  if (frame->area_.under(view.area)) {
    out.push_back(frame);
  } else if (frame->before_.under(view.area)) {
    out.push_back(left(frame->sequence_, frame->alert_id_));
  }
}

Status StreamTail::open() {
  const auto bounds = backend_.transitions_after(0, 0, 0);
  if (!bounds) return bounds.error();
  head_ = bounds->head;
  silences_ = bounds->silences;
  return {};
}

Status StreamTail::pump(bool& more) {
  more = false;
  const auto page = backend_.transitions_after(head_, kPageItems, kPageBytes);
  if (!page) return page.error();
  silences_ = page->silences;
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
  if (catches_up()) return catch_up(max_bytes, frames, gap);
  size_t bytes = 0;
  while (cursor_ < tail_.head() && bytes < max_bytes) {
    const size_t before = frames.size();
    Frame::show(tail_.at(++cursor_), view_, frames);
    if (frames.size() > before) bytes += frames.back()->sse().size();
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
    Frame::show(std::make_shared<const Frame>(item), view_, frames);
  }
  if (!frames.empty()) return Step::kFrames;
  return page->items.empty() ? Step::kNothing : Step::kContinue;
}

}  // namespace tocsin::http
