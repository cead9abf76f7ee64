#include "connectors/file/file_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/engine/state/scratch.h"

namespace tocsin::file {
namespace {

using test::ScratchDirectory;

std::string contents(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

std::string line(uint64_t sequence) {
  return R"({"id": "waterlogging-0123456789abcdef/)" + std::to_string(sequence) + R"("})";
}
std::string lines(uint64_t first, uint64_t last) {
  std::string all;
  for (uint64_t i = first; i <= last; ++i) all += line(i) + "\n";
  return all;
}

Status publish(FileSink& sink, uint64_t first, uint64_t last) {
  std::vector<std::string> texts;
  for (uint64_t i = first; i <= last; ++i) texts.push_back(line(i));
  std::vector<runtime::Outgoing> batch;
  for (uint64_t i = first; i <= last; ++i) batch.push_back({i, "alert", texts[i - first], kNoTime, false});
  return sink.publish(batch);
}

std::unique_ptr<FileSink> must_open(FileSinkOptions options, uint64_t floor = 0) {
  auto sink = FileSink::open(std::move(options));
  if (!sink) {
    ADD_FAILURE() << sink.error().message;
    std::abort();
  }
  const auto resumed = (*sink)->resume(floor);
  EXPECT_TRUE(resumed);
  EXPECT_EQ(*resumed, floor);
  return std::move(*sink);
}

TEST(FileSink, AppendsLinesAndTellsWhatIsOnDisk) {
  ScratchDirectory dir;
  const auto sink = must_open({.path = dir / "alerts", .sync_lines = 5});
  ASSERT_TRUE(publish(*sink, 1, 3));
  EXPECT_EQ(sink->delivered(), 0u);
  ASSERT_TRUE(publish(*sink, 4, 6));
  EXPECT_EQ(sink->delivered(), 6u);
  ASSERT_TRUE(publish(*sink, 7, 7));
  ASSERT_TRUE(sink->flush(0));
  EXPECT_EQ(sink->delivered(), 7u);
  EXPECT_EQ(contents(dir / "alerts"), lines(1, 7));
}

TEST(FileSink, WritesNothingTwiceAfterACrash) {
  ScratchDirectory dir;
  std::ofstream(dir / "alerts") << lines(1, 10);
  const auto sink = must_open({.path = dir / "alerts"}, 4);  // the state knows of 4 only
  ASSERT_TRUE(publish(*sink, 5, 8));
  ASSERT_TRUE(publish(*sink, 9, 12));
  EXPECT_EQ(contents(dir / "alerts"), lines(1, 12));
}

TEST(FileSink, CutsOffATornLine) {
  ScratchDirectory dir;
  std::ofstream(dir / "alerts") << lines(1, 3) << line(4).substr(0, 9);
  const auto sink = must_open({.path = dir / "alerts"}, 2);
  ASSERT_TRUE(publish(*sink, 3, 4));
  EXPECT_EQ(contents(dir / "alerts"), lines(1, 4));
}

TEST(FileSink, AFileOfOneTornLineIsEmptied) {
  ScratchDirectory dir;
  std::ofstream(dir / "alerts") << line(1).substr(0, 9);
  const auto sink = must_open({.path = dir / "alerts"});
  ASSERT_TRUE(publish(*sink, 1, 1));
  EXPECT_EQ(contents(dir / "alerts"), lines(1, 1));
}

TEST(FileSink, RemembersAcrossReadBlocks) {
  ScratchDirectory dir;
  constexpr uint64_t kLines = 200'000;  // 9 MB
  std::ofstream(dir / "alerts") << lines(1, kLines);
  const auto sink = must_open({.path = dir / "alerts"}, 100);
  ASSERT_TRUE(publish(*sink, 101, kLines + 1));
  EXPECT_EQ(contents(dir / "alerts"), lines(1, kLines + 1));
}

TEST(FileSink, FreshStartsOver) {
  ScratchDirectory dir;
  std::ofstream(dir / "alerts") << lines(1, 3);
  const auto sink = must_open({.path = dir / "alerts", .fresh = true});
  ASSERT_TRUE(publish(*sink, 1, 1));
  EXPECT_EQ(contents(dir / "alerts"), lines(1, 1));
}

TEST(FileSink, AFullDeviceIsBackPressure) {
  const auto sink = must_open({.path = "/dev/full"});
  const Status s = publish(*sink, 1, 1);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kExhausted);
  EXPECT_EQ(sink->delivered(), 0u);
}

TEST(FileSink, APathThatCannotBeWrittenIsInvalid) {
  const auto sink = FileSink::open({.path = "/nowhere/at/all"});
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, Code::kInvalid);
}

TEST(FileSink, WritesToStandardOutput) {
  testing::internal::CaptureStdout();
  const auto sink = must_open({.path = "-"}, 7);
  ASSERT_TRUE(publish(*sink, 8, 9));
  EXPECT_EQ(sink->delivered(), 9u);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), lines(8, 9));
}

}  // namespace
}  // namespace tocsin::file
