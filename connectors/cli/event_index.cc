#include "connectors/cli/event_index.h"

#include <simdjson.h>

#include <algorithm>

#include "base/hash.h"
#include "connectors/cli/ingest.h"

namespace tocsin::cli {
namespace {

uint64_t hash_of(std::string_view source, std::string_view id) {
  std::string text(source);
  return hash64(text.append(1, '\0').append(id));
}

// Reads an event's source and id; false: it is none (a rejection).
bool identity(simdjson::dom::parser& parser, std::string_view payload, std::string_view& source, std::string_view& id) {
  simdjson::dom::element event;
  return parser.parse(payload.data(), payload.size()).get(event) == simdjson::SUCCESS &&
         event["source"].get(source) == simdjson::SUCCESS && event["id"].get(id) == simdjson::SUCCESS;
}

}  // namespace

void EventIndex::catch_up() {
  const uint64_t end = log_.end_offset(kIngestTopic);
  next_ = std::max({next_, log_.begin_offset(kIngestTopic), end > kMost ? end - kMost : 0});
  simdjson::dom::parser parser;
  static_cast<void>(log_.read(kIngestTopic, next_, end - std::min(next_, end), [&](const state::LogRecord& r) {
    std::string_view source, id;
    next_ = r.offset + 1;
    if (!identity(parser, r.payload, source, id)) return true;
    const uint64_t hash = hash_of(source, id);
    offset_of_[hash] = r.offset;
    order_.emplace_back(hash, r.offset);
    return true;
  }));
  while (order_.size() > kMost) {
    const auto [hash, offset] = order_.front();
    order_.pop_front();
    if (const auto it = offset_of_.find(hash); it != offset_of_.end() && it->second == offset) offset_of_.erase(it);
  }
}

std::optional<std::string> EventIndex::find(std::string_view source, std::string_view id) const {
  const auto it = offset_of_.find(hash_of(source, id));
  if (it == offset_of_.end()) return std::nullopt;
  std::optional<std::string> found;
  static_cast<void>(log_.read(kIngestTopic, it->second, 1, [&](const state::LogRecord& r) {
    simdjson::dom::parser parser;
    std::string_view source_there, id_there;
    if (identity(parser, r.payload, source_there, id_there) && source_there == source && id_there == id) {
      found = std::string(r.payload);
    }
    return false;
  }));
  return found;
}

}  // namespace tocsin::cli
