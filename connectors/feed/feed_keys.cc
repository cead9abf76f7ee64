#include "connectors/feed/feed_keys.h"

namespace tocsin::feed {
namespace {

constexpr std::array<FeedKey, 13> kKeys = {{
    {"name", "bilingual", "What the feed is called, {zh, en}"},
    {"format", "format", "json: an object a record; csv: a row a record. Required"},
    {"encoding", "encoding", "Of CSV text: utf-8 (the default) or gbk"},
    {"delimiter", "text", "Between CSV cells: one of , ; tab. Default: a comma"},
    {"columns", "names", "Names of the CSV columns, where files have no header row"},
    {"time_zone", "text", "IANA zone of times without an offset. Default: UTC"},
    {"crs", "crs", "Coordinate system of the locations: wgs84 (the default), gcj02, bd09"},
    {"lateness", "text", "How late a record may come, in event time. Default: 10m"},
    {"identities", "identities",
     "{respondent: auto | person | organisation}: whether respondents become tokens. Default: auto"},
    {"where", "expression", "A row for which it is false is no event and left out"},
    {"skip", "expression", "A row for which it is true is no event and left out"},
    {"tables", "tables", "Maps of texts for lookup(table, key) and lookup(table, key, default)"},
    {"fields", "fields", "One expression over `row` for each field of the event"},
}};

}  // namespace

std::span<const FeedKey> feed_keys() { return kKeys; }

bool is_mapped(Field field) { return field != Field::kSource && field != Field::kLocation && field != Field::kCount_; }

}  // namespace tocsin::feed
