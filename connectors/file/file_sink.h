#pragma once
// Transitions as CloudEvents, one a line, appended to a file or written to standard output.
#include <cstdint>
#include <string>
#include <unordered_set>

#include "runtime/ports.h"

namespace tocsin::file {

struct FileSinkOptions {
  std::string path = {};      // "-": standard output
  bool fresh = false;         // nothing was ever delivered under this state: what the file holds is dropped
  std::string name = "file";  // under which the state keeps how far delivery is
  size_t sync_lines = 1024;   // publish() syncs to disk after so many lines; flush() always does
};

// After a crash each transition is in the file once: resume() cuts off a torn last line and remembers the file's last
// kRemembered lines; publish() leaves out what is among them. Used by one thread.
class FileSink final : public runtime::Sink {
 public:
  // More than can be written between two syncs and the commit that follows them.
  static constexpr size_t kRemembered = 1u << 18;

  // Creates the file, and truncates it when `fresh`. kInvalid: it cannot be written.
  static Result<std::unique_ptr<FileSink>> open(FileSinkOptions options);
  ~FileSink() override;

  std::string_view name() const override { return options_.name; }
  // Returns `floor`: which sequence a line has is not in the line.
  Result<uint64_t> resume(uint64_t floor) override;
  // kExhausted: the disk is full; nothing of the batch is in the file then.
  Status publish(std::span<const runtime::Outgoing> batch) override;
  // On disk, not only written.
  uint64_t delivered() const override { return delivered_; }
  Status flush(DurationMs wait) override;

 private:
  FileSink(FileSinkOptions options, int fd, bool regular);
  Status remember_tail(uint64_t size);
  Status write_all(std::string_view bytes);
  Status sync();

  const FileSinkOptions options_;
  const int fd_;
  const bool regular_;
  std::unordered_set<uint64_t> there_;  // hashes of lines that a former process wrote
  std::string buffer_;
  uint64_t size_ = 0;  // of the file; what lies behind it is a torn write
  uint64_t written_ = 0;
  uint64_t delivered_ = 0;
  size_t unsynced_ = 0;
};

}  // namespace tocsin::file
