#include "state/log.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "base/codec.h"
#include "state/tables.h"

namespace tocsin::state {
namespace {

constexpr size_t kStamp = 8;  // a record's value begins with its timestamp

bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string_view::npos;
}

// Keys of one topic are next to each other; no topic's prefix is the beginning of another's.
std::string record_key(std::string_view topic, uint64_t offset) {
  std::string key(topic);
  key.push_back('\0');
  return key += big_endian(offset);
}
std::string after_topic(std::string_view topic) { return std::string(topic) + '\1'; }
std::string begin_key(std::string_view topic) { return "log/begin/" + std::string(topic); }
std::string mark_prefix(std::string_view topic) { return "log/mark/" + std::string(topic) + '\0'; }

uint64_t size_of(std::string_view topic, std::string_view payload) {
  return topic.size() + 9 + kStamp + payload.size();
}

// Where a segment begins, and what came before it in the topic's whole life.
struct Mark {
  uint64_t offset = 0;
  uint64_t bytes_before = 0;
  TimeMs newest_before = kNoTime;
};

std::string encode_mark(const Mark& mark) {
  std::string value;
  Writer w(value);
  w.varint(mark.bytes_before);
  w.zigzag(mark.newest_before);
  return value;
}

bool decode_mark(std::string_view key, std::string_view value, Mark& mark) {
  if (key.size() < 8) return false;
  mark.offset = from_big_endian(key.substr(key.size() - 8));
  Reader r(value);
  mark.bytes_before = r.varint();
  mark.newest_before = r.zigzag();
  return r.ok() && r.at_end();
}

}  // namespace

// Guarded by Log::mutex_, but for the callback, which has its own. `end`, `bytes` and `newest` run ahead of `readable`
// while a group is being written.
struct Log::Topic {
  std::string name;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t readable = 0;
  uint64_t bytes = 0;  // in the topic's whole life
  TimeMs newest = kNoTime;
  std::deque<Mark> marks;  // ascending; the first is the begin

  std::mutex callback_mutex;
  std::function<void()> callback;
};

struct Log::Request {
  Topic* topic;
  std::span<const std::string_view> payloads;
  TimeMs timestamp;
  size_t bytes;
  uint64_t first = 0;
  bool done = false;
  Status status;
};

Log::Log(Store& store, const LogOptions& options) : store_(store), options_(options) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(Store& store, const std::vector<std::string>& topics,
                                       const LogOptions& options) {
  std::unique_ptr<Log> log(new Log(store, options));
  for (const auto& name : topics) {
    if (!valid_name(name)) return invalid("log topic '" + name + "': a name is 1 to 64 of a-z 0-9 _ . -");
    auto topic = std::make_unique<Topic>();
    topic->name = name;
    if (Status s = log->load(*topic); !s) return s.error();
    log->topics_.emplace(name, std::move(topic));
  }
  return log;
}

Status Log::load(Topic& topic) {
  const auto begin = store_.get(Table::kMeta, begin_key(topic.name));
  if (begin) {
    topic.begin = from_big_endian(*begin);
  } else if (begin.error().code != Code::kNotFound) {
    return begin.error();
  }
  const std::string prefix = mark_prefix(topic.name);
  bool sound = true;
  Status s = store_.scan(Table::kMeta, prefix + big_endian(topic.begin), prefix + std::string(9, '\xff'),
                         [&](std::string_view key, std::string_view value) {
                           Mark mark;
                           sound = decode_mark(key, value, mark);
                           if (sound) topic.marks.push_back(mark);
                           return sound;
                         });
  if (!s) return s;
  if (!sound) return corrupt("log topic " + topic.name + ": a segment's mark cannot be read; restore a checkpoint");
  return scan_tail(topic);
}

// What the marks do not say: the records of the last segment.
Status Log::scan_tail(Topic& topic) {
  const Mark last = topic.marks.empty() ? Mark{topic.begin, 0, kNoTime} : topic.marks.back();
  topic.end = last.offset;
  topic.bytes = last.bytes_before;
  topic.newest = last.newest_before;
  bool sound = true;
  Status s = store_.scan(Table::kLog, record_key(topic.name, last.offset), after_topic(topic.name),
                         [&](std::string_view key, std::string_view value) {
                           sound = value.size() >= kStamp && from_big_endian(key.substr(key.size() - 8)) == topic.end;
                           if (!sound) return false;
                           ++topic.end;
                           topic.bytes += key.size() + value.size();
                           topic.newest = std::max(topic.newest, static_cast<TimeMs>(from_big_endian(value)));
                           return true;
                         });
  topic.readable = topic.end;
  if (!sound) return corrupt("log topic " + topic.name + ": a record is damaged or missing; restore a checkpoint");
  return s;
}

