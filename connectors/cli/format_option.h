#pragma once
// `--format text|json`, the same for every listing.
#include <string>

#include "connectors/cli/command_line.h"

namespace tocsin::cli {

inline void add_format(Command& command, std::string& format) {
  command.add_option("--format", format, "text for people, json for programs")
      ->among({"text", "json"})
      ->capture_default_str();
}

}  // namespace tocsin::cli
