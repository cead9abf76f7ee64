#pragma once
// A file's bytes as they were before compression: plain, gzip (all members) or zstd (all frames), told apart by their
// first bytes, not by the name.
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace tocsin::file {

// Used by one thread.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Reads up to n > 0 bytes; 0 is the end of what is there (a plain file may grow later). kCorrupt: the compressed data
  // is damaged or ends early; what was decoded before it has been handed out.
  virtual Result<size_t> read(char* to, size_t n) = 0;
  // Goes to a position of the decompressed bytes, forward of where it is. False: the stream ends before it.
  virtual Result<bool> skip_to(uint64_t position) = 0;
  // True when read() would not block; waits up to `wait` for that. Files are always ready.
  virtual bool ready(DurationMs wait) = 0;
  // Bytes taken from the file itself, for progress.
  virtual uint64_t raw_bytes() const = 0;
  // Plain bytes: positions are the file's own.
  virtual bool plain() const = 0;
  virtual int descriptor() const = 0;
};

// `path` "-" is standard input. kNotFound, kInvalid (a folder, no permission): the message names the path.
Result<std::unique_ptr<ByteStream>> open_stream(const std::string& path);

}  // namespace tocsin::file
