#include "connectors/cli/requeue.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "connectors/cli/clocks.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/ingest.h"
#include "connectors/cli/kafka_parts.h"
#include "event/event_writer.h"
#include "runtime/engine.h"
#include "state/log.h"

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

// Reads the record anew and answers its canonical JSON.
Result<std::string> read_again(const Letter& l, const Requeue& r, const std::string& key) {
  if (l.letter.partition.starts_with("log/")) {
    return invalid("it came by HTTP, where only a masked copy is kept; its sender must send it again");
  }
  DecoderRequest request;
  request.feed = r.feed;
  request.key = key;
  auto zone = TimeZone::load("Asia/Shanghai");
  if (zone) request.zone = *zone;
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
  std::string json;
  append_event(json, event);
  return json;
}

}  // namespace

int requeue(const Requeue& r) {
  auto key = privacy_key();
  if (!key) return fail(key.error());
  auto store = state::open_rocksdb(r.directory);
  if (!store) return fail(store.error());
  auto log = state::Log::open(**store, {kIngestTopic, kActionsTopic}, {});
  if (!log) return fail(log.error());
  auto letters = wanted(**store, r.numbers);
  if (!letters) return fail(letters.error());
  if (letters->empty()) return fail(kUsage, "no rejected record to put back");
  auto progress = (*store)->get(state::Table::kMeta, "progress");
  auto known = progress ? runtime::Progress::decode(*progress) : Result<runtime::Progress>(progress.error());
  if (!known) return fail(known.error());
  const bool read = known->partitions.contains(std::string("log/") + kIngestTopic);
  size_t taken = 0;
  for (const Letter& l : *letters) {
    auto json = read_again(l, r, *key);
    if (!json) {
      std::cout << l.number << "  " << l.letter.place << "  refused again: " << json.error().message << '\n';
      continue;
    }
    const std::string_view payloads[] = {*json};
    if (auto offset = (*log)->append(kIngestTopic, payloads, SystemClock().now()); !offset) return fail(offset.error());
    state::Batch batch;
    batch.deletes.push_back({state::Table::kDead, state::big_endian(l.number)});
    if (auto s = (*store)->write(batch, true); !s) return fail(s.error());
    ++taken;
  }
  std::cout << taken << " of " << letters->size() << " records put back; "
            << (read ? "the service reads them when it starts\n"
                     : "they wait in this state's log for a service whose sources have `- ingest: {}`\n");
  return taken == letters->size() ? kWell : kFound;
}

}  // namespace tocsin::cli
