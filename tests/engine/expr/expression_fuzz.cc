// Any bytes as an expression over the event: parse, check, compile, evaluate. Nothing may crash, hang or leak out.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "expr/event_env.h"

namespace {

using namespace tocsin;
using namespace tocsin::expr;

Event sample() {
  static constexpr std::array<std::string_view, 2> kFlags = {"trapped", "minor"};
  static constexpr std::array<NamedNumber, 1> kValues = {{{"depth", 12.5}}};
  static constexpr std::array<NamedText, 1> kAttrs = {{{"state", "suspended"}}};
  Event e;
  e.id = "1";
  e.source = "grid";
  e.category = "water.flooding.road";
  e.occurred_at = 1'720'000'000'000;
  e.town = "330282004";
  e.lon = 121.24;
  e.lat = 30.17;
  e.flags = kFlags;
  e.values = kValues;
  e.attrs = kAttrs;
  return e;
}

void run(std::string_view source, const Env& env, const Event& event, bool untyped) {
  Faults faults;
  const auto ast = parse(source, faults);
  if (!ast) {
    if (faults.size() != 1) std::abort();
    return;
  }
  const bool good = check(*ast, ast->root, env, faults, untyped);
  for (const Fault& f : faults) {
    if (f.begin > f.end || f.end > source.size() || f.en.empty() || f.zh.empty()) std::abort();
  }
  if (!good) return;
  const auto program = compile(*ast, ast->root, env);
  Arena arena;
  const EventActivation activation(event, arena);
  const Value v = program->evaluate(activation, arena);
  std::string out;
  append_tagged_json(out, v);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Env kEnv = event_env(TimeZone::utc());
  static const Event kEvent = sample();
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  run(source, kEnv, kEvent, false);
  run(source, kEnv, kEvent, true);
  return 0;
}
