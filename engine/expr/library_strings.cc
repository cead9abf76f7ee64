// size() and the functions of texts: CEL's standard ones and those of its strings extension that feeds need.
#include <re2/re2.h>

#include <algorithm>
#include <string>

#include "expr/env_impl.h"
#include "expr/operators.h"
#include "expr/regex.h"
#include "expr/utf8.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;
using Args = std::span<const Value>;

Value size(Args args, Arena& /*arena*/, const void* /*context*/) {
  const Value& v = args[0];
  size_t n = v.size;
  if (v.is(Tag::kString)) n = count_code_points(v.str());
  if (v.is(Tag::kList)) n = v.list->items.size();
  if (v.is(Tag::kMap)) n = v.map->entries.size();
  return Value::integer(static_cast<int64_t>(n));
}

Value contains(Args args, Arena& /*arena*/, const void* /*context*/) {
  return Value::boolean(args[0].str().find(args[1].str()) != std::string_view::npos);
}

Value starts_with(Args args, Arena& /*arena*/, const void* /*context*/) {
  return Value::boolean(args[0].str().starts_with(args[1].str()));
}

Value ends_with(Args args, Arena& /*arena*/, const void* /*context*/) {
  return Value::boolean(args[0].str().ends_with(args[1].str()));
}

Value matches(Args args, Arena& arena, const void* /*context*/) {
  const RE2 pattern(as_piece(args[1].str()), regex_options());
  if (!pattern.ok()) return make_error(arena, "the pattern is not valid: ", pattern.error());
  return Value::boolean(RE2::PartialMatch(as_piece(args[0].str()), pattern));
}

Value change_case(Args args, Arena& arena, bool upper) {
  const std::string_view s = args[0].str();
  char* p = arena.array<char>(s.size());
  const char first = upper ? 'a' : 'A';
  const char last = upper ? 'z' : 'Z';
  std::transform(s.begin(), s.end(), p,
                 [&](char c) { return c >= first && c <= last ? static_cast<char>(c ^ 32) : c; });
  return Value::string({p, s.size()});
}

Value lower(Args args, Arena& arena, const void* /*context*/) { return change_case(args, arena, false); }
Value upper(Args args, Arena& arena, const void* /*context*/) { return change_case(args, arena, true); }

Value trim(Args args, Arena& /*arena*/, const void* /*context*/) {
  static constexpr std::string_view kSpace = " \t\r\n\f\v";
  static constexpr std::string_view kWideSpace = "\xE3\x80\x80";  // U+3000, as Chinese texts have it
  std::string_view s = args[0].str();
  for (bool more = true; more && !s.empty();) {
    more = true;
    if (kSpace.find(s.front()) != kSpace.npos) {
      s.remove_prefix(1);
    } else if (kSpace.find(s.back()) != kSpace.npos) {
      s.remove_suffix(1);
    } else if (s.starts_with(kWideSpace)) {
      s.remove_prefix(kWideSpace.size());
    } else if (s.ends_with(kWideSpace)) {
      s.remove_suffix(kWideSpace.size());
    } else {
      more = false;
    }
  }
  return Value::string(s);
}

Value replace(Args args, Arena& arena, const void* /*context*/) {
  const std::string_view s = args[0].str();
  const std::string_view from = args[1].str();
  const std::string_view to = args[2].str();
  if (from.empty()) return args[0];
  std::string out;
  size_t pos = 0;
  for (size_t hit = s.find(from); hit != s.npos; hit = s.find(from, pos)) {
    out.append(s.substr(pos, hit - pos)).append(to);
    pos = hit + from.size();
    if (out.size() > kMaxTextBytes) return Value::error("the result is too large");
  }
  out.append(s.substr(pos));
  return Value::string(arena.copy(out));
}

Value split(Args args, Arena& arena, const void* /*context*/) {
  const std::string_view s = args[0].str();
  const std::string_view by = args[1].str();
  const size_t step = by.size();
  size_t n = 1;
  if (step == 0) {
    n = count_code_points(s);
  } else {
    for (size_t hit = s.find(by); hit != s.npos; hit = s.find(by, hit + step)) ++n;
  }
  if (n > kMaxListItems) return Value::error("the result is too large");
  Value* items = arena.array<Value>(n);
  size_t pos = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t end = step == 0 ? pos + code_point_length(s[pos]) : std::min(s.find(by, pos), s.size());
    items[i] = Value::string(s.substr(pos, end - pos));
    pos = end + step;
  }
  return Value::of(new (arena.allocate(sizeof(List))) List{{items, n}});
}