Log::Topic* Log::find(std::string_view name) const {
  const auto it = topics_.find(name);
  return it == topics_.end() ? nullptr : it->second.get();
}

Result<uint64_t> Log::append(std::string_view topic, std::span<const std::string_view> payloads, TimeMs timestamp) {
  Request request{find(topic), payloads, timestamp, 0, 0, false, {}};
  if (request.topic == nullptr) return not_found("no log topic " + std::string(topic));
  if (payloads.empty()) return invalid("nothing to append to log topic " + std::string(topic));
  for (size_t i = 0; i < payloads.size(); ++i) {
    if (payloads[i].size() > options_.max_record) {
      return invalid("record " + std::to_string(i + 1) + " has " + std::to_string(payloads[i].size()) +
                     " bytes, at most " + std::to_string(options_.max_record) + " are allowed");
    }
    request.bytes += size_of(topic, payloads[i]);
  }
  std::unique_lock lock(mutex_);
  if (pending_bytes_ > 0 && pending_bytes_ + request.bytes > options_.max_pending) {
    return exhausted("log topic " + std::string(topic) + ": too many records wait for the disk; try again");
  }
  pending_bytes_ += request.bytes;
  waiting_.push_back(&request);
  while (!request.done) {
    if (leading_) {
      written_.wait(lock);
    } else {
      lead(lock);
    }
  }
  pending_bytes_ -= request.bytes;
  if (!request.status) return request.status.error();
  return request.first;
}

// Writes everything that waits as one batch, with one sync; those who come meanwhile form the next group.
void Log::lead(std::unique_lock<std::mutex>& lock) {
  leading_ = true;
  std::vector<Request*> group;
  group.swap(waiting_);
  const Batch batch = encode(group);
  lock.unlock();
  const Status status = store_.write(batch, true);
  lock.lock();
  if (!status) undo(group);
  std::vector<Topic*> touched;
  for (auto* r : group) {
    if (status) r->topic->readable = r->first + r->payloads.size();
    touched.push_back(r->topic);
    r->status = status;
    r->done = true;  // from here on its caller may return once the lock is free
  }
  leading_ = false;
  written_.notify_all();
  if (!status) return;
  lock.unlock();
  wake(std::move(touched));
  lock.lock();
}

Batch Log::encode(std::span<Request* const> group) {
  Batch batch;
  for (auto* r : group) {
    Topic& t = *r->topic;
    r->first = t.end;
    for (const auto payload : r->payloads) {
      if (t.marks.empty() || t.bytes - t.marks.back().bytes_before >= options_.segment_bytes) {
        t.marks.push_back({t.end, t.bytes, t.newest});
        batch.puts.push_back({Table::kMeta, mark_prefix(t.name) + big_endian(t.end), encode_mark(t.marks.back())});
      }
      std::string value = big_endian(static_cast<uint64_t>(r->timestamp));
      value.append(payload);
      batch.puts.push_back({Table::kLog, record_key(t.name, t.end), std::move(value)});
      ++t.end;
      t.bytes += size_of(t.name, payload);
      t.newest = std::max(t.newest, r->timestamp);
    }
  }
  return batch;
}

// The group was not written: the next one gets its offsets. (`newest` may stay too high, which only keeps records
// longer.)
void Log::undo(std::span<Request* const> group) {
  for (auto* r : group) {
    Topic& t = *r->topic;
    t.end = std::min(t.end, r->first);
    t.bytes -= r->bytes;
    while (!t.marks.empty() && t.marks.back().offset >= t.end) t.marks.pop_back();
  }
}

void Log::wake(std::vector<Topic*> touched) {
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (auto* t : touched) {
    const std::scoped_lock lock(t->callback_mutex);
    if (t->callback) t->callback();
  }
}

