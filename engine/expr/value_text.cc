// Values as text: plain JSON for alerts, tagged JSON for `tocsin eval`, and text for people.
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "expr/instant.h"
#include "expr/value.h"
#include "time/format.h"

namespace tocsin::expr {
namespace {

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += k <= n ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
  }
}

std::string time_text(const Value& v) {
  std::string s;
  if (v.is(Tag::kTimestamp)) {
    append_instant(s, v.instant());
  } else {
    append_instant_duration(s, v.instant());
  }
  return s;
}

void append_quoted_base64(std::string& out, std::string_view bytes) {
  out += '"';
  append_base64(out, bytes);
  out += '"';
}

void append_point(std::string& out, const Value& v) {
  out += "{\"lon\":";
  append_json_number(out, v.lon);
  out += ",\"lat\":";
  append_json_number(out, v.lat);
  out += '}';
}

template <typename Each, typename Items>
void append_joined(std::string& out, const Items& items, Each&& each) {
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    each(item);
  }
}

// A key of a plain JSON object must be a string.
void append_json_key(std::string& out, const Value& key) {
  std::string text;
  append_text(text, key);
  append_json_string(out, text);
}

void append_tagged_double(std::string& out, double d) {
  if (std::isnan(d)) {
    out += "\"NaN\"";
  } else if (std::isinf(d)) {
    out += d < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  } else {
    append_json_number(out, d);
  }
}

void append_seconds_nanos(std::string& out, const Value& v) {
  out += "{\"seconds\":" + std::to_string(v.seconds) + ",\"nanos\":" + std::to_string(v.nanos) + '}';
}

void append_tagged_list(std::string& out, const List& list) {
  out += '[';
  append_joined(out, list.items, [&](const Value& item) { append_tagged_json(out, item); });
  out += ']';
}

void append_tagged_map(std::string& out, const Map& map) {
  out += '[';
  append_joined(out, map.entries, [&](const MapEntry& e) {
    out += '[';
    append_tagged_json(out, e.key);
    out += ',';
    append_tagged_json(out, e.value);
    out += ']';
  });
  out += ']';
}

std::string_view tag_name(Tag tag) {
  switch (tag) {
    case Tag::kNull:
      return "null";
    case Tag::kTimestamp:
      return "timestamp";
    case Tag::kDuration:
      return "duration";
    default:
      return name_of(tag);
  }
}

void append_number_text(std::string& out, double d) {
  if (std::isfinite(d)) return append_json_number(out, d);
  out += std::isnan(d) ? "NaN" : (d < 0 ? "-inf" : "inf");
}

void append_list_text(std::string& out, const List& list) {
  std::vector<std::string> parts;
  bool ascii = true;
  for (const Value& item : list.items) {
    append_text(parts.emplace_back(), item);
    for (const char c : parts.back()) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += ascii ? ", " : "\xE3\x80\x81";
    out += parts[i];
  }
}

void append_map_text(std::string& out, const Map& map) {
  for (size_t i = 0; i < map.entries.size(); ++i) {
    if (i > 0) out += ", ";
    append_text(out, map.entries[i].key);
    out += ": ";
    append_text(out, map.entries[i].value);
  }
}

}  // namespace

void append_json(std::string& out, const Value& v) {
  switch (v.tag) {
    case Tag::kNull:
    case Tag::kError:
      out += "null";
      return;
    case Tag::kBool:
      out += v.b ? "true" : "false";
      return;
    case Tag::kInt:
      out += std::to_string(v.i);
      return;
    case Tag::kUint:
      out += std::to_string(v.u);
      return;
    case Tag::kDouble:
      append_json_number(out, v.d);
      return;
    case Tag::kString:
    case Tag::kType:
      append_json_string(out, v.str());
      return;
    case Tag::kBytes:
      append_quoted_base64(out, v.str());
      return;
    case Tag::kTimestamp:
    case Tag::kDuration:
      append_json_string(out, time_text(v));
      return;
    case Tag::kPoint:
      append_point(out, v);
      return;
    case Tag::kList:
      out += '[';
      append_joined(out, v.list->items, [&](const Value& item) { append_json(out, item); });
      out += ']';
      return;
    case Tag::kMap:
      out += '{';
      append_joined(out, v.map->entries, [&](const MapEntry& e) {
        append_json_key(out, e.key);
        out += ':';
        append_json(out, e.value);
      });
      out += '}';
      return;
  }
}

void append_tagged_json(std::string& out, const Value& v) {
  out += "{\"";
  out += tag_name(v.tag);
  out += "\":";
  switch (v.tag) {
    case Tag::kDouble:
      append_tagged_double(out, v.d);
      break;
    case Tag::kTimestamp:
    case Tag::kDuration:
      append_seconds_nanos(out, v);
      break;
    case Tag::kList:
      append_tagged_list(out, *v.list);
      break;
    case Tag::kMap:
      append_tagged_map(out, *v.map);
      break;
    case Tag::kError:
      append_json_string(out, v.str());
      break;
    default:
      append_json(out, v);
      break;
  }
  out += '}';
}

void append_text(std::string& out, const Value& v) {
  switch (v.tag) {
    case Tag::kNull:
      return;
    case Tag::kBool:
      out += v.b ? "true" : "false";
      return;
    case Tag::kInt:
      out += std::to_string(v.i);
      return;
    case Tag::kUint:
      out += std::to_string(v.u);
      return;
    case Tag::kDouble:
      append_number_text(out, v.d);
      return;
    case Tag::kString:
    case Tag::kType:
      out += v.str();
      return;
    case Tag::kBytes:
      append_base64(out, v.str());
      return;
    case Tag::kTimestamp:
      out += time_text(v);
      return;
    case Tag::kDuration: {
      const DurationMs ms = v.ms();
      out += ms < 0 ? "-" + format_duration(-ms) : format_duration(ms);
      return;
    }
    case Tag::kPoint:
      append_number_text(out, v.lon);
      out += ' ';
      append_number_text(out, v.lat);
      return;
    case Tag::kList:
      append_list_text(out, *v.list);
      return;
    case Tag::kMap:
      append_map_text(out, *v.map);
      return;
    case Tag::kError:
      out += '?';
      return;
  }
}

}  // namespace tocsin::expr
