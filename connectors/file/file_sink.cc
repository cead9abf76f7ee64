#include "connectors/file/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/hash.h"

namespace tocsin::file {
namespace {

Error fault(const std::string& path, int error) {
  const std::string what = "cannot write " + path + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return exhausted(what);
  return error == EPIPE ? unavailable(what + " (who read it is gone)") : unavailable(what);
}

}  // namespace

Result<std::unique_ptr<FileSink>> FileSink::open(FileSinkOptions options) {
  if (options.path == "-") return std::unique_ptr<FileSink>(new FileSink(std::move(options), STDOUT_FILENO, false));
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (options.fresh ? O_TRUNC : 0);
  const int fd = ::open(options.path.c_str(), flags, 0644);
  if (fd < 0) return invalid("cannot write " + options.path + ": " + std::strerror(errno));
  struct stat st = {};
  const bool regular = ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  return std::unique_ptr<FileSink>(new FileSink(std::move(options), fd, regular));
}

FileSink::FileSink(FileSinkOptions options, int fd, bool regular)
    : options_(std::move(options)), fd_(fd), regular_(regular) {}

FileSink::~FileSink() {
  (void)sync();  // what it fails to sync was never reported as delivered
  if (fd_ > 2) ::close(fd_);
}

Result<uint64_t> FileSink::resume(uint64_t floor) {
  written_ = delivered_ = floor;
  if (!regular_) return floor;
  struct stat st = {};
  if (::fstat(fd_, &st) != 0) return fault(options_.path, errno);
  if (Status s = remember_tail(static_cast<uint64_t>(st.st_size)); !s) return s.error();
  if (size_ < static_cast<uint64_t>(st.st_size) && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
    return fault(options_.path, errno);
  }
  return floor;
}

// Reads the file backwards, block by block, until enough lines are known; sets size_ to the end of the last whole line.
Status FileSink::remember_tail(uint64_t size) {
  constexpr uint64_t kBlock = 4u << 20;
  std::string text;  // the file from `from` to its end, without what is known already
  std::vector<char> block(kBlock);
  uint64_t from = size;
  bool end_found = false;
  size_ = 0;
  while (from > 0 && there_.size() < kRemembered) {
    const uint64_t n = std::min(from, kBlock);
    from -= n;
    for (uint64_t done = 0; done < n;) {
      const ssize_t got = ::pread(fd_, block.data() + done, n - done, static_cast<off_t>(from + done));
      if (got <= 0) return fault(options_.path, got == 0 ? EIO : errno);
      done += static_cast<uint64_t>(got);
    }
    text.insert(0, block.data(), n);
    if (!end_found) {
      const size_t last = text.rfind('\n');
      if (last == std::string::npos) continue;
      end_found = true;
      size_ = from + last + 1;
      text.resize(last + 1);
    }
    // Whole lines: those after the first newline, or all at the file's beginning.
    const size_t first = from == 0 ? 0 : text.find('\n') + 1;
    for (size_t at = first; at < text.size();) {
      const size_t newline = text.find('\n', at);
      there_.insert(hash64(std::string_view(text).substr(at, newline - at)));
      at = newline + 1;
    }
    text.resize(first);
  }
  return Status::ok();
}

Status FileSink::write_all(std::string_view bytes) {
  uint64_t at = size_;
  while (!bytes.empty()) {
    const ssize_t n = regular_ ? ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at))
                               : ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      // What was written of it is overwritten by the next try; a reader must not take it for a line meanwhile.
      if (regular_ && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0) return fault(options_.path, errno);
      return fault(options_.path, error);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
    at += static_cast<uint64_t>(n);
  }
  size_ = at;
  return Status::ok();
}

Status FileSink::publish(std::span<const runtime::Outgoing> batch) {
  if (batch.empty()) return Status::ok();
  buffer_.clear();
  for (const auto& o : batch) {
    if (!there_.empty() && there_.erase(hash64(o.json)) > 0) continue;
    buffer_.append(o.json);
    buffer_.push_back('\n');
  }
  if (Status s = write_all(buffer_); !s) return s;
  written_ = batch.back().sequence;
  unsynced_ += batch.size();
  return !regular_ || unsynced_ >= options_.sync_lines ? sync() : Status::ok();
}

Status FileSink::sync() {
  if (regular_ && unsynced_ > 0 && ::fdatasync(fd_) != 0) return fault(options_.path, errno);
  unsynced_ = 0;
  delivered_ = written_;
  return Status::ok();
}

Status FileSink::flush(DurationMs) { return sync(); }

}  // namespace tocsin::file
