#include "connectors/file/byte_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

namespace tocsin::file {
namespace {

constexpr size_t kRawChunk = 256 * 1024;

// The file itself, with the first bytes kept for whoever comes after the look at them.
class Raw {
 public:
  Raw(int fd, std::string path, bool seekable) : fd_(fd), path_(std::move(path)), seekable_(seekable) {}
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() {
    if (fd_ > 2) ::close(fd_);
  }

  // The first bytes, up to n ≤ 4; fewer only at the end of the input.
  Result<std::string_view> peek(size_t n) {
    while (head_end_ < n) {
      auto got = from_file(head_.data() + head_end_, n - head_end_);
      if (!got) return got.error();
      if (*got == 0) break;
      head_end_ += *got;
    }
    return std::string_view(head_.data(), head_end_);
  }

  Result<size_t> read(char* to, size_t n) {
    if (head_begin_ < head_end_) {
      const size_t m = std::min(n, head_end_ - head_begin_);
      std::memcpy(to, head_.data() + head_begin_, m);
      head_begin_ += m;
      return m;
    }
    return from_file(to, n);
  }

  bool seek(uint64_t position) {
    head_begin_ = head_end_ = 0;
    if (::lseek(fd_, static_cast<off_t>(position), SEEK_SET) < 0) return false;
    taken_ = position;
    return true;
  }

  bool ready(DurationMs wait) const {
    if (seekable_ || head_begin_ < head_end_) return true;
    struct pollfd p = {fd_, POLLIN, 0};
    return ::poll(&p, 1, static_cast<int>(std::min<DurationMs>(wait, std::numeric_limits<int>::max()))) > 0;
  }

  int fd() const { return fd_; }
  bool seekable() const { return seekable_; }
  uint64_t taken() const { return taken_; }
  const std::string& path() const { return path_; }

 private:
  Result<size_t> from_file(char* to, size_t n) {
    while (true) {
      const ssize_t got = ::read(fd_, to, n);
      if (got >= 0) {
        taken_ += static_cast<uint64_t>(got);
        return static_cast<size_t>(got);
      }
      if (errno != EINTR) return unavailable("cannot read " + path_ + ": " + std::strerror(errno));
    }
  }

  int fd_;
  std::string path_;
  bool seekable_;
  uint64_t taken_ = 0;
  std::array<char, 4> head_{};
  size_t head_begin_ = 0;
  size_t head_end_ = 0;
};

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(std::unique_ptr<Raw> raw) : raw_(std::move(raw)) {}
  Result<size_t> read(char* to, size_t n) override {
    auto got = raw_->read(to, n);
    if (got) position_ += *got;
    return got;
  }
  Result<bool> skip_to(uint64_t position) override {
    if (raw_->seekable()) {
      struct stat st = {};
      if (::fstat(raw_->fd(), &st) != 0 || static_cast<uint64_t>(st.st_size) < position) return false;
      position_ = position;
      return raw_->seek(position);
    }
    std::vector<char> sink(kRawChunk);
    while (position_ < position) {
      auto got = read(sink.data(), std::min<uint64_t>(sink.size(), position - position_));
      if (!got) return got.error();
      if (*got == 0) return false;
    }
    return true;
  }
  bool ready(DurationMs wait) override { return raw_->ready(wait); }
  uint64_t raw_bytes() const override { return raw_->taken(); }
  bool plain() const override { return true; }
  int descriptor() const override { return raw_->fd(); }

 private:
  std::unique_ptr<Raw> raw_;
  uint64_t position_ = 0;
};

// What gzip and zstd have in common: a buffer of compressed bytes, and positions reached by decoding.
class Decompressor : public ByteStream {
 public:
  explicit Decompressor(std::unique_ptr<Raw> raw) : raw_(std::move(raw)), in_(kRawChunk) {}

  Result<size_t> read(char* to, size_t n) final {
    if (failed_) return *failed_;
    while (true) {
      if (begin_ == end_) {
        auto got = raw_->read(in_.data(), in_.size());
        if (!got) return got.error();
        begin_ = 0;
        end_ = *got;
        if (end_ == 0) {
          if (between_frames()) return size_t{0};
          auto rest = decode(to, n);  // what the decoder still holds
          if (!rest || *rest == 0) return fail("ends early: it was cut off");
          position_ += *rest;
          return *rest;
        }
      }
      auto made = decode(to, n);
      if (!made) return fail(made.error().message);
      position_ += *made;
      if (*made > 0) return *made;
    }
  }

