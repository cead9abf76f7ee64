#include "connectors/feed/json_row.h"

#include <vector>

#include "event/json_cursor.h"

namespace tocsin::feed {
namespace {

namespace od = json::od;
using expr::MapEntry;
using expr::Value;
using simdjson::error_code;

}  // namespace

struct JsonRow::Impl {
  od::parser parser;
  Arena* arena = nullptr;
  const char* end = nullptr;
  std::vector<Value> items;       // of the arrays being read, one above the other
  std::vector<MapEntry> entries;  // of the objects being read

  error_code value(od::value v, int depth, Value& out);
  error_code object(od::object fields, int depth, Value& out);
  error_code array(od::array elements, int depth, Value& out);
  error_code number(od::value v, Value& out);
};

error_code JsonRow::Impl::number(od::value v, Value& out) {
  const std::string_view token = v.raw_json_token();
  if (token.find_first_of(".eE") == std::string_view::npos) {
    int64_t i = 0;
    if (v.get_int64().get(i) == simdjson::SUCCESS) {
      out = Value::integer(i);
      return simdjson::SUCCESS;
    }
  }
  double d = 0;
  const error_code e = v.get_double().get(d);
  out = Value::number(d);
  return e;
}

error_code JsonRow::Impl::value(od::value v, int depth, Value& out) {
  if (depth > kMaxJsonDepth) return simdjson::DEPTH_ERROR;
  od::json_type type{};
  if (const error_code e = v.type().get(type)) return e;
  switch (type) {
    case od::json_type::object: {
      od::object fields;
      const error_code e = v.get_object().get(fields);
      return e ? e : object(fields, depth, out);
    }
    case od::json_type::array: {
      od::array elements;
      const error_code e = v.get_array().get(elements);
      return e ? e : array(elements, depth, out);
    }
    case od::json_type::string: {
      od::raw_json_string raw;
      if (const error_code e = v.get_raw_json_string().get(raw)) return e;
      std::string_view text;
      const error_code e = json::text_of(parser, raw, end, *arena, text);
      out = Value::string(text);
      return e;
    }
    case od::json_type::number:
      return number(v, out);
    case od::json_type::boolean: {
      bool b = false;
      const error_code e = v.get_bool().get(b);
      out = Value::boolean(b);
      return e;
    }
    case od::json_type::null: {
      bool null = false;
      if (const error_code e = v.is_null().get(null)) return e;
      out = Value::null();
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
  return simdjson::TAPE_ERROR;
}

error_code JsonRow::Impl::object(od::object fields, int depth, Value& out) {
  const size_t base = entries.size();
  for (auto field : fields) {
    od::raw_json_string raw;
    if (const error_code e = field.key().get(raw)) return e;
    std::string_view key;
    if (const error_code e = json::text_of(parser, raw, end, *arena, key)) return e;
    Value v;
    if (const error_code e = value(field.value().value_unsafe(), depth + 1, v)) return e;
    entries.push_back({Value::string(key), v});
  }
  const size_t n = entries.size() - base;
  auto* const kept = arena->array<MapEntry>(n);
  std::copy(entries.begin() + static_cast<ptrdiff_t>(base), entries.end(), kept);
  entries.resize(base);
  auto* const map = new (arena->array<expr::Map>(1)) expr::Map{{kept, n}};
  out = Value::of(map);
  return simdjson::SUCCESS;
}

error_code JsonRow::Impl::array(od::array elements, int depth, Value& out) {
  const size_t base = items.size();
  for (auto element : elements) {
    od::value inner;
    if (const error_code e = element.get(inner)) return e;
    Value v;
    if (const error_code e = value(inner, depth + 1, v)) return e;
    items.push_back(v);
  }
  const size_t n = items.size() - base;
  auto* const kept = arena->array<Value>(n);
  std::copy(items.begin() + static_cast<ptrdiff_t>(base), items.end(), kept);
  items.resize(base);
  auto* const list = new (arena->array<expr::List>(1)) expr::List{{kept, n}};
  out = Value::of(list);
  return simdjson::SUCCESS;
}

JsonRow::JsonRow() : impl_(std::make_unique<Impl>()) {}
JsonRow::JsonRow(JsonRow&&) noexcept = default;
JsonRow::~JsonRow() = default;

bool JsonRow::read(std::string_view text, Arena& arena, Value& out, Refusal& why) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const simdjson::padded_string_view copy = json::padded(text, arena);
  impl_->arena = &arena;
  impl_->end = copy.data() + copy.size();
  impl_->items.clear();
  impl_->entries.clear();
  od::document document;
  od::object fields;
  error_code e = impl_->parser.iterate(copy).get(document);
  if (!e) e = document.get_object().get(fields);
  if (!e) e = impl_->object(fields, 0, out);
  if (e == simdjson::UTF8_ERROR) return refuse(why, Reason::kNotUtf8, "the record is not UTF-8");
  if (e) {
    return refuse(why, Reason::kMalformed,
                  std::string("the record is not one JSON object: ") + simdjson::error_message(e));
  }
  if (const char* rest = nullptr; document.current_location().get(rest) == simdjson::SUCCESS) {
    return refuse(why, Reason::kMalformed, "something follows the JSON object; one record is one event");
  }
  return true;
}

}  // namespace tocsin::feed
