#include "connectors/cli/inputs.h"

#include <algorithm>

#include "connectors/cli/ingest.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/file/embedded_source.h"

namespace tocsin::cli {

Result<std::unique_ptr<Inputs>> Inputs::open(const Of& of) {
  auto out = std::make_unique<Inputs>();
  for (const SourceConfig& s : of.config.sources) {
    if (auto added = out->add(of, s); !added) return added.error();
  }
  return out;
}

Status Inputs::add_files(const Of& of, const SourceConfig& s) {
  if (of.second && std::ranges::find(s.paths, "-") != s.paths.end()) {
    return invalid("standard input cannot be read a second time");
  }
  const Config& c = of.config;
  auto opened =
      FileInput::open(s.paths, {s.feed, of.zone, c.lateness, of.key, c.known_sources, false, c.areas}, s.follow);
  if (!opened) return opened.error();
  files_.push_back(std::move(*opened));
  FileInput* input = files_.back().get();
  inputs_.push_back({&input->source(), [input](uint32_t partition) { return input->decoder(partition); }});
  return {};
}

Status Inputs::add(const Of& of, const SourceConfig& s) {
  if (s.kind == SourceConfig::Kind::kFile) return add_files(of, s);
  const Config& c = of.config;
  const bool ingest = s.kind == SourceConfig::Kind::kIngest;
  auto decoder = make_decoder({s.feed, of.zone, c.lateness, of.key, c.known_sources, ingest, c.areas});
  if (!decoder) return decoder.error();
  decoders_.push_back(std::move(*decoder));
  if (ingest) decoders_.back() = std::make_unique<IngestDecoder>(std::move(decoders_.back()), c.lateness);
  if (ingest && c.ingest_topic.empty()) {
    sources_.push_back(std::make_unique<file::EmbeddedSource>(of.log, kIngestTopic, !of.second));
  } else {
    SourceConfig topics = s;
    if (ingest) topics.topics = {c.ingest_topic};
    auto kafka = make_kafka_source(c.kafka, topics, of.known);
    if (!kafka) return kafka.error();
    sources_.push_back(std::move(*kafka));
  }
  inputs_.push_back({sources_.back().get(), [d = decoders_.back().get()](uint32_t) { return d; }});
  return {};
}

runtime::Source& Inputs::add_actions(state::Log& log) {
  sources_.push_back(std::make_unique<file::EmbeddedSource>(log, kActionsTopic));
  return *sources_.back();
}

Status Inputs::read_headers() {
  for (const auto& input : files_) {
    if (auto s = input->read_headers(); !s) return s;
  }
  return {};
}

}  // namespace tocsin::cli
