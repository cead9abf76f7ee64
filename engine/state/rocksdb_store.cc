#include "state/rocksdb_store.h"

#include <fcntl.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <exception>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "state/rocksdb_options.h"
#include "state/tables.h"

namespace tocsin::state {
namespace {

namespace fs = std::filesystem;
using Visitor = std::function<bool(std::string_view, std::string_view)>;
using Handles = std::array<rocksdb::ColumnFamilyHandle*, kTables>;

constexpr size_t kProbeBytes = 1u << 20;

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

// Keeps a read-only opening from touching the info log of the service that runs beside it.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// `doing`: "write to", "open" …
Error to_error(const rocksdb::Status& s, std::string_view doing, const std::string& directory) {
  const std::string what = "cannot " + std::string(doing) + " state directory " + directory + ": ";
  if (s.IsNoSpace() && s.severity() >= rocksdb::Status::Severity::kFatalError) {
    return exhausted(what + "the disk was full and RocksDB cannot go on; free space there and start the program again");
  }
  if (s.IsNoSpace()) return exhausted(what + "the disk is full; free space there and it goes on");
  if (s.IsCorruption()) {
    return corrupt(what + s.ToString() +
                   "; restore a checkpoint (tocsin state restore) or start from an empty directory");
  }
  if (s.IsBusy() || s.IsTimedOut() || s.IsTryAgain() || s.IsIncomplete()) return unavailable(what + s.ToString());
  if (s.IsIOError()) return unavailable(what + s.ToString());
  return internal(what + s.ToString());
}

// Runs f; what a library throws becomes a status here.
template <typename F>
auto guarded(const std::string& directory, F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception& e) {
    return internal("state directory " + directory + ": " + e.what());
  }
}

class RocksStore final : public Store {
 public:
  RocksStore(std::string directory, bool read_only, std::unique_ptr<rocksdb::DB> db, const Handles& handles,
             std::vector<rocksdb::ColumnFamilyHandle*> all)
      : directory_(std::move(directory)),
        read_only_(read_only),
        db_(std::move(db)),
        handles_(handles),
        all_(std::move(all)) {}

  ~RocksStore() override {
    for (auto* h : all_) db_->DestroyColumnFamilyHandle(h);
    db_->Close().PermitUncheckedError();
  }

  Status write(const Batch& batch, bool sync) override {
    if (read_only_) return invalid("state directory " + directory_ + " was opened for reading only");
    return guarded(directory_, [&]() -> Status {
      // Dropping whole files (below) must not race with a write into the range that was just deleted.
      std::shared_lock shared(mutex_, std::defer_lock);
      std::unique_lock alone(mutex_, std::defer_lock);
      if (batch.ranges.empty()) {
        shared.lock();
      } else {
        alone.lock();
      }
      if (Status s = recover_from_full_disk(); !s) return s;
      rocksdb::WriteBatch updates = take_spare();
      encode(batch, updates);
      rocksdb::WriteOptions options;
      options.sync = sync;
      const auto s = db_->Write(options, &updates);
      keep_spare(std::move(updates));
      if (!s.ok()) {
        stopped_ = true;
        return to_error(s, "write to", directory_);
      }
      if (sync) drop_files(batch);
      return Status::ok();
    });
  }

  Result<std::string> get(Table table, std::string_view key) const override {
    return guarded(directory_, [&]() -> Result<std::string> {
      std::string value;
      const auto s = db_->Get({}, handle(table), slice(key), &value);
      if (s.IsNotFound()) return not_found("no such key in table " + std::string(name_of(table)));
      if (!s.ok()) return to_error(s, "read from", directory_);
      return value;
    });
  }

