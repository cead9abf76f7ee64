#pragma once
// The sources that a config names, each with the decoder that reads it: those of the running service, or a second set
// over the same logs, which changes nothing of the first.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/cli/config.h"
#include "connectors/cli/decoders.h"
#include "runtime/warm_up.h"
#include "state/log.h"

namespace tocsin::cli {

class Inputs {
 public:
  struct Of {
    const Config& config;
    TimeZone zone;
    std::string key;                 // of the identity tokens
    state::Log& log;                 // must outlive the inputs
    std::vector<std::string> known;  // partitions that the state has read
    bool second = false;             // beside the running service's own
  };
  // The first source that cannot be opened is the error. kInvalid with `second`: standard input cannot be read twice.
  static Result<std::unique_ptr<Inputs>> open(const Of& of);
  // The log of people's actions, which no config names and no decoder reads.
  runtime::Source& add_actions(state::Log& log);
  // But for actions, in the order of the config. Valid as long as the Inputs.
  const std::vector<runtime::WarmUp::Input>& inputs() const { return inputs_; }
  // But for files.
  const std::vector<std::unique_ptr<runtime::Source>>& sources() const { return sources_; }
  // After the sources were sought: hands the files' headers to their decoders.
  Status read_headers();

 private:
  Status add(const Of& of, const SourceConfig& source);
  Status add_files(const Of& of, const SourceConfig& source);
  std::vector<std::unique_ptr<runtime::Decoder>> decoders_;
  std::vector<std::unique_ptr<runtime::Source>> sources_;
  std::vector<std::unique_ptr<FileInput>> files_;
  std::vector<runtime::WarmUp::Input> inputs_;
};

}  // namespace tocsin::cli
