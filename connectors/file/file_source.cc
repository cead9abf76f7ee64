#include "connectors/file/file_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "connectors/file/line_counter.h"

namespace tocsin::file {

using runtime::PollState;
using runtime::Record;

struct FileSource::Part {
  std::string path;
  uint32_t index = 0;
  std::unique_ptr<RecordReader> reader;
  uint64_t base = 0;  // offset of the current file's first byte: what earlier, rotated files held
  uint64_t size = 0;  // at opening; 0: unknown
  bool regular = false;
  bool started = false;
  bool ended = false;
  bool held = false;
  bool head = false;
  bool error_told = false;
  std::optional<Error> error;
  std::unique_ptr<LineCounter> lines;
};

// Changes in the folders of the followed files, by inotify; where that is not to be had, a short wait.
class FileSource::Changes {
 public:
  explicit Changes(const std::vector<std::string>& paths) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    for (const auto& path : paths) {
      if (path == "-") continue;
      std::string folder = std::filesystem::path(path).parent_path();
      if (folder.empty()) folder = ".";
      if (fd_ >= 0 && ::inotify_add_watch(fd_, folder.c_str(),
                                          IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0) {
        close();
      }
    }
  }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;
  ~Changes() { close(); }

  void wait(DurationMs ms) {
    constexpr DurationMs kLook = 200;
    struct pollfd p = {fd_, POLLIN, 0};
    const DurationMs most = fd_ >= 0 ? std::numeric_limits<int>::max() : kLook;
    if (::poll(&p, 1, static_cast<int>(std::clamp<DurationMs>(ms, 0, most))) <= 0) return;
    alignas(struct inotify_event) char events[4096];
    while (::read(fd_, events, sizeof events) > 0) {
    }
  }

