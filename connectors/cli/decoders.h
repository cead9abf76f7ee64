#pragma once
// Puts readers together: which decoder a feed name means, how its files are split into records, what it knows of areas.
#include <memory>
#include <string>
#include <vector>

#include "connectors/cli/privacy_key.h"
#include "connectors/feed/feed.h"
#include "connectors/file/file_source.h"
#include "rule/rule_set.h"
#include "runtime/engine.h"
#include "runtime/ports.h"

namespace tocsin::cli {

struct DecoderRequest {
  std::string feed = {};  // a name or a file; empty: canonical events
  TimeZone zone = TimeZone::utc();
  DurationMs lateness = 600'000;          // of canonical events
  std::string key = {};                   // of the identity tokens
  std::vector<std::string> sources = {};  // canonical: names accepted; empty: any
  bool trusted = false;                   // our own log: identities are tokens already
  // CSV files of area codes: a code of a city in them must be there. Empty: codes are judged by their shape alone.
  std::vector<std::string> areas = {};
};
Result<std::unique_ptr<runtime::Decoder>> make_decoder(const DecoderRequest& request);

// Files and their readers: a CSV file has a header of its own, so each file has a decoder of its own.
class FileInput {
 public:
  static Result<std::unique_ptr<FileInput>> open(const std::vector<std::string>& paths, const DecoderRequest& request,
                                                 bool follow);
  file::FileSource& source() { return *source_; }
  runtime::Decoder* decoder(uint32_t partition) { return decoders_[partition].get(); }
  // After the source was sought: hands the files' headers to the decoders. kInvalid: a column is missing, which file.
  Status read_headers();

 private:
  std::unique_ptr<file::FileSource> source_;
  std::vector<std::unique_ptr<runtime::Decoder>> decoders_;
  bool headers_ = false;
};

// The names of the codes in CSV files of areas, as a JSON object; empty where there is none, or a file cannot be read.
std::string area_names_json(const std::vector<std::string>& paths);

// Compiles stored rule texts with the same options.
runtime::CompileRules recompile(rule::LoadOptions options);

}  // namespace tocsin::cli
