#include "connectors/cli/requeue.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "connectors/cli/clocks.h"
#include "connectors/cli/config.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/ingest.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/privacy_key.h"
#include "event/event_writer.h"
#include "runtime/engine.h"
#include "state/log.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

struct Letter {
  uint64_t number;
  runtime::DeadLetter letter;
};

Result<std::vector<Letter>> wanted(const state::Store& store, const std::vector<uint64_t>& numbers) {
  std::vector<Letter> out;
  Status fault;
  const Status s = store.scan(state::Table::kDead, "", "", [&](std::string_view key, std::string_view value) {
    auto letter = runtime::decode_dead_letter(value);
    if (!letter)
      fault = letter.error();
    else if (const uint64_t n = state::from_big_endian(key);
             numbers.empty() || std::ranges::find(numbers, n) != numbers.end()) {
      out.push_back({n, std::move(*letter)});
    }
    return fault.is_ok();
  });
  if (!s) return s.error();
  if (!fault) return fault.error();
  return out;
}

// The source of the config that read this partition, or null.
const SourceConfig* source_of(const Config& config, const std::string& partition) {
  const std::string topic = partition.substr(0, partition.rfind('/'));
  for (const SourceConfig& s : config.sources) {
    const auto& names = s.kind == SourceConfig::Kind::kKafka ? s.topics : s.paths;
    const std::string& name = s.kind == SourceConfig::Kind::kKafka ? topic : partition;
    if (std::ranges::find(names, name) != names.end()) return &s;
  }
  return nullptr;
}

// How the service reads what comes from this partition: with --feed, else as its config says.
DecoderRequest reader_of(const Letter& l, const Requeue& r, const Config& config, const std::string& key) {
  DecoderRequest request;
  const SourceConfig* source = source_of(config, l.letter.partition);
  request.feed = r.feed.empty() && source != nullptr ? source->feed : r.feed;
  request.key = key;
  request.lateness = config.lateness;
  request.sources = config.known_sources;
  request.areas = config.areas;
  if (auto zone = TimeZone::load(config.zone)) request.zone = *zone;  // the config's reader knows the zone
  return request;
}

struct ReadAgain {
  std::string json;  // the canonical event
  TimeMs occurred_at = 0;
};

// Reads the record anew.
Result<ReadAgain> read_again(const Letter& l, const Requeue& r, const Config& config, const std::string& key) {
  if (l.letter.partition.starts_with("log/")) {
    return invalid("it came by HTTP, where only a masked copy is kept; its sender must send it again");
  }
  const DecoderRequest request = reader_of(l, r, config, key);
  std::vector<runtime::Record> records;
  std::unique_ptr<FileInput> files;
  std::unique_ptr<runtime::Source> kafka;
  std::unique_ptr<runtime::Decoder> own;
  runtime::Decoder* decoder = nullptr;
  if (std::filesystem::exists(l.letter.partition)) {
    auto opened = FileInput::open({l.letter.partition}, request, false);
    if (!opened) return opened.error();
    files = std::move(*opened);
    const uint64_t offsets[] = {l.letter.offset};
    if (auto s = files->source().seek(offsets); !s) return s.error();
    if (auto s = files->read_headers(); !s) return s.error();
    if (auto polled = files->source().poll(1, 0, records); !polled) return polled.error();
    decoder = files->decoder(0);
  } else {
    auto found = read_kafka_record(r.config, l.letter.partition, l.letter.offset, records);
    if (!found) return found.error();
    kafka = std::move(*found);
    auto made = make_decoder(request);
    if (!made) return made.error();
    own = std::move(*made);
    decoder = own.get();
  }
  if (records.empty()) return not_found("the log no longer has it");
  Arena arena(16 * 1024);
  Event event;
  runtime::Rejection why;
  if (!records[0].fault.empty()) return invalid("the record is " + std::string(records[0].fault));
  if (!decoder->decode(records[0].payload, arena, event, why))
    return invalid(std::string(why.reason) + ": " + why.message);
  ReadAgain out{{}, event.occurred_at};
  append_event(out.json, event);
  return out;
}