 private:
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd_;
};

FileSource::FileSource(FileSourceOptions options) : options_(std::move(options)) {}
FileSource::~FileSource() = default;

Result<std::unique_ptr<FileSource>> FileSource::open(FileSourceOptions options) {
  if (options.paths.empty()) return invalid("no input file was named");
  std::unique_ptr<FileSource> source(new FileSource(std::move(options)));
  std::optional<Error> faults;
  for (const auto& path : source->options_.paths) {
    auto part = std::make_unique<Part>();
    part->path = path;
    part->index = static_cast<uint32_t>(source->parts_.size());
    if (Status s = source->reopen(*part, 0); !s) {
      if (!faults) {
        faults = s.error();
      } else {
        faults->message += "\n" + s.error().message;
        if (s.error().code == Code::kNotFound) faults->code = Code::kNotFound;
      }
    }
    source->parts_.push_back(std::move(part));
  }
  if (faults) return *faults;
  if (source->options_.follow && !source->options_.wait) {
    source->changes_ = std::make_unique<Changes>(source->options_.paths);
  }
  return source;
}

Status FileSource::reopen(Part& part, uint64_t base) {
  auto stream = open_stream(part.path);
  if (!stream) return stream.error();
  struct stat st = {};
  part.regular = ::fstat((*stream)->descriptor(), &st) == 0 && S_ISREG(st.st_mode);
  part.size = part.regular ? static_cast<uint64_t>(st.st_size) : 0;
  part.base = base;
  const bool growing = options_.follow && (*stream)->plain();
  part.reader = std::make_unique<RecordReader>(
      part.index, std::move(*stream), ReaderOptions{options_.record_end, options_.max_record, options_.header});
  part.reader->set_growing(growing);
  if (!part.regular) part.reader->count_lines();
  part.lines.reset();
  return Status::ok();
}

std::vector<std::string> FileSource::partitions() const { return options_.paths; }

Status FileSource::seek(std::span<const uint64_t> next_offsets) {
  for (auto& part : parts_) {
    const uint64_t wanted = part->index < next_offsets.size() ? next_offsets[part->index] : UINT64_MAX;
    auto there = part->reader->start(wanted == UINT64_MAX ? 0 : wanted);
    if (!there) return there.error();
    part->started = true;
    if (*there) continue;
    if (!options_.follow) {
      return not_found("offset " + std::to_string(wanted) + " of " + part->path +
                       " is no longer there: the file is shorter now; name the file that the state was made from, or "
                       "start with an empty state directory");
    }
    // Rotated or truncated while nobody looked: the new file is read from its beginning, offsets go on rising.
    if (Status s = reopen(*part, wanted); !s) return s;
    if (auto again = part->reader->start(wanted, wanted); !again) return again.error();
  }
  return Status::ok();
}

bool FileSource::at_head(uint32_t partition) const { return parts_[partition]->head || parts_[partition]->ended; }
bool FileSource::ended(uint32_t partition) const { return parts_[partition]->ended; }
void FileSource::hold(uint32_t partition, bool held) { parts_[partition]->held = held; }
const std::string& FileSource::header(uint32_t partition) const { return parts_[partition]->reader->header(); }

// Whether the path now names another file than the one that is open, or the file was cut.
Result<bool> FileSource::rotated(Part& part) {
  struct stat now = {};
  struct stat ours = {};
  if (!part.regular || ::fstat(part.reader->stream().descriptor(), &ours) != 0) return false;
  if (static_cast<uint64_t>(ours.st_size) < part.reader->offset() - part.base) return true;
  if (::stat(part.path.c_str(), &now) != 0) return false;  // gone, and the next one is not there yet
  return now.st_ino != ours.st_ino || now.st_dev != ours.st_dev;
}

Result<PollState> FileSource::poll_one(Part& part, size_t max, DurationMs wait, std::vector<Record>& out) {
  if (!part.started) {
    if (auto s = part.reader->start(0); !s) return s.error();
    part.started = true;
  }
  if (part.ended) return PollState::kEnd;
  const size_t before = out.size();
  Status s = part.reader->poll(max, wait, out);
  if (!s) part.error = s.error();
  part.head = false;
  if (out.size() > before) return PollState::kRecords;
  if (!options_.follow || !part.regular) {
    part.ended = part.reader->at_end();
    return part.ended ? PollState::kEnd : PollState::kIdle;
  }
  auto other = rotated(part);
  if (!other) return other.error();
  if (!*other) {
    part.head = true;
    return PollState::kIdle;
  }
  // An unfinished last line of the old file will not be finished any more.
  part.reader->set_growing(false);
  if (s = part.reader->poll(max, 0, out); out.size() > before) return PollState::kRecords;
  const uint64_t base = part.reader->offset();
  if (Status opened = reopen(part, base); !opened) return PollState::kIdle;
  if (auto at = part.reader->start(base, base); !at) return at.error();
  s = part.reader->poll(max, 0, out);
  return out.size() > before ? PollState::kRecords : PollState::kIdle;
}

Result<PollState> FileSource::poll_partition(uint32_t partition, size_t max, DurationMs wait,
                                             std::vector<Record>& out) {
  Part& part = *parts_[partition];
  auto state = poll_one(part, max, wait, out);
  if (!state || *state != PollState::kIdle || wait <= 0 || !part.regular) return state;
  wait_for_change(wait);
  return poll_one(part, max, 0, out);
}

Result<PollState> FileSource::poll(size_t max, DurationMs wait, std::vector<Record>& out) {
  // Blocking on one standard input must not starve files, and there is at most one of it.
  for (int look = 0; look < 2; ++look) {
    bool idle = false;
    for (size_t i = 0; i < parts_.size(); ++i) {
      Part& part = *parts_[(turn_ + i) % parts_.size()];
      if (part.held) {
        idle = true;
        continue;
      }
      const bool alone = parts_.size() == 1 && !part.regular;
      auto state = poll_one(part, max, alone ? wait : 0, out);
      if (!state) return state;
      if (*state == PollState::kRecords) {
        turn_ = (turn_ + i + 1) % parts_.size();
        return state;
      }
      idle = idle || *state == PollState::kIdle;
    }
    if (!idle) break;
    if (look == 1 || wait <= 0) return PollState::kIdle;
    wait_for_change(wait);
  }
  for (auto& part : parts_) {
    if (!part->error || part->error_told) continue;
    part->error_told = true;
    return *part->error;
  }
  return PollState::kEnd;
}

void FileSource::wait_for_change(DurationMs wait) {
  if (options_.wait) return options_.wait(wait);
  if (changes_) return changes_->wait(wait);
  for (auto& part : parts_) {
    if (part->regular || part->ended || part->held) continue;
    struct pollfd p = {part->reader->stream().descriptor(), POLLIN, 0};
    ::poll(&p, 1, static_cast<int>(std::min<DurationMs>(wait, std::numeric_limits<int>::max())));
    return;
  }
}

Progress FileSource::progress() const {
  Progress sum;
  bool known = true;
  for (const auto& part : parts_) {
    sum.bytes += part->reader->stream().raw_bytes();
    sum.total += part->size;
    known = known && part->regular;
  }
  if (!known) sum.total = 0;
  return sum;
}

std::string FileSource::place(uint32_t partition, uint64_t offset) {
  Part& part = *parts_[partition];
  const std::string name = part.path == "-" ? "<stdin>" : part.path;
  if (!part.regular) return name + ":" + std::to_string(part.reader->line_of(offset));
  if (offset < part.base) return name + ": byte " + std::to_string(offset) + " of a file that was rotated away";
  if (!part.lines) part.lines = std::make_unique<LineCounter>(part.path);
  const auto line = part.lines->line_of(offset - part.base);
  return line ? name + ":" + std::to_string(*line) : name + ": byte " + std::to_string(offset - part.base);
}

}  // namespace tocsin::file