Status Log::read(std::string_view topic, uint64_t from, size_t max,
                 const std::function<bool(const LogRecord&)>& f) const {
  const Topic* t = find(topic);
  if (t == nullptr) return not_found("no log topic " + std::string(topic));
  uint64_t begin = 0;
  uint64_t end = 0;
  {
    const std::scoped_lock lock(mutex_);
    begin = t->begin;
    end = t->readable;
  }
  const std::string place = "offset " + std::to_string(from) + " of log topic " + t->name;
  const std::string dropped = place + " is no longer there, retention dropped it; start from a checkpoint or from ";
  if (from < begin) return not_found(dropped + std::to_string(begin));
  if (from > end)
    return not_found(place + " lies beyond the end " + std::to_string(end) + "; is the state of another log?");
  if (from == end || max == 0) return Status::ok();
  const uint64_t until = end - from < max ? end : from + max;
  uint64_t expected = from;
  bool gap = false;
  Status s = store_.scan(Table::kLog, record_key(topic, from), record_key(topic, until),
                         [&](std::string_view key, std::string_view value) {
                           gap = value.size() < kStamp || from_big_endian(key.substr(key.size() - 8)) != expected;
                           if (gap) return false;
                           const auto stamp = static_cast<TimeMs>(from_big_endian(value));
                           return f({expected++, stamp, value.substr(kStamp)});
                         });
  if (!s) return s;
  // Retention may have run between the look at `begin` and the scan.
  if (expected == from || gap) {
    if (from < begin_offset(topic)) return not_found(dropped + std::to_string(begin_offset(topic)));
    return corrupt("log topic " + t->name + ": offset " + std::to_string(expected) + " is damaged or missing");
  }
  return Status::ok();
}

// Whole segments by their marks; within one, record by record.
Result<uint64_t> Log::offset_at(std::string_view topic, TimeMs time) const {
  uint64_t at = 0;
  {
    const std::scoped_lock lock(mutex_);
    const Topic& t = *find(topic);
    at = t.begin;
    for (const Mark& mark : t.marks) {
      if (mark.newest_before < time && mark.offset <= t.readable) at = std::max(at, mark.offset);
    }
  }
  Status s = read(topic, at, SIZE_MAX, [&](const LogRecord& r) {
    if (r.timestamp >= time) return false;
    at = r.offset + 1;
    return true;
  });
  if (!s) return s.error();
  return at;
}

uint64_t Log::begin_offset(std::string_view topic) const {
  const std::scoped_lock lock(mutex_);
  return find(topic)->begin;
}

uint64_t Log::end_offset(std::string_view topic) const {
  const std::scoped_lock lock(mutex_);
  return find(topic)->readable;
}

uint64_t Log::bytes(std::string_view topic) const {
  const std::scoped_lock lock(mutex_);
  const Topic& t = *find(topic);
  return t.marks.empty() ? 0 : t.bytes - t.marks.front().bytes_before;
}

Result<uint64_t> Log::retain(std::string_view topic, TimeMs now, uint64_t keep_from) {
  Topic* t = find(topic);
  if (t == nullptr) return not_found("no log topic " + std::string(topic));
  const auto own = options_.retain_of.find(topic);
  const DurationMs kept = own == options_.retain_of.end() ? options_.retain : own->second;
  Batch batch;
  std::optional<Mark> first;
  uint64_t dropped = 0;
  {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 1; i < t->marks.size(); ++i) {
      const Mark& next = t->marks[i];
      const bool old = next.newest_before < now - kept;
      const bool large = t->bytes - t->marks[i - 1].bytes_before > options_.retain_bytes;
      if ((!old && !large) || next.offset > keep_from || next.offset > t->readable) break;
      first = next;
    }
    if (!first) return uint64_t{0};
    dropped = first->offset - t->begin;
    batch.ranges.push_back({Table::kLog, record_key(topic, t->begin), record_key(topic, first->offset)});
    batch.ranges.push_back({Table::kMeta, mark_prefix(topic), mark_prefix(topic) + big_endian(first->offset)});
    batch.puts.push_back({Table::kMeta, begin_key(topic), big_endian(first->offset)});
  }
  if (Status s = store_.write(batch, true); !s) return s.error();
  const std::scoped_lock lock(mutex_);
  t->begin = std::max(t->begin, first->offset);
  while (!t->marks.empty() && t->marks.front().offset < t->begin) t->marks.pop_front();
  return dropped;
}

void Log::on_append(std::string_view topic, std::function<void()> f) {
  Topic* t = find(topic);
  if (t == nullptr) return;
  const std::scoped_lock lock(t->callback_mutex);
  t->callback = std::move(f);
}

}  // namespace tocsin::state
