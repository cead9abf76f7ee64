#include "connectors/cli/decoders.h"

#include <algorithm>
#include <map>

#include "base/json_writer.h"
#include "connectors/cli/files.h"

namespace tocsin::cli {
namespace {
Result<std::shared_ptr<const AreaTable>> known_areas(const std::vector<std::string>& paths) {
  auto table = std::make_shared<AreaTable>();
  for (const std::string& path : paths) {
    auto text = read_text(path);
    if (!text) return text.error();
    if (auto s = table->load_csv(*text, path); !s) return s.error();
  }
  return std::shared_ptr<const AreaTable>(table);
}

Result<feed::DecoderOptions> decoder_options(const DecoderRequest& r) {
  auto areas = known_areas(r.areas);
  if (!areas) return areas.error();
  feed::DecoderOptions o;
  o.intake.privacy_key = r.key;
  o.intake.zone = r.zone;
  if (!(*areas)->empty()) o.intake.areas = *areas;
  o.intake.sources.insert(r.sources.begin(), r.sources.end());
  o.intake.trusted = r.trusted;
  o.lateness = r.lateness;
  return o;
}

Result<std::shared_ptr<const feed::Feed>> find_feed(const std::string& name) {
  auto path = resolve(name, "feeds");
  if (!path) return path.error();
  auto text = read_text(*path);
  if (!text) return text.error();
  std::vector<rule::Diagnostic> diagnostics;
  auto feed = feed::load_feed(*text, *path, diagnostics);
  print(diagnostics);
  if (feed == nullptr) return invalid(*path + " cannot be used: it has faults");
  return feed;
}

}  // namespace

std::string area_names_json(const std::vector<std::string>& paths) {
  const auto areas = known_areas(paths);
  if (!areas || (*areas)->empty()) return {};
  std::map<std::string, std::string> names;  // in order, each once
  for (const std::string& path : paths) {
    const auto text = read_text(path);
    if (!text) continue;
    for (size_t at = 0; at < text->size();) {  // whatever its column, a code is a run of digits
      const size_t begin = std::min(text->find_first_of("0123456789", at), text->size());
      at = std::min(text->find_first_not_of("0123456789", begin), text->size());
      const std::string code = text->substr(begin, at - begin);
      if (code.size() != 6 && code.size() != 9 && code.size() != 12) continue;
      if (const std::string_view name = (*areas)->name(code); !name.empty()) names.emplace(code, name);
    }
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  for (const auto& [code, name] : names) w.field(code, name);
  w.end_object();
  return out;
}

Result<std::unique_ptr<runtime::Decoder>> make_decoder(const DecoderRequest& request) {
  auto options = decoder_options(request);
  if (!options) return options.error();
  if (request.feed.empty()) return feed::make_canonical_decoder(std::move(*options));
  auto feed = find_feed(request.feed);
  if (!feed) return feed.error();
  return std::unique_ptr<runtime::Decoder>(feed::make_decoder(*feed, std::move(*options)));
}

Result<std::unique_ptr<FileInput>> FileInput::open(const std::vector<std::string>& paths, const DecoderRequest& request,
                                                   bool follow) {
  auto input = std::make_unique<FileInput>();
  auto options = decoder_options(request);
  if (!options) return options.error();
  file::FileSourceOptions files;
  files.paths = paths;
  files.follow = follow;
  std::shared_ptr<const feed::Feed> feed;
  if (!request.feed.empty()) {
    auto found = find_feed(request.feed);
    if (!found) return found.error();
    feed = *found;
    files.record_end = feed->record_end();
    files.header = input->headers_ = feed->has_header();
  }
  auto source = file::FileSource::open(std::move(files));
  if (!source) return source.error();
  input->source_ = std::move(*source);
  for (size_t i = 0; i < paths.size(); ++i) {
    if (feed != nullptr) {
      input->decoders_.push_back(feed::make_decoder(feed, *options));
      continue;
    }
    auto canonical = feed::make_canonical_decoder(*options);
    if (!canonical) return canonical.error();
    input->decoders_.push_back(std::move(*canonical));
  }
  return input;
}

Status FileInput::read_headers() {
  if (!headers_) return {};
  const auto names = source_->partitions();
  for (uint32_t i = 0; i < decoders_.size(); ++i) {
    auto& decoder = static_cast<feed::FeedDecoder&>(*decoders_[i]);
    if (auto s = decoder.set_header(source_->header(i)); !s) return invalid(names[i] + ":1: " + s.error().message);
  }
  return {};
}

runtime::CompileRules recompile(rule::LoadOptions options) {
  options.retention = INT64_MAX / 4;  // they were accepted in their time, when the log may have been kept for longer
  return [options = std::move(options)](
             std::span<const rule::SourceFile> files) -> Result<std::shared_ptr<const rule::RuleSet>> {
    std::vector<rule::Diagnostic> diagnostics;
    auto set = rule::RuleSet::load(files, options, diagnostics);
    if (set == nullptr) return invalid(diagnostics.empty() ? "unknown fault" : diagnostics.front().en);
    return set;
  };
}

}  // namespace tocsin::cli
