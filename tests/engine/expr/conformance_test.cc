// The Common Expression Language's own conformance cases, through the same door as `tocsin eval --batch`.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include "expr/eval_json.h"
#include "expr/json_value.h"

namespace tocsin::expr {
namespace {

std::filesystem::path data_file() {
  const char* set = std::getenv("TOCSIN_DATA");
  const std::filesystem::path folder =
      set ? std::filesystem::path(set) : std::filesystem::path(TOCSIN_ROOT) / ".." / "shared" / "data";
  return folder / "cel_conformance.ndjson.gz";
}

std::string read_gzip(const std::filesystem::path& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");
  char buffer[16384];
  for (int n = 0; file && (n = gzread(file, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(n));
  if (file) gzclose(file);
  return out;
}

// The expected value, written the way that eval_request writes.
std::string normalised(simdjson::dom::element tagged) {
  Arena arena;
  Value value;
  std::string why;
  EXPECT_TRUE(value_from_json(tagged, arena, value, why)) << why;
  std::string out;
  append_tagged_json(out, value);
  return out;
}

TEST(Conformance, AllCases) {
  const std::filesystem::path path = data_file();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  std::istringstream lines(read_gzip(path));
  simdjson::dom::parser parser;
  int cases = 0;
  int passed = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const std::string got = eval_request(line);
    simdjson::dom::element json;
    ASSERT_EQ(parser.parse(line).get(json), simdjson::SUCCESS);
    simdjson::dom::element expected;
    const bool is_value = json["value"].get(expected) == simdjson::SUCCESS;
    const bool good = is_value ? got == normalised(expected) : got.starts_with("{\"error\":");
    EXPECT_TRUE(good) << line << "\n  got " << got;
    passed += good ? 1 : 0;
  }
  EXPECT_EQ(cases, 638);
  EXPECT_EQ(passed, 638);
}

}  // namespace
}  // namespace tocsin::expr