  Status scan(Table table, std::string_view begin, std::string_view end, const Visitor& f) const override {
    return guarded(directory_, [&]() -> Status {
      const rocksdb::Slice upper = slice(end);
      rocksdb::ReadOptions options;
      if (!end.empty()) options.iterate_upper_bound = &upper;
      const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handle(table)));
      for (it->Seek(slice(begin)); it->Valid(); it->Next()) {
        if (!f(view(it->key()), view(it->value()))) break;
      }
      return it->status().ok() ? Status::ok() : to_error(it->status(), "read from", directory_);
    });
  }

  Status scan_backward(Table table, std::string_view begin, std::string_view end, const Visitor& f) const override {
    return guarded(directory_, [&]() -> Status {
      const rocksdb::Slice upper = slice(end);
      const rocksdb::Slice lower = slice(begin);
      rocksdb::ReadOptions options;
      if (!end.empty()) options.iterate_upper_bound = &upper;
      if (!begin.empty()) options.iterate_lower_bound = &lower;
      const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handle(table)));
      for (it->SeekToLast(); it->Valid(); it->Prev()) {
        if (!f(view(it->key()), view(it->value()))) break;
      }
      return it->status().ok() ? Status::ok() : to_error(it->status(), "read from", directory_);
    });
  }

  Status checkpoint(const std::string& directory) const override {
    return guarded(directory, [&]() -> Status {
      rocksdb::Checkpoint* made = nullptr;
      auto s = rocksdb::Checkpoint::Create(db_.get(), &made);
      const std::unique_ptr<rocksdb::Checkpoint> owned(made);
      if (s.ok()) s = owned->CreateCheckpoint(directory);
      if (s.IsInvalidArgument()) return invalid("cannot write a checkpoint to " + directory + ": it exists already");
      return s.ok() ? Status::ok() : to_error(s, "write a checkpoint to", directory);
    });
  }

  uint64_t bytes_on_disk() const override {
    uint64_t sum = 0;
    std::error_code ec;
    for (fs::directory_iterator it(directory_, ec), none; !ec && it != none; it.increment(ec)) {
      std::error_code gone;  // RocksDB removes files while we look
      const auto size = it->file_size(gone);
      if (!gone) sum += size;
    }
    return sum;
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(Table table) const { return handles_[index_of(table)]; }

  void encode(const Batch& batch, rocksdb::WriteBatch& updates) const {
    auto must = [](const rocksdb::Status& s) { s.PermitUncheckedError(); };  // fails only beyond a size limit: none set
    for (const auto& r : batch.ranges) {
      if (r.begin < r.end) must(updates.DeleteRange(handle(r.table), slice(r.begin), slice(r.end)));
    }
    for (const auto& d : batch.deletes) must(updates.Delete(handle(d.table), slice(d.key)));
    for (const auto& p : batch.puts) must(updates.Put(handle(p.table), slice(p.key), slice(p.value)));
  }

  // A commit's batch is some megabytes, which one after the other can use without asking the system for them again.
  rocksdb::WriteBatch take_spare() {
    const std::scoped_lock once(spare_mutex_);
    return std::exchange(spare_, rocksdb::WriteBatch());
  }
  void keep_spare(rocksdb::WriteBatch updates) {
    constexpr size_t kMost = 8u << 20;
    if (updates.GetDataSize() > kMost) return;
    updates.Clear();
    const std::scoped_lock once(spare_mutex_);
    spare_ = std::move(updates);
  }

  // After a failed write RocksDB refuses further ones until told to go on.
  Status recover_from_full_disk() {
    if (!stopped_) return Status::ok();
    const std::scoped_lock once(resume_mutex_);
    if (!stopped_) return Status::ok();
    // A resumption that fails half way is final, so it is tried only where there is room again.
    auto s = probe();
    if (s.ok()) s = db_->Resume();
    if (!s.ok()) return to_error(s, "write to", directory_);
    stopped_ = false;
    return Status::ok();
  }

  rocksdb::Status probe() const {
    const std::string name = directory_ + "/probe.dbtmp";
    std::unique_ptr<rocksdb::WritableFile> file;
    auto s = db_->GetEnv()->NewWritableFile(name, &file, rocksdb::EnvOptions());
    if (s.ok()) s = file->Append(std::string(kProbeBytes, '\1'));
    if (s.ok()) s = file->Sync();
    if (file != nullptr) file->Close().PermitUncheckedError();
    db_->GetEnv()->DeleteFile(name).PermitUncheckedError();
    return s;
  }

  // Files that hold nothing but what the ranges deleted go at once; the tombstones would otherwise keep them until a
  // compaction. Only after a synced write: the deletion must not outlive its tombstone in a power failure.
  void drop_files(const Batch& batch) {
    for (const auto& r : batch.ranges) {
      if (r.begin >= r.end) continue;
      bool written_again = false;
      for (const auto& p : batch.puts) {
        written_again = written_again || (p.table == r.table && p.key >= r.begin && p.key < r.end);
      }
      if (written_again) continue;
      const rocksdb::Slice begin = slice(r.begin);
      const rocksdb::Slice end = slice(r.end);
      rocksdb::DeleteFilesInRange(db_.get(), handle(r.table), &begin, &end, false).PermitUncheckedError();
    }
  }

  const std::string directory_;
  const bool read_only_;
  std::unique_ptr<rocksdb::DB> db_;
  Handles handles_;
  std::vector<rocksdb::ColumnFamilyHandle*> all_;
  std::shared_mutex mutex_;
  std::mutex spare_mutex_;
  rocksdb::WriteBatch spare_;
  std::mutex resume_mutex_;
  std::atomic<bool> stopped_ = false;
};

// A mistyped --state must not scatter a database among somebody's files.
Status check_directory(const std::string& directory) {
  std::error_code ec;
  if (fs::exists(fs::path(directory) / "CURRENT", ec)) return Status::ok();
  if (fs::exists(directory, ec) && !fs::is_directory(directory, ec)) {
    return invalid("state directory " + directory + " is a file");
  }
  for (fs::directory_iterator it(directory, ec), none; !ec && it != none; it.increment(ec)) {
    const std::string name = it->path().filename();
    const bool ours = name == "LOCK" || name == "IDENTITY" || name == "lost+found" || name.starts_with("LOG") ||
                      name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") || name.ends_with(".dbtmp") ||
                      name.ends_with(".log") || name.ends_with(".sst");
    if (!ours) return invalid(directory + " holds other files (" + name + ") and no state; name an empty directory");
  }
  return Status::ok();
}

