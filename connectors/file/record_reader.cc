#include "connectors/file/record_reader.h"

#include <algorithm>
#include <cstring>

namespace tocsin::file {
namespace {

constexpr size_t kChunk = 1u << 20;
constexpr size_t kRead = 256 * 1024;  // at a time: what is read stays in the cache until it is parsed
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view without_line_end(std::string_view s) {
  if (s.ends_with('\n')) s.remove_suffix(1);
  if (s.ends_with('\r')) s.remove_suffix(1);
  return s;
}

}  // namespace

RecordReader::RecordReader(uint32_t partition, std::unique_ptr<ByteStream> stream, const ReaderOptions& options)
    : partition_(partition),
      stream_(std::move(stream)),
      options_(options),
      capacity_(options.max_record + kChunk),
      buffer_(std::make_unique<char[]>(capacity_ + kPadding)) {}

Result<bool> RecordReader::start(uint64_t from, uint64_t base) {
  offset_ = base;
  if (options_.header || from == base) {
    // The first bytes are needed: the header, or a byte order mark to leave out.
    while (header_.empty()) {
      auto got = fill();
      if (!got) {
        damage_ = got.error();  // told by poll()
        break;
      }
      skip_byte_order_mark();
      if (!options_.header) break;
      size_t n = find_end(buffered());
      if (n == std::string_view::npos && *got > 0 && end_ - begin_ < options_.max_record) continue;
      if (n == std::string_view::npos) n = std::min(end_ - begin_, options_.max_record);
      header_ = without_line_end(buffered().substr(0, n));
      advance(n);
      break;
    }
  }
  if (from <= offset_) return true;
  if (from - offset_ <= end_ - begin_) {
    advance(from - offset_);
    return true;
  }
  begin_ = end_ = 0;
  drained_ = false;
  auto there = stream_->skip_to(from - base);
  if (!there) return there.error();
  offset_ = from;
  return *there;
}

void RecordReader::skip_byte_order_mark() {
  if (buffered().starts_with(kByteOrderMark)) advance(kByteOrderMark.size());
}

void RecordReader::advance(size_t n) {
  begin_ += n;
  offset_ += n;
}

// Counts what the buffer is about to lose.
void RecordReader::mark() {
  lines_ += static_cast<uint64_t>(std::count(buffer_.get() + mark_, buffer_.get() + begin_, '\n'));
  mark_offset_ = offset_;
  mark_ = 0;  // begin_ moves to the front
}

uint64_t RecordReader::line_of(uint64_t offset) const {
  if (offset < mark_offset_) return lines_ + 1;
  const char* from = buffer_.get() + mark_;
  const size_t n = std::min<uint64_t>(offset - mark_offset_, end_ - mark_);
  return lines_ + 1 + static_cast<uint64_t>(std::count(from, from + n, '\n'));
}

// Moves what is left to the front and reads more behind it. Payloads handed out before are gone.
Result<size_t> RecordReader::fill() {
  if (counting_) mark();
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) return size_t{0};
  auto got = stream_->read(buffer_.get() + end_, std::min(capacity_ - end_, kRead));
  if (!got) return got.error();
  end_ += *got;
  drained_ = *got == 0;
  return got;
}

size_t RecordReader::find_end(std::string_view bytes) {
  if (options_.record_end) return options_.record_end(bytes);
  const void* at = bytes.empty() ? nullptr : std::memchr(bytes.data(), '\n', bytes.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(at) - bytes.data()) + 1;
}

// `whole` begins at begin_.
void RecordReader::add(std::string_view whole, std::string_view fault, std::vector<runtime::Record>& out) {
  const std::string_view payload = without_line_end(whole);
  runtime::Record r;
  r.partition = partition_;
  r.offset = offset_;
  r.next_offset = offset_ + whole.size();
  r.payload = fault.empty() ? payload : payload.substr(0, kFaultBytes);
  r.fault = fault;
  if (!payload.empty()) out.push_back(r);
  advance(whole.size());
}

// All whole records of the buffer, up to max. Returns how many bytes were used.
size_t RecordReader::take(size_t max, std::vector<runtime::Record>& out) {
  const size_t before = begin_;
  for (const size_t limit = out.size() + max; out.size() < limit;) {
    const std::string_view rest = buffered();
    const size_t n = find_end(rest);
    if (n == std::string_view::npos) break;
    const std::string_view whole = rest.substr(0, n);
    const bool oversized = without_line_end(whole).size() > options_.max_record;
    if (oversized && options_.record_end) break;  // poll() gives up its first line
    add(whole, oversized ? "oversized" : std::string_view(), out);
  }
  return begin_ - before;
}

// The record is longer than the bound. Of a line the rest is skipped; where records may span lines, a stray quote is as
// likely, so only the first line is given up and reading goes on with the next.
void RecordReader::begin_oversized() {
  oversized_at_ = offset_;
  oversized_.assign(buffered().substr(0, kFaultBytes));
  oversized_.append(kPadding, '\0');
  skipping_ = true;
}

bool RecordReader::skip_oversized(std::vector<runtime::Record>& out) {
  const std::string_view rest = buffered();
  const size_t newline = rest.find('\n');
  advance(newline == std::string_view::npos ? rest.size() : newline + 1);
  if (newline == std::string_view::npos && !(drained_ && !growing_) && !damage_) return false;
  skipping_ = false;
  runtime::Record r;
  r.partition = partition_;
  r.offset = oversized_at_;
  r.next_offset = offset_;
  const std::string_view kept = std::string_view(oversized_).substr(0, oversized_.size() - kPadding);
  r.payload = without_line_end(kept.substr(0, kept.find('\n')));
  r.fault = options_.record_end && r.next_offset - r.offset <= options_.max_record ? "malformed" : "oversized";
  out.push_back(r);
  return true;
}

// What is left at the end of the stream, without a line's end.
void RecordReader::take_tail(std::string_view fault, std::vector<runtime::Record>& out) {
  const std::string_view rest = buffered();
  if (rest.empty()) return;
  // A quote that was never closed would swallow all that follows it: only its line is given up.
  buffer_[end_] = '\n';
  const bool open_quote = options_.record_end && find_end({rest.data(), rest.size() + 1}) == std::string_view::npos;
  const size_t newline = open_quote ? rest.find('\n') : std::string_view::npos;
  if (newline != std::string_view::npos) {
    add(rest.substr(0, newline + 1), "malformed", out);
  } else {
    add(rest, fault, out);
  }
}

Status RecordReader::poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) {
  const size_t before = out.size();
  while (out.size() == before) {
    if (skipping_) {
      if (skip_oversized(out)) return Status::ok();
    } else if (take(max, out) > 0) {
      continue;  // records, or empty lines only
    } else if (end_ - begin_ > options_.max_record) {
      begin_oversized();
      continue;
    } else if (damage_) {
      if (begin_ == end_) {
        drained_ = true;
        return *damage_;
      }
      take_tail("truncated", out);
      continue;
    } else if (drained_ && !growing_) {
      take_tail({}, out);
      if (begin_ == end_) return Status::ok();
      continue;
    }
    if (damage_) continue;
    if (!stream_->ready(wait)) return Status::ok();
    wait = 0;
    auto got = fill();
    if (!got) {
      damage_ = got.error();
    } else if (*got == 0 && growing_) {
      return Status::ok();
    }
  }
  return Status::ok();
}

}  // namespace tocsin::file
