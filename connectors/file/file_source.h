#pragma once
// Files as a log: each file is a partition, offsets are positions in its decompressed bytes. Replay reads to the end;
// follow waits for more, as `tail -F` does.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/file/record_reader.h"
#include "runtime/ports.h"

namespace tocsin::file {

struct FileSourceOptions {
  std::vector<std::string> paths = {};  // plain, gzip or zstd, told apart by their first bytes; "-" is standard input
  RecordEnd record_end = {};            // empty: a record is a line
  bool header = false;                  // each file's first record is a CSV header: kept for header(), not a record
  bool follow = false;           // wait for more at the end; go on with the new file when one is rotated or truncated
  size_t max_record = 1u << 20;  // bytes
  // Follow: waits up to so long for a change in any file. Empty: inotify.
  std::function<void(DurationMs)> wait = {};
};

struct Progress {
  uint64_t bytes = 0;  // read from the files themselves (compressed)
  uint64_t total = 0;  // of all files; 0: unknown, because standard input or a pipe is among them
};

// Used by one thread. Record faults: "oversized" (payload: its first KiB), "truncated" (what is left of a record where
// a compressed file was cut off), "malformed" (a line with a quote that is never closed).
class FileSource final : public runtime::Source {
 public:
  // Opens every file. An error names all files that cannot be read, one a line: kNotFound when one is not there.
  static Result<std::unique_ptr<FileSource>> open(FileSourceOptions options);
  ~FileSource() override;

  std::vector<std::string> partitions() const override;  // the paths, as given
  Status seek(std::span<const uint64_t> next_offsets) override;
  // Records of one partition a call, in turns; all payloads are valid until the next poll() or the next
  // poll_partition() of the same partition. At the end of everything: once an error for each file that was damaged
  // (kCorrupt), then kEnd.
  Result<runtime::PollState> poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) override;
  // The same for one partition. kEnd: of this one. Payloads of other partitions stay valid.
  Result<runtime::PollState> poll_partition(uint32_t partition, size_t max, DurationMs wait,
                                            std::vector<runtime::Record>& out);
  // Everything that is in the file was polled: it follows and waits for more, or it has ended.
  bool at_head(uint32_t partition) const override;
  // Nothing more will come from it (never while following).
  bool ended(uint32_t partition) const;
  // poll() leaves a held partition alone.
  void hold(uint32_t partition, bool held) override;

  // The file's CSV header without its line's end; empty unless options.header. Known after seek().
  const std::string& header(uint32_t partition) const;
  Progress progress() const;
  // "path:line" of a record, for messages; counts lines, so ask for faults only. Standard input: only what was polled
  // last.
  std::string place(uint32_t partition, uint64_t offset) override;

 private:
  struct Part;
  class Changes;
  explicit FileSource(FileSourceOptions options);
  Status reopen(Part& part, uint64_t base);
  Result<bool> rotated(Part& part);
  void wait_for_change(DurationMs wait);
  Result<runtime::PollState> poll_one(Part& part, size_t max, DurationMs wait, std::vector<runtime::Record>& out);

  const FileSourceOptions options_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::unique_ptr<Changes> changes_;
  size_t turn_ = 0;
};

}  // namespace tocsin::file