  Result<bool> skip_to(uint64_t position) final {
    std::vector<char> sink(kRawChunk);
    while (position_ < position) {
      auto got = read(sink.data(), std::min<uint64_t>(sink.size(), position - position_));
      if (!got) return got.error();
      if (*got == 0) return false;
    }
    return true;
  }
  bool ready(DurationMs wait) final { return begin_ < end_ || raw_->ready(wait); }
  uint64_t raw_bytes() const final { return raw_->taken(); }
  bool plain() const final { return false; }
  int descriptor() const final { return raw_->fd(); }

 protected:
  // Decodes from in() to `to`, calling take() for what it used; an error's message says what is wrong.
  virtual Result<size_t> decode(char* to, size_t n) = 0;
  virtual bool between_frames() const = 0;
  std::string_view in() const { return {in_.data() + begin_, end_ - begin_}; }
  void take(size_t n) { begin_ += n; }

 private:
  Error fail(const std::string& what) {
    failed_ = corrupt(raw_->path() + ": the compressed data " + what);
    return *failed_;
  }

  std::unique_ptr<Raw> raw_;
  std::vector<char> in_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t position_ = 0;
  std::optional<Error> failed_;
};

class GzipStream final : public Decompressor {
 public:
  explicit GzipStream(std::unique_ptr<Raw> raw) : Decompressor(std::move(raw)) {
    started_ = ::inflateInit2(&z_, 15 + 16) == Z_OK;
  }
  ~GzipStream() override {
    if (started_) ::inflateEnd(&z_);
  }

 private:
  Result<size_t> decode(char* to, size_t n) override {
    if (!started_) return internal("cannot be read: zlib does not start");
    if (ended_) {
      // Another member, or the zero padding that tar and tape leave.
      if (in().front() == '\0') {
        take(std::min(in().find_first_not_of('\0'), in().size()));
        return size_t{0};
      }
      ::inflateReset(&z_);
      ended_ = false;
    }
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in().data()));  // zlib's API is not const-correct
    z_.avail_in = static_cast<uInt>(in().size());
    z_.next_out = reinterpret_cast<Bytef*>(to);
    z_.avail_out = static_cast<uInt>(std::min<size_t>(n, std::numeric_limits<uInt>::max()));
    const uInt room = z_.avail_out;
    const int rc = ::inflate(&z_, Z_NO_FLUSH);
    take(in().size() - z_.avail_in);
    ended_ = rc == Z_STREAM_END;
    const size_t made = room - z_.avail_out;
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR && made == 0) {
      return corrupt(std::string("is damaged: ") + (z_.msg != nullptr ? z_.msg : "not gzip"));
    }
    return made;
  }
  bool between_frames() const override { return ended_; }

  z_stream z_ = {};
  bool started_ = false;
  bool ended_ = false;
};

class ZstdStream final : public Decompressor {
 public:
  explicit ZstdStream(std::unique_ptr<Raw> raw) : Decompressor(std::move(raw)), z_(::ZSTD_createDStream()) {}
  ~ZstdStream() override { ::ZSTD_freeDStream(z_); }

 private:
  Result<size_t> decode(char* to, size_t n) override {
    ZSTD_inBuffer in_buffer = {in().data(), in().size(), 0};
    ZSTD_outBuffer out = {to, n, 0};
    const size_t rc = ::ZSTD_decompressStream(z_, &out, &in_buffer);
    if (::ZSTD_isError(rc) != 0) return corrupt(std::string("is damaged: ") + ::ZSTD_getErrorName(rc));
    take(in_buffer.pos);
    ended_ = rc == 0;
    return out.pos;
  }
  bool between_frames() const override { return ended_; }

  ZSTD_DStream* z_;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_stream(const std::string& path) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string what = "cannot open " + path + ": " + std::strerror(errno);
    return errno == ENOENT ? not_found(what) : invalid(what);
  }
  struct stat st = {};
  const bool known = ::fstat(fd, &st) == 0;
  auto raw = std::make_unique<Raw>(fd, standard_input ? "standard input" : path, known && S_ISREG(st.st_mode));
  if (known && S_ISDIR(st.st_mode)) return invalid(path + " is a folder, not a file");
  auto magic = raw->peek(4);
  if (!magic) return magic.error();
  std::unique_ptr<ByteStream> stream;
  if (magic->starts_with("\x1f\x8b")) {
    stream = std::make_unique<GzipStream>(std::move(raw));
  } else if (*magic == "\x28\xb5\x2f\xfd") {
    stream = std::make_unique<ZstdStream>(std::move(raw));
  } else {
    stream = std::make_unique<PlainStream>(std::move(raw));
  }
  return stream;
}

}  // namespace tocsin::file
