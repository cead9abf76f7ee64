// Any bytes: the reader refuses or accepts, and what it accepts can be written and read back to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/event_reader.h"
#include "event/event_writer.h"
#include "event/mask.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;  // NOLINT: a fuzzer's entry point is global
  static EventReader reader([] {
    IntakeOptions o;
    o.privacy_key = "fuzz";
    return o;
  }());
  static EventReader trusted([] {
    IntakeOptions o;
    o.trusted = true;
    return o;
  }());
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  if (mask_payload(payload).size() > kMaxMaskedBytes) std::abort();
  Arena arena;
  Event event;
  Refusal why;
  if (!reader.read(payload, arena, event, why)) {
    if (why.message.empty()) std::abort();
    return 0;
  }
  std::string once;
  append_event(once, event);
  Event again;
  if (!trusted.read(once, arena, again, why)) std::abort();
  std::string twice;
  append_event(twice, again);
  if (once != twice) std::abort();
  return 0;
}
