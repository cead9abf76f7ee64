#include "connectors/file/file_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/engine/state/scratch.h"

namespace tocsin::file {
namespace {

using runtime::PollState;
using runtime::Record;
using test::ScratchDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
void append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

std::string gzip(std::string_view text) {
  z_stream z = {};
  EXPECT_EQ(::deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  ::deflateEnd(&z);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

std::string numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "{\"n\": " + std::to_string(i) + ", \"pad\": \"abcdefghijklmnop\"}\n";
  return text;
}

// A record's end where quotes protect newlines, enough of CSV for these tests.
size_t csv_end(std::string_view s) {
  bool quoted = false;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '"') quoted = !quoted;
    if (s[i] == '\n' && !quoted) return i + 1;
  }
  return std::string_view::npos;
}

std::unique_ptr<FileSource> must_open(FileSourceOptions options) {
  auto source = FileSource::open(std::move(options));
  if (!source) {
    ADD_FAILURE() << source.error().message;
    std::abort();
  }
  return std::move(*source);
}

struct Got {
  std::vector<std::string> payloads;
  std::vector<std::string> faults;
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> next;
  std::vector<std::string> errors;
};

// Everything to the end. Reads the padding too, so that the address sanitizer sees when it is not there.
Got drain(FileSource& source, size_t max = 100) {
  Got got;
  std::vector<Record> records;
  for (int polls = 0; polls < 1'000'000; ++polls) {
    records.clear();
    const auto state = source.poll(max, 0, records);
    if (!state) {
      got.errors.push_back(state.error().message);
      continue;
    }
    for (const auto& r : records) {
      volatile char sum = 0;
      for (size_t i = 0; i < RecordReader::kPadding; ++i)
        sum = static_cast<char>(sum + r.payload.data()[r.payload.size() + i]);
      got.payloads.emplace_back(r.payload);
      got.faults.emplace_back(r.fault);
      got.offsets.push_back(r.offset);
      got.next.push_back(r.next_offset);
    }
    if (*state == PollState::kEnd) return got;
  }
  ADD_FAILURE() << "no end";
  return got;
}

class FileSourceTest : public testing::Test {
 protected:
  ScratchDirectory dir_;
};

TEST_F(FileSourceTest, ReadsLinesWithOffsets) {
  write(dir_ / "a", "one\n\ntwo\r\n\r\nthree");
  const auto source = must_open({.paths = {dir_ / "a"}});
  EXPECT_THAT(source->partitions(), ElementsAre(dir_ / "a"));
  ASSERT_TRUE(source->seek(std::vector<uint64_t>{UINT64_MAX}));
  const Got got = drain(*source);
  EXPECT_THAT(got.payloads, ElementsAre("one", "two", "three"));
  EXPECT_THAT(got.offsets, ElementsAre(0, 5, 12));
  EXPECT_THAT(got.next, ElementsAre(4, 10, 17));
  EXPECT_TRUE(source->ended(0));
  EXPECT_EQ(source->progress().bytes, 17u);
  EXPECT_EQ(source->progress().total, 17u);
}

TEST_F(FileSourceTest, EmptyFilesEnd) {
  for (const std::string& text : {std::string(), std::string("\n\r\n\n"), std::string("\xef\xbb\xbf")}) {
    write(dir_ / "a", text);
    const auto source = must_open({.paths = {dir_ / "a"}});
    EXPECT_THAT(drain(*source).payloads, IsEmpty());
  }
}

TEST_F(FileSourceTest, LeavesOutAByteOrderMark) {
  write(dir_ / "a", "\xef\xbb\xbfone\ntwo\n");
  const auto source = must_open({.paths = {dir_ / "a"}});
  const Got got = drain(*source);
  EXPECT_THAT(got.payloads, ElementsAre("one", "two"));
  EXPECT_THAT(got.offsets, ElementsAre(3, 7));
}

TEST_F(FileSourceTest, CompressedFilesGiveTheSameRecordsAndOffsets) {
  const std::string text = numbered(200'000);
  write(dir_ / "plain", text);
  const size_t half = text.find('\n', text.size() / 2) - 5;  // members and frames need not end with lines
  write(dir_ / "gz", gzip(text.substr(0, half)) + gzip(text.substr(half)));
  write(dir_ / "zst", zstd(text.substr(0, half)) + zstd(text.substr(half)));
  const Got plain = drain(*must_open({.paths = {dir_ / "plain"}}), 5000);
  ASSERT_EQ(plain.payloads.size(), 200'000u);
  for (const char* name : {"gz", "zst"}) {
    const auto source = must_open({.paths = {dir_ / name}});
    const Got got = drain(*source, 7777);
    EXPECT_TRUE(got.payloads == plain.payloads) << name;
    EXPECT_TRUE(got.offsets == plain.offsets) << name;
    EXPECT_THAT(got.errors, IsEmpty());
    EXPECT_EQ(source->progress().bytes, source->progress().total);
  }
}

TEST_F(FileSourceTest, ResumesAnywhere) {
  const std::string text = "\xef\xbb\xbf" + numbered(50'000);
  write(dir_ / "plain", text);
  write(dir_ / "gz", gzip(text));
  write(dir_ / "zst", zstd(text));
  const Got whole = drain(*must_open({.paths = {dir_ / "plain"}}), 5000);
  for (const char* name : {"plain", "gz", "zst"}) {
    for (const size_t i : {size_t{0}, size_t{1}, size_t{77}, size_t{49'998}, size_t{49'999}}) {
      const auto source = must_open({.paths = {dir_ / name}});
      const std::vector<uint64_t> from = {whole.next[i]};
      ASSERT_TRUE(source->seek(from));
      const Got got = drain(*source, 5000);
      EXPECT_EQ(got.payloads.size(), 50'000 - i - 1) << name << i;
      if (!got.payloads.empty()) {
        EXPECT_EQ(got.payloads[0], whole.payloads[i + 1]);
        EXPECT_EQ(got.offsets[0], whole.offsets[i + 1]);
        EXPECT_EQ(source->place(0, got.offsets[0]), (dir_ / name) + ":" + std::to_string(i + 2));
      }
    }
  }
}

TEST_F(FileSourceTest, AnOffsetPastTheEndIsNotFound) {
  write(dir_ / "a", "one\n");
  write(dir_ / "b", gzip("one\n"));
  for (const char* name : {"a", "b"}) {
    const auto source = must_open({.paths = {dir_ / name}});
    const Status s = source->seek(std::vector<uint64_t>{5});
    ASSERT_FALSE(s);
    EXPECT_EQ(s.error().code, Code::kNotFound);
    EXPECT_THAT(s.error().message, HasSubstr(dir_ / name));
  }
}

TEST_F(FileSourceTest, OversizedRecordsAreTheOnlyOnesLost) {
  const std::string big(100'000, 'x');
  for (const size_t limit : {size_t{1000}, size_t{1u << 20}}) {
    const std::string huge(limit == 1000 ? 5'000'000 : 9'000'000, 'y');
    const std::string text = "one\n" + (limit == 1000 ? big : std::string("two")) + "\n" + huge + "\nlast\n" + huge;
    write(dir_ / "a", text);
    const auto source = must_open({.paths = {dir_ / "a"}, .max_record = limit});
    const Got got = drain(*source);
    ASSERT_EQ(got.payloads.size(), 5u);
    EXPECT_EQ(got.payloads[0], "one");
    EXPECT_THAT(got.faults, ElementsAre("", limit == 1000 ? "oversized" : "", "oversized", "", "oversized"));
    EXPECT_EQ(got.payloads[2], std::string(RecordReader::kFaultBytes, 'y'));
    EXPECT_EQ(got.payloads[3], "last");
    for (size_t i = 1; i < 5; ++i) EXPECT_EQ(got.offsets[i], got.next[i - 1]);
    EXPECT_EQ(got.next[4], text.size());
  }
}

TEST_F(FileSourceTest, ARecordOfExactlyTheLimitPasses) {
  write(dir_ / "a", std::string(1000, 'x') + "\n" + std::string(1001, 'y') + "\n" + std::string(1000, 'z'));
  const auto source = must_open({.paths = {dir_ / "a"}, .max_record = 1000});
  EXPECT_THAT(drain(*source).faults, ElementsAre("", "oversized", ""));
}

TEST_F(FileSourceTest, ATruncatedFileGivesAllItHasThenAnError) {
  const std::string text = numbered(20'000);
  for (const bool gz : {true, false}) {
    std::string bytes = gz ? gzip(text) : zstd(text);
    bytes.resize(bytes.size() - 20);
    write(dir_ / "cut", bytes);
    write(dir_ / "whole", "fine\n");
    const auto source = must_open({.paths = {dir_ / "cut", dir_ / "whole"}});
    const Got got = drain(*source, 5000);
    ASSERT_EQ(got.errors.size(), 1u);
    EXPECT_THAT(got.errors[0], HasSubstr((dir_ / "cut") + ": the compressed data ends early"));
    EXPECT_GT(got.payloads.size(), gz ? 10'000u : 1u);
    size_t faults = 0;
    for (size_t i = 0; i < got.faults.size(); ++i) {
      if (!got.faults[i].empty()) {
        ++faults;
        EXPECT_EQ(got.faults[i], "truncated");
      } else {
        EXPECT_TRUE(got.payloads[i].ends_with("}") || got.payloads[i] == "fine");
      }
    }
    EXPECT_LE(faults, 1u);
  }
}

TEST_F(FileSourceTest, DamageInTheMiddleIsTold) {
  std::string bytes = gzip(numbered(50'000));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  bytes[bytes.size() / 2 + 1] = static_cast<char>(bytes[bytes.size() / 2 + 1] ^ 0x55);
  write(dir_ / "a", bytes);
  const Got got = drain(*must_open({.paths = {dir_ / "a"}}), 5000);
  ASSERT_EQ(got.errors.size(), 1u);
  EXPECT_THAT(got.errors[0], HasSubstr("is damaged"));
}

TEST_F(FileSourceTest, AllMissingFilesAreNamed) {
  write(dir_ / "a", "x\n");
  const auto source = FileSource::open({.paths = {dir_ / "no1", dir_ / "a", dir_.path(), dir_ / "no2"}});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Code::kNotFound);
  EXPECT_THAT(source.error().message, HasSubstr(dir_ / "no1"));
  EXPECT_THAT(source.error().message, HasSubstr(dir_ / "no2"));
  EXPECT_THAT(source.error().message, HasSubstr("is a folder"));
}

TEST_F(FileSourceTest, SeveralFilesArePartitionsReadInTurns) {
  write(dir_ / "a", "a1\na2\na3\n");
  write(dir_ / "b", "b1\n");
  const auto source = must_open({.paths = {dir_ / "a", dir_ / "b"}});
  const Got got = drain(*source, 1);
  EXPECT_THAT(got.payloads, ElementsAre("a1", "b1", "a2", "a3"));
}

TEST_F(FileSourceTest, APartitionIsFetchedByItself) {
  write(dir_ / "a", "a1\na2\n");
  write(dir_ / "b", "b1\n");
  const auto source = must_open({.paths = {dir_ / "a", dir_ / "b"}});
  std::vector<Record> records;
  ASSERT_EQ(*source->poll_partition(1, 10, 0, records), PollState::kRecords);
  ASSERT_EQ(*source->poll_partition(0, 1, 0, records), PollState::kRecords);
  ASSERT_EQ(*source->poll_partition(1, 10, 0, records), PollState::kEnd);
  EXPECT_TRUE(source->ended(1));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].payload, "b1");
  EXPECT_EQ(records[0].partition, 1u);
  EXPECT_EQ(records[1].payload, "a1");
  source->hold(0, true);
  EXPECT_EQ(*source->poll(10, 0, records), PollState::kIdle);
  source->hold(0, false);
  EXPECT_EQ(*source->poll(10, 0, records), PollState::kRecords);
}

TEST_F(FileSourceTest, CsvRecordsSpanLinesAndTheHeaderIsKept) {
  write(dir_ / "a", "\xef\xbb\xbfid,\"te\nxt\"\r\n1,\"a\nb\"\n2,c\n3,\"d\n\ne\"");
  FileSourceOptions options{.paths = {dir_ / "a"}, .record_end = csv_end, .header = true};
  const auto source = must_open(options);
  ASSERT_TRUE(source->seek(std::vector<uint64_t>{UINT64_MAX}));
  EXPECT_EQ(source->header(0), "id,\"te\nxt\"");
  const Got got = drain(*source);
  EXPECT_THAT(got.payloads, ElementsAre("1,\"a\nb\"", "2,c", "3,\"d\n\ne\""));
  EXPECT_EQ(source->place(0, got.offsets[0]), (dir_ / "a") + ":3");
  EXPECT_EQ(source->place(0, got.offsets[1]), (dir_ / "a") + ":5");
  EXPECT_EQ(source->place(0, got.offsets[0]), (dir_ / "a") + ":3");  // backwards too

  const auto resumed = must_open(options);
  ASSERT_TRUE(resumed->seek(std::vector<uint64_t>{got.next[0]}));
  EXPECT_EQ(resumed->header(0), "id,\"te\nxt\"");
  EXPECT_THAT(drain(*resumed).payloads, ElementsAre("2,c", "3,\"d\n\ne\""));
}

TEST_F(FileSourceTest, AStrayQuoteCostsItsLineOnly) {
  write(dir_ / "a", "1,a\n2,\"b\n3,c\n4,d\n");
  const auto source = must_open({.paths = {dir_ / "a"}, .record_end = csv_end});
  const Got got = drain(*source);
  EXPECT_THAT(got.payloads, ElementsAre("1,a", "2,\"b", "3,c", "4,d"));
  EXPECT_THAT(got.faults, ElementsAre("", "malformed", "", ""));
}

TEST_F(FileSourceTest, AStrayQuoteFarFromTheEndCostsItsLineOnly) {
  std::string text = "1,\"a\n";
  for (int i = 0; i < 1000; ++i) text += "2,b\n";
  write(dir_ / "a", text);
  const auto source = must_open({.paths = {dir_ / "a"}, .record_end = csv_end, .max_record = 1000});
  const Got got = drain(*source);
  ASSERT_EQ(got.payloads.size(), 1001u);
  EXPECT_EQ(got.payloads[0], "1,\"a");
  EXPECT_EQ(got.faults[0], "malformed");
  EXPECT_EQ(got.faults[1], "");
}

// Standard input is a pipe here.
class PipedInput {
 public:
  PipedInput() : saved_(::dup(0)) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    ::dup2(ends[0], 0);
    ::close(ends[0]);
    in_ = ends[1];
  }
  ~PipedInput() {
    close();
    ::dup2(saved_, 0);
    ::close(saved_);
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::write(in_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }

 private:
  int saved_;
  int in_ = -1;
};

TEST_F(FileSourceTest, StandardInputIsReadAsItComes) {
  PipedInput input;
  input.write("one\ntw");
  const auto source = must_open({.paths = {"-"}});
  EXPECT_THAT(source->partitions(), ElementsAre("-"));
  std::vector<Record> records;
  ASSERT_EQ(*source->poll(10, 0, records), PollState::kRecords);
  EXPECT_EQ(records[0].payload, "one");
  ASSERT_EQ(*source->poll(10, 0, records), PollState::kIdle);
  input.write("o\nthree");
  input.close();
  const Got got = drain(*source);
  EXPECT_THAT(got.payloads, ElementsAre("two", "three"));
  EXPECT_EQ(source->place(0, got.offsets[1]), "<stdin>:3");
  EXPECT_EQ(source->progress().total, 0u);
}

TEST_F(FileSourceTest, StandardInputMayBeCompressedAndResumedBySkipping) {
  PipedInput input;
  input.write(gzip("one\ntwo\nthree\n"));
  input.close();
  const auto source = must_open({.paths = {"-"}});
  ASSERT_TRUE(source->seek(std::vector<uint64_t>{4}));
  EXPECT_THAT(drain(*source).payloads, ElementsAre("two", "three"));
}

class FollowTest : public FileSourceTest {
 protected:
  void open() {
    source_ = must_open({.paths = {dir_ / "log"}, .follow = true});
    ASSERT_TRUE(source_->seek(std::vector<uint64_t>{from_}));
  }
  std::vector<std::string> poll(DurationMs wait = 0) {
    std::vector<Record> records;
    std::vector<std::string> got;
    const auto state = source_->poll(100, wait, records);
    EXPECT_TRUE(state);
    EXPECT_NE(*state, PollState::kEnd);
    for (const auto& r : records) {
      got.emplace_back(r.payload);
      EXPECT_GE(r.offset, last_);
      last_ = r.next_offset;
    }
    return got;
  }
  std::unique_ptr<FileSource> source_;
  uint64_t from_ = UINT64_MAX;
  uint64_t last_ = 0;
};

TEST_F(FollowTest, GoesOnAsTheFileGrows) {
  write(dir_ / "log", "one\ntw");
  open();
  EXPECT_FALSE(source_->at_head(0));
  EXPECT_THAT(poll(), ElementsAre("one"));
  EXPECT_THAT(poll(), IsEmpty());
  EXPECT_TRUE(source_->at_head(0));
  append(dir_ / "log", "o\nthree\n");
  EXPECT_THAT(poll(), ElementsAre("two", "three"));
  EXPECT_FALSE(source_->ended(0));
}

TEST_F(FollowTest, AWaitEndsWithAChange) {
  write(dir_ / "log", "");
  open();
  EXPECT_THAT(poll(), IsEmpty());
  std::thread writer([&] { append(dir_ / "log", "one\n"); });
  const auto before = std::chrono::steady_clock::now();
  std::vector<std::string> got;
  while (got.empty()) got = poll(60'000);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(50));
  EXPECT_THAT(got, ElementsAre("one"));
  writer.join();
}

TEST_F(FollowTest, FollowsARotation) {
  write(dir_ / "log", "one\n");
  open();
  EXPECT_THAT(poll(), ElementsAre("one"));
  append(dir_ / "log", "two\nunfinished");
  std::filesystem::rename(dir_ / "log", dir_ / "log.1");
  EXPECT_THAT(poll(), ElementsAre("two"));
  EXPECT_THAT(poll(), IsEmpty()) << "the new file is not there yet";
  write(dir_ / "log", "three\n");
  EXPECT_THAT(poll(), ElementsAre("unfinished"));
  EXPECT_THAT(poll(), ElementsAre("three"));
  append(dir_ / "log", "four\n");
  EXPECT_THAT(poll(), ElementsAre("four"));
}

TEST_F(FollowTest, FollowsATruncation) {
  write(dir_ / "log", "a long first line\n");
  open();
  EXPECT_THAT(poll(), ElementsAre("a long first line"));
  write(dir_ / "log", "new\n");
  EXPECT_THAT(poll(), ElementsAre("new"));
  append(dir_ / "log", "newer\n");
  EXPECT_THAT(poll(), ElementsAre("newer"));
}

TEST_F(FollowTest, ReadsAFileFromItsBeginningThatWasReplacedWhileNobodyLooked) {
  write(dir_ / "log", "new\n");
  from_ = 1000;
  last_ = 1000;
  open();
  EXPECT_THAT(poll(), ElementsAre("new"));
  EXPECT_EQ(last_, 1004u);
}

TEST_F(FollowTest, TheInjectedWaiterIsAsked) {
  write(dir_ / "log", "");
  int waits = 0;
  source_ = must_open({.paths = {dir_ / "log"}, .follow = true, .wait = [&](DurationMs ms) {
                         ++waits;
                         EXPECT_EQ(ms, 42);
                         append(dir_ / "log", "x\n");
                       }});
  EXPECT_THAT(poll(42), ElementsAre("x"));
  EXPECT_EQ(waits, 1);
}

}  // namespace
}  // namespace tocsin::file
