#pragma once
// Puts readers together: which decoder a feed name means, how its files are split into records.
#include <memory>
#include <string>
#include <vector>

#include "connectors/cli/privacy_key.h"
#include "connectors/file/file_source.h"
#include "rule/rule_set.h"
#include "runtime/engine.h"
#include "runtime/ports.h"

namespace tocsin::cli {

struct DecoderRequest {
  std::string feed;  // a name or a file; empty: canonical events
  TimeZone zone = TimeZone::utc();
  DurationMs lateness = 600'000;  // of canonical events
  std::string key;                // of the identity tokens
  std::vector<std::string> sources = {};  // canonical: names accepted; empty: any
  bool trusted = false;           // our own log: identities are tokens already
};
Result<std::unique_ptr<runtime::Decoder>> make_decoder(const DecoderRequest& request);

// Opens input files with the record boundaries of the feed's format.
Result<std::unique_ptr<file::FileSource>> open_files(const std::vector<std::string>& paths, const std::string& feed,
                                                     bool follow);
// Compiles stored rule texts with the same options.
runtime::CompileRules recompile(rule::LoadOptions options);

}  // namespace tocsin::cli
