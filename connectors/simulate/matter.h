#pragma once
// What the simulator moves about: a matter (one report or reading with everything that its line will say) and the
// stages that it goes through. Plain values, no strings: names, addresses and texts are numbers until the line is
// written.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "event/event.h"

namespace tocsin::simulate {

inline constexpr DurationMs kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
// The longest a record takes from happening to arriving: below the ten minutes of lateness that feeds allow.
inline constexpr int kMaxDelaySeconds = 590;

enum class Source : uint8_t { kGrid, kPolice110, kCityops, kHotline12345, kMediation, kVisit, kSensor, kCount_ };
inline constexpr size_t kSources = static_cast<size_t>(Source::kCount_);
struct SourceInfo {
  std::string_view name;
  char prefix;  // of its ids
};
inline constexpr std::array<SourceInfo, kSources> kSourceTable{{{"grid", 'G'},
                                                                {"police110", 'P'},
                                                                {"cityops", 'C'},
                                                                {"hotline12345", 'H'},
                                                                {"mediation", 'M'},
                                                                {"visit", 'V'},
                                                                {"sensor", 'S'}}};
inline const SourceInfo& info_of(Source s) { return kSourceTable[static_cast<size_t>(s)]; }

// Bit numbers of Matter::flags; the names are the conventions of rules/README.md.
enum class Flag : uint8_t {
  kThreat,
  kWeapon,
  kInjury,
  kMinor,
  kGroup,
  kTrapped,
  kLeak,
  kSmoke,
  kFire,
  kGathering,
  kElderly,
  kCount_
};
inline constexpr std::array<std::string_view, static_cast<size_t>(Flag::kCount_)> kFlagNames{
    "threat", "weapon", "injury", "minor", "group", "trapped", "leak", "smoke", "fire", "gathering", "elderly"};
constexpr uint16_t bit(Flag f) { return static_cast<uint16_t>(1U << static_cast<unsigned>(f)); }

enum class State : uint8_t { kNone, kSuspended, kResumed, kFound, kCalled, kAnswered };

struct Step {
  TimeMs at = kNoTime;
  TimeMs due = kNoTime;
  Stage stage = Stage::kNone;
  State state = State::kNone;
  uint8_t satisfaction = 0;
  uint8_t desk = 0;       // which department owes it: changes when a case is returned
  bool evidence = false;  // belongs to the label of the matter's scene
};
inline constexpr size_t kMaxSteps = 12;

enum class PlaceKind : uint8_t { kAddress, kPublic, kEstate, kSensor };
enum class PartyKind : uint8_t { kNobody, kPerson, kCompany };
// What becomes of the record after it was sent.
enum class Aftermath : uint8_t { kNothing, kSentTwice, kRevised, kWithdrawn };

struct Matter {
  TimeMs at = kNoTime;
  int32_t delay_s = 0;
  Source source = Source::kGrid;
  EventKind kind = EventKind::kReport;
  Stage stage = Stage::kNone;  // closed: dealt with on the spot
  uint8_t grade = 0;
  Aftermath aftermath = Aftermath::kNothing;
  uint16_t category = 0;
  uint16_t grid = 0;
  uint16_t microgrid = 0;  // within the grid, from 1
  PlaceKind place_kind = PlaceKind::kAddress;
  uint16_t place_road = 0;
  uint16_t place_number = 0;
  int32_t lon = 0, lat = 0;  // WGS-84, millionths of a degree
  uint32_t reporter = 0;     // a person's number; 0: nobody
  uint32_t subject = 0;      // likewise
  uint32_t respondent = 0;   // a person's or company's number
  PartyKind respondent_kind = PartyKind::kNobody;
  uint16_t flags = 0;
  uint16_t text = 0;    // which of the category's phrases
  uint16_t phrase = 0;  // a named phrase instead (index + 1)
  uint32_t text_seed = 0;
  int32_t people = -1;
  int32_t amount = 0;      // yuan; 0: none
  int32_t reading = -1;    // tenths; what of: by category
  uint32_t household = 0;  // 0: none
  uint64_t case_no = 0;    // 0: none
  bool rewarded = false;
  bool settled = false;  // a dispute settled at the source
  int32_t scene = -1;    // whose label it belongs to
  uint64_t number = 0;   // of its id, given when sent
  uint8_t step_count = 0;
  uint8_t next_step = 0;  // the first that was not sent yet
  std::array<Step, kMaxSteps> steps;

  void add_step(Step s) {
    if (step_count < kMaxSteps) steps[step_count++] = s;
  }
  bool closes() const {
    if (stage == Stage::kClosed) return true;
    for (size_t i = 0; i < step_count; ++i)
      if (steps[i].stage == Stage::kClosed) return true;
    return false;
  }
};

}  // namespace tocsin::simulate
