// What only the store on disk has: locks, format versions, foreign directories, a full disk, read-only openings.
#include "state/rocksdb_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "state/tables.h"
#include "tests/engine/state/child.h"
#include "tests/engine/state/scratch.h"

namespace tocsin::state {
namespace {

using test::ScratchDirectory;
using testing::AllOf;
using testing::HasSubstr;

Batch one(Table table, const std::string& key, const std::string& value) {
  Batch batch;
  batch.puts.push_back({table, key, value});
  return batch;
}

std::unique_ptr<Store> must_open(const std::string& directory) {
  auto store = open_rocksdb(directory);
  if (!store) {
    ADD_FAILURE() << store.error().message;
    return make_memory_store();
  }
  return std::move(*store);
}

TEST(RocksDB, KeepsAcrossOpenings) {
  ScratchDirectory dir;
  ASSERT_TRUE(must_open(dir / "s")->write(one(Table::kLog, "k", "v"), false));
  EXPECT_EQ(*must_open(dir / "s")->get(Table::kLog, "k"), "v");
}

TEST(RocksDB, ASecondOpeningInThisProcessIsAConflict) {
  ScratchDirectory dir;
  const auto first = must_open(dir / "s");
  const auto second = open_rocksdb(dir / "s");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr(dir / "s"), HasSubstr("in use by this process")));
  EXPECT_TRUE(first->write(one(Table::kMeta, "still", "works"), true));
}

const test::Child opens("opens", [](const std::string& directory) {
  const auto store = open_rocksdb(directory);
  const std::string said =
      store ? "opened" : (store.error().code == Code::kConflict ? "conflict: " : "other: ") + store.error().message;
  return ::write(3, said.data(), said.size()) > 0 ? 0 : 1;
});

TEST(RocksDB, AnotherProcessIsNamed) {
  ScratchDirectory dir;
  const auto first = must_open(dir / "s");
  const test::Started child = test::run_as_child("opens", dir / "s");
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = ::read(child.output, buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<size_t>(n));
  ::close(child.output);
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  EXPECT_THAT(said, HasSubstr("conflict: "));
  EXPECT_THAT(said,
              HasSubstr("state directory " + (dir / "s") + " is in use by process " + std::to_string(::getpid())));
}

TEST(RocksDB, AnotherFormatIsRefusedWithBothVersions) {
  ScratchDirectory dir;
  const std::string other = std::to_string(kFormatVersion + 1);
  ASSERT_TRUE(must_open(dir / "s")->write(one(Table::kMeta, std::string(kFormatKey), other), true));
  for (const bool read_only : {false, true}) {
    const auto store = read_only ? open_rocksdb_read_only(dir / "s") : open_rocksdb(dir / "s");
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Code::kCorrupt);
    EXPECT_THAT(store.error().message, HasSubstr("state directory " + (dir / "s") + " is of format " + other +
                                                 ", this program reads " + std::to_string(kFormatVersion)));
  }
}

TEST(RocksDB, DataWithoutAFormatIsRefused) {
  ScratchDirectory dir;
  Batch batch = one(Table::kAlerts, "a", "x");
  batch.deletes.push_back({Table::kMeta, std::string(kFormatKey)});
  ASSERT_TRUE(must_open(dir / "s")->write(batch, true));
  const auto store = open_rocksdb(dir / "s");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kCorrupt);
}