Value join(Args args, Arena& arena, const void* /*context*/) {
  const std::string_view by = args.size() > 1 ? args[1].str() : std::string_view();
  std::string out;
  for (size_t i = 0; i < args[0].list->items.size(); ++i) {
    const Value& item = args[0].list->items[i];
    if (!item.is(Tag::kString)) return no_overload("join", args, arena);
    if (i > 0) out.append(by);
    out.append(item.str());
    if (out.size() > kMaxTextBytes) return Value::error("the result is too large");
  }
  return Value::string(arena.copy(out));
}

// The byte at which code point `n` starts; npos when the text is shorter.
size_t byte_of(std::string_view s, int64_t n) {
  size_t pos = 0;
  for (; n > 0 && pos < s.size(); --n) pos += code_point_length(s[pos]);
  return n > 0 ? std::string_view::npos : std::min(pos, s.size());
}

Value substring(Args args, Arena& /*arena*/, const void* /*context*/) {
  const std::string_view s = args[0].str();
  const size_t begin = args[1].i < 0 ? s.npos : byte_of(s, args[1].i);
  const size_t end = args.size() < 3 ? s.size() : (args[2].i < args[1].i ? s.npos : byte_of(s, args[2].i));
  if (begin == s.npos || end == s.npos) return Value::error("index out of range");
  return Value::string(s.substr(begin, end - begin));
}

Value index_of(Args args, Arena& /*arena*/, const void* /*context*/) {
  const size_t hit = args[0].str().find(args[1].str());
  if (hit == std::string_view::npos) return Value::integer(-1);
  return Value::integer(static_cast<int64_t>(count_code_points(args[0].str().substr(0, hit))));
}

}  // namespace

const RE2::Options& regex_options() {
  static const RE2::Options kOptions = [] {
    RE2::Options o;
    o.set_log_errors(false);
    o.set_max_mem(1 << 20);
    return o;
  }();
  return kOptions;
}

void add_string_functions(Env& env) {
  const Type text = Type::of(K::kString);
  const Type whole = Type::of(K::kInt);
  const Type yes = Type::of(K::kBool);
  const Type any = Type::of(K::kDyn);
  const Type texts = Type::list(text);
  for (const Type& t : {text, Type::of(K::kBytes), Type::list(any), Type::map(any, any)}) {
    env.function("size", false, {t}, whole, size, nullptr, "characters, bytes, items or entries");
    env.function("size", true, {t}, whole, size, nullptr, "characters, bytes, items or entries");
  }
  env.function("contains", true, {text, text}, yes, contains, nullptr, "the text contains the other");
  env.function("startsWith", true, {text, text}, yes, starts_with, nullptr, "the text starts with the other");
  env.function("endsWith", true, {text, text}, yes, ends_with, nullptr, "the text ends with the other");
  env.function("matches", true, {text, text}, yes, matches, nullptr, "a part of the text matches the RE2 pattern");
  env.function("matches", false, {text, text}, yes, matches, nullptr, "a part of the text matches the RE2 pattern");
  env.function("lowerAscii", true, {text}, text, lower, nullptr, "A–Z in lower case");
  env.function("upperAscii", true, {text}, text, upper, nullptr, "a–z in upper case");
  env.function("trim", true, {text}, text, trim, nullptr, "without white space at either end");
  env.function("replace", true, {text, text, text}, text, replace, nullptr, "every occurrence replaced");
  env.function("split", true, {text, text}, texts, split, nullptr, "the parts between separators");
  env.function("join", true, {texts}, text, join, nullptr, "the texts in a row");
  env.function("join", true, {texts, text}, text, join, nullptr, "the texts with a separator between");
  env.function("substring", true, {text, whole}, text, substring, nullptr, "from a character on");
  env.function("substring", true, {text, whole, whole}, text, substring, nullptr, "from a character up to another");
  env.function("indexOf", true, {text, text}, whole, index_of, nullptr, "the place of the other text, or -1");
}

Function matches_function() { return matches; }

}  // namespace tocsin::expr
