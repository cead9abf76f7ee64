#pragma once
// Cuts one stream of bytes into records, without copying them: payloads point into the reader's buffer.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/file/byte_stream.h"
#include "runtime/ports.h"

namespace tocsin::file {

// Given bytes that begin with a record: where the next one begins (past the line's end), or npos when the record's end
// is not among them. For CSV, where a quoted field may hold a newline. Empty: a record is a line.
using RecordEnd = std::function<size_t(std::string_view)>;

struct ReaderOptions {
  RecordEnd record_end;
  size_t max_record = 1u << 20;  // bytes; longer ones become records with the fault "oversized"
  bool header = false;           // the first record is not one, but kept for header()
};

// Used by one thread.
class RecordReader {
 public:
  static constexpr size_t kPadding = 64;       // readable bytes after each payload, for simdjson
  static constexpr size_t kFaultBytes = 1024;  // how much of an unreadable record is handed on

  RecordReader(uint32_t partition, std::unique_ptr<ByteStream> stream, const ReaderOptions& options);

  // Bytes with the offset `from` on are wanted; the header, if any, is read first. False: the stream ends before it.
  // `base`: the offset of the stream's first byte.
  Result<bool> start(uint64_t from, uint64_t base = 0);

  // Appends up to `max` records. Payloads are valid until the next call. Appends nothing when no whole record is there:
  // then at_end() tells whether more can come. kCorrupt: the stream is damaged; what was readable has been handed out,
  // the tail as a record with the fault "truncated", and at_end() is true. Waits up to `wait` for the first bytes.
  Status poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out);

  // Nothing more came at the last look, and all that came was handed out.
  bool at_end() const { return drained_ && begin_ == end_ && !skipping_; }
  // A plain file that grows: what looked like the end is looked at again. An unfinished last line waits for its rest.
  void set_growing(bool growing) { growing_ = growing; }

  const std::string& header() const { return header_; }
  uint64_t offset() const { return offset_; }  // of the next record
  const ByteStream& stream() const { return *stream_; }
  // For streams that cannot be read twice: which line (from 1) a record of the last poll() begins in. Precondition:
  // count_lines() before start(); `offset` is not before the last poll's first record.
  void count_lines() { counting_ = true; }
  uint64_t line_of(uint64_t offset) const;

 private:
  Result<size_t> fill();
  void mark();
  size_t take(size_t max, std::vector<runtime::Record>& out);
  size_t find_end(std::string_view bytes);
  void add(std::string_view whole, std::string_view fault, std::vector<runtime::Record>& out);
  bool skip_oversized(std::vector<runtime::Record>& out);
  void begin_oversized();
  void take_tail(std::string_view fault, std::vector<runtime::Record>& out);
  void advance(size_t n);
  void skip_byte_order_mark();
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }

  const uint32_t partition_;
  std::unique_ptr<ByteStream> stream_;
  const ReaderOptions options_;
  const size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // capacity_ + kPadding
  size_t begin_ = 0;                // of the record that comes next
  size_t end_ = 0;                  // of what was read
  uint64_t offset_ = 0;             // of begin_
  bool drained_ = false;            // the last read found nothing
  bool growing_ = false;
  bool counting_ = false;
  uint64_t lines_ = 0;        // newlines before mark_offset_
  uint64_t mark_offset_ = 0;  // of the byte at mark_
  size_t mark_ = 0;
  bool skipping_ = false;  // inside an oversized line, whose first bytes are in oversized_
  uint64_t oversized_at_ = 0;
  std::string oversized_;
  std::string header_;
  std::optional<Error> damage_;
};

}  // namespace tocsin::file