TEST(RocksDB, AFolderOfOtherFilesIsRefusedAndLeftAlone) {
  ScratchDirectory dir;
  std::ofstream(dir / "thesis.txt") << "important";
  const auto store = open_rocksdb(dir.path());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("thesis.txt"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(RocksDB, AFileIsRefused) {
  ScratchDirectory dir;
  std::ofstream(dir / "file") << "x";
  EXPECT_EQ(open_rocksdb(dir / "file").error().code, Code::kInvalid);
}

TEST(RocksDB, DamageIsCorrupt) {
  ScratchDirectory dir;
  must_open(dir / "s").reset();
  std::ofstream(dir / "s/CURRENT", std::ios::trunc) << "nonsense";
  const auto store = open_rocksdb(dir / "s");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kCorrupt);
}

TEST(RocksDB, ReadsBesideAWriter) {
  ScratchDirectory dir;
  const auto writer = must_open(dir / "s");
  ASSERT_TRUE(writer->write(one(Table::kMeta, "k", "1"), true));
  const auto reader = open_rocksdb_read_only(dir / "s");
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(*(*reader)->get(Table::kMeta, "k"), "1");
  EXPECT_EQ((*reader)->write(one(Table::kMeta, "k", "2"), true).error().code, Code::kInvalid);
  EXPECT_TRUE(writer->write(one(Table::kMeta, "k", "3"), true));
}

TEST(RocksDB, ReadingWhatIsNotThereCreatesNothing) {
  ScratchDirectory dir;
  EXPECT_EQ(open_rocksdb_read_only(dir / "s").error().code, Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir / "s"));
}

TEST(RocksDB, DroppedDeltasGiveTheirSpaceBack) {
  ScratchDirectory dir;
  const auto store = must_open(dir / "s");
  std::string blob(1 << 20, '\0');
  for (size_t i = 0; i < blob.size(); ++i) blob[i] = static_cast<char>(i * 2654435761u >> 13);
  uint64_t peak = 0;
  constexpr uint64_t kBlobs = 600;
  for (uint64_t i = 0; i < kBlobs; ++i) {
    Batch batch = one(Table::kDelta, big_endian(i), blob);
    if (i % 50 == 49) batch.ranges.push_back({Table::kDelta, big_endian(0), big_endian(i)});
    ASSERT_TRUE(store->write(batch, i % 50 == 49));
    peak = std::max(peak, store->bytes_on_disk());
  }
  // Of 600 MiB written: at most 256 MiB of WAL, and tables of the last 50 MiB and of what waits for its flush, which is
  // more the busier the machine is.
  EXPECT_LT(peak, 430u << 20);
  EXPECT_FALSE(store->get(Table::kDelta, big_endian(0)));
  EXPECT_TRUE(store->get(Table::kDelta, big_endian(kBlobs - 1)));
}

// A disk that takes no more bytes while `full`.
struct Disk {
  std::atomic<bool> full = false;
};

class FullFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FullFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, const Disk& disk)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}
  using rocksdb::FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (disk_.full) return rocksdb::IOStatus::NoSpace("no space left on device");
    return rocksdb::FSWritableFileOwnerWrapper::Append(data, options, context);
  }

 private:
  const Disk& disk_;
};

class FullFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FullFileSystem(const Disk& disk) : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "full"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (disk_.full) return rocksdb::IOStatus::NoSpace("no space left on device");
    auto s = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (s.ok()) *file = std::make_unique<FullFile>(std::move(*file), disk_);
    return s;
  }

 private:
  const Disk& disk_;
};

TEST(RocksDB, AFullDiskIsToldAndGoesOnOnceThereIsSpace) {
  ScratchDirectory dir;
  Disk disk;
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FullFileSystem>(disk));
  {
    RocksOptions options;
    options.env = env.get();
    auto opened = open_rocksdb_with(dir / "s", options);
    ASSERT_TRUE(opened) << opened.error().message;
    auto& store = **opened;
    ASSERT_TRUE(store.write(one(Table::kMeta, "before", "1"), true));
    disk.full = true;
    for (int i = 0; i < 3; ++i) {
      const Status s = store.write(one(Table::kMeta, "lost", "1"), true);
      ASSERT_FALSE(s);
      EXPECT_EQ(s.error().code, Code::kExhausted) << s.error().message;
      EXPECT_THAT(s.error().message, HasSubstr(dir / "s"));
    }
    EXPECT_FALSE(store.get(Table::kMeta, "lost"));
    EXPECT_EQ(*store.get(Table::kMeta, "before"), "1");
    disk.full = false;
    Status s = store.write(one(Table::kMeta, "after", "1"), true);
    ASSERT_TRUE(s) << s.error().message;
  }
  const auto again = must_open(dir / "s");
  EXPECT_TRUE(again->get(Table::kMeta, "before"));
  EXPECT_TRUE(again->get(Table::kMeta, "after"));
}

}  // namespace
}  // namespace tocsin::state