// Who holds the lock, when that is another process. (Opening and closing the file would drop a lock of our own.)
std::string holder(const std::string& directory) {
  const int fd = ::open((directory + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return "another process";
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool known = ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
  ::close(fd);
  return known ? "process " + std::to_string(lock.l_pid) : "another process";
}

Error open_error(const rocksdb::Status& s, const std::string& directory) {
  const std::string text = s.ToString();
  if (text.find("lock hold by current process") != std::string::npos) {
    return conflict("state directory " + directory + " is already in use by this process");
  }
  if (s.IsIOError() && text.find("While lock file") != std::string::npos &&
      text.find("temporarily unavailable") != std::string::npos) {
    return conflict("state directory " + directory + " is in use by " + holder(directory) +
                    "; stop it, or name another directory");
  }
  return to_error(s, "open", directory);
}

// New directories get the format's version, others must have it.
Status check_format(Store& store, const std::string& directory, bool read_only) {
  const auto format = store.get(Table::kMeta, kFormatKey);
  const std::string ours = std::to_string(kFormatVersion);
  if (format) {
    if (*format == ours) return Status::ok();
    return corrupt("state directory " + directory + " is of format " + *format + ", this program reads " + ours +
                   ": run the version that wrote it, or name an empty directory and replay the log");
  }
  if (format.error().code != Code::kNotFound) return format.error();
  bool empty = true;
  for (size_t t = 0; t < kTables && empty; ++t) {
    const Status s = store.scan(static_cast<Table>(t), "", "", [&](auto, auto) { return empty = false; });
    if (!s) return s;
  }
  if (!empty) {
    return corrupt("state directory " + directory + " holds data but no format version, this program reads " + ours +
                   ": restore a checkpoint, or name an empty directory and replay the log");
  }
  if (read_only) return not_found("state directory " + directory + " is empty");
  Batch batch;
  batch.puts.push_back({Table::kMeta, std::string(kFormatKey), ours});
  return store.write(batch, true);
}

// Every family that is there must be opened, also those that a later format added.
std::vector<rocksdb::ColumnFamilyDescriptor> families(const rocksdb::DBOptions& db, const std::string& directory) {
  const auto options = family_options();
  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  all.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (size_t i = 0; i < kTables; ++i) all.emplace_back(std::string(kTableNames[i]), options[i]);
  std::vector<std::string> there;
  if (!rocksdb::DB::ListColumnFamilies(db, directory, &there).ok()) return all;
  for (const auto& name : there) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const auto& d) { return d.name == name; });
    if (!known) all.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  return all;
}

Result<std::unique_ptr<Store>> open_unguarded(const std::string& directory, const RocksOptions& options) {
  if (options.read_only) {
    std::error_code ec;
    if (!fs::exists(fs::path(directory) / "CURRENT", ec)) return not_found("no state directory at " + directory);
  } else {
    if (Status s = check_directory(directory); !s) return s.error();
    std::error_code ec;
    fs::create_directories(directory, ec);
    if (ec) {
      return ec == std::errc::no_space_on_device
                 ? exhausted("cannot create state directory " + directory + ": disk full")
                 : invalid("cannot create " + directory + ": " + ec.message());
    }
  }
  auto db_options = database_options();
  if (options.env != nullptr) db_options.env = options.env;
  if (options.read_only) db_options.info_log = std::make_shared<SilentLogger>();
  const auto descriptors = families(db_options, directory);
  std::vector<rocksdb::ColumnFamilyHandle*> all;
  rocksdb::DB* raw = nullptr;
  const auto s = options.read_only ? rocksdb::DB::OpenForReadOnly(db_options, directory, descriptors, &all, &raw)
                                   : rocksdb::DB::Open(db_options, directory, descriptors, &all, &raw);
  if (!s.ok()) return open_error(s, directory);
  Handles handles;
  for (size_t i = 0; i < kTables; ++i) handles[i] = all[i + 1];
  auto store = std::make_unique<RocksStore>(directory, options.read_only, std::unique_ptr<rocksdb::DB>(raw), handles,
                                            std::move(all));
  if (Status format = check_format(*store, directory, options.read_only); !format) return format.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Store>> open_rocksdb_with(const std::string& directory, const RocksOptions& options) {
  using Opened = Result<std::unique_ptr<Store>>;
  return guarded(directory, [&]() -> Opened { return open_unguarded(directory, options); });
}

Result<std::unique_ptr<Store>> open_rocksdb(const std::string& directory) { return open_rocksdb_with(directory, {}); }

Result<std::unique_ptr<Store>> open_rocksdb_read_only(const std::string& directory) {
  RocksOptions options;
  options.read_only = true;
  // A file that the running service removes between our reading its list and opening it is worth another try.
  auto store = open_rocksdb_with(directory, options);
  for (int again = 0; again < 3 && !store && store.error().code == Code::kUnavailable; ++again) {
    store = open_rocksdb_with(directory, options);
  }
  return store;
}

}  // namespace tocsin::state
