#pragma once
// Which line of a file a byte is in, found by reading the file once more; ascending questions read it only once.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file/byte_stream.h"

namespace tocsin::file {

class LineCounter {
 public:
  explicit LineCounter(std::string path) : path_(std::move(path)) {}
  // From 1; `position` is of the decompressed bytes. Nothing: the file cannot be read as far as that.
  std::optional<uint64_t> line_of(uint64_t position);

 private:
  const std::string path_;
  std::unique_ptr<ByteStream> stream_;
  std::vector<char> buffer_;
  size_t used_ = 0;  // of buffer_, already counted
  size_t end_ = 0;
  uint64_t position_ = 0;  // all before it is counted
  uint64_t newlines_ = 0;
};

}  // namespace tocsin::file