// The service's config; without one, what holds where nothing is said.
Result<Config> config_of(const Requeue& r) {
  if (r.config.empty()) return Config{};
  auto text = read_text(r.config);
  if (!text) return text.error();
  std::vector<rule::Diagnostic> diagnostics;
  auto config = parse_config(*text, r.config, diagnostics);
  print(diagnostics);
  if (!config) return invalid(r.config + " cannot be used: it has faults");
  return std::move(*config);
}

// Whether a service reads what is put into this state's log: as its config says, else as it did until now.
Status check_reader(const Requeue& r, const Config& config, const runtime::Progress& known) {
  constexpr char kStay[] = "; the records stay among the rejected ones";
  if (r.config.empty()) {
    if (known.partitions.contains(std::string("log/") + kIngestTopic)) return {};
    return invalid(r.directory +
                   ": the service never read this state's log, into which records are put back. Add "
                   "`- ingest: {}` to the sources of its config and name that with --config" +
                   kStay);
  }
  const bool ingest =
      std::ranges::any_of(config.sources, [](const auto& s) { return s.kind == SourceConfig::Kind::kIngest; });
  if (!ingest) {
    return invalid(r.config +
                   " has no source that reads this state's log, into which records are put back. Add "
                   "`- ingest: {}` to its sources" +
                   kStay);
  }
  if (config.ingest_topic.empty()) return {};
  return invalid(r.config + ": its ingest goes to the topic " + config.ingest_topic +
                 " and does not read this state's log, into which records are put back; send them to that topic" +
                 kStay);
}

void report_end(size_t taken, size_t asked, size_t late, TimeMs watermark) {
  std::cout << taken << " of " << asked << " records put back"
            << (taken > 0 ? "; the service reads them when it starts\n" : "\n");
  if (late == 0) return;
  std::cout << late << (late == 1 ? " of them is" : " of them are") << " older than the watermark ("
            << format_time(watermark) << "): counted as late, and judged only where a rule still keeps that time\n";
}

}  // namespace

int requeue(const Requeue& r) {
  auto key = privacy_key();
  if (!key) return fail(key.error());
  auto config = config_of(r);
  if (!config) return fail(config.error());
  if (std::error_code ec; !std::filesystem::exists(r.directory, ec)) {
    return fail(kUsage, "--state: " + r.directory + " is not there");
  }
  auto store = state::open_rocksdb(r.directory);
  if (!store && store.error().code == Code::kConflict) {
    return fail(kCannotGoOn, r.directory + " is in use: stop its service, put the records back, and start it again");
  }
  if (!store) return fail(store.error());
  if (auto s = check_key(**store, *key, r.directory); !s) return fail(s.error());
  auto log = state::Log::open(**store, {kIngestTopic, kActionsTopic}, {});
  if (!log) return fail(log.error());
  auto letters = wanted(**store, r.numbers);
  if (!letters) return fail(letters.error());
  if (letters->empty()) return fail(kUsage, "no rejected record to put back");
  auto progress = (*store)->get(state::Table::kMeta, "progress");
  auto known = progress ? runtime::Progress::decode(*progress) : Result<runtime::Progress>(progress.error());
  if (!known) return fail(known.error());
  if (auto s = check_reader(r, *config, *known); !s) return fail(s.error());
  size_t taken = 0, late = 0;
  for (const Letter& l : *letters) {
    auto again = read_again(l, r, *config, *key);
    if (!again) {
      std::cout << l.number << "  " << l.letter.place << "  refused again: " << again.error().message << '\n';
      continue;
    }
    const std::string_view payloads[] = {again->json};
    if (auto offset = (*log)->append(kIngestTopic, payloads, SystemClock().now()); !offset) return fail(offset.error());
    state::Batch batch;
    batch.deletes.push_back({state::Table::kDead, state::big_endian(l.number)});
    if (auto s = (*store)->write(batch, true); !s) return fail(s.error());
    ++taken;
    late += again->occurred_at < known->watermark ? 1 : 0;
  }
  report_end(taken, letters->size(), late, known->watermark);
  return taken == letters->size() ? kWell : kFound;
}

}  // namespace tocsin::cli
