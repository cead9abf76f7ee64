#pragma once
// A profile (rules/profiles/NAME.yaml): the county that a simulated feed is of. rules/profiles/README.md is its
// reference.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "matter.h"

namespace tocsin::simulate {

// The figures of the profile's span, met exactly. One table: names are the keys of `figures:`.
enum class Figure : uint8_t {
  kGridReports,
  kGrade3,
  kRewarded,
  kSettledByGrid,
  kRoadWaterlogging,
  kPolice110,
  kPolice110Closed,
  kVisits,
  kVisitsSettled,
  kMediations,
  kHotline,
  kCityops,
  kCount_
};
inline constexpr std::array<std::string_view, static_cast<size_t>(Figure::kCount_)> kFigureNames{
    "grid_reports",      "grade_3_or_above",
    "rewarded_reports",  "disputes_settled_by_grid",
    "road_waterlogging", "police110_matters",
    "police110_closed",  "visits",
    "visits_settled",    "disputes_settled_by_platform",
    "hotline_reports",   "cityops_reports"};

// How many scenes of each risk are planted in the profile's span. The names are the rules that are meant for them.
enum class Risk : uint8_t {
  kWaterloggingCluster,
  kWaterloggingSensor,
  kRepeatMatter,
  kRepeatPlace,
  kCrossChannel,
  kGroupDispute,
  kUnpaidWages,
  kDisputeEscalation,
  kReopenedThenThreat,
  kDomesticViolence,
  kStageOverdue,
  kAnswerOverdue,
  kReturnedAgain,
  kReopenedAgain,
  kClosedThenAgain,
  kGasCylinders,
  kEbike,
  kMissingPerson,
  kBrawl,
  kNoise,
  kSpike,
  kGridSilence,
  kDisposalRate,
  kSatisfaction,
  kFeedOutage,
  kWhistle,
  kCount_
};
inline constexpr size_t kRisks = static_cast<size_t>(Risk::kCount_);
inline constexpr std::array<std::string_view, kRisks> kRiskNames{"waterlogging-cluster",
                                                                 "waterlogging-sensor",
                                                                 "repeat-matter",
                                                                 "repeat-place",
                                                                 "cross-channel",
                                                                 "group-dispute",
                                                                 "unpaid-wages",
                                                                 "dispute-escalation",
                                                                 "reopened-then-threat",
                                                                 "domestic-violence-repeat",
                                                                 "stage-overdue",
                                                                 "answer-overdue",
                                                                 "returned-again",
                                                                 "reopened-again",
                                                                 "closed-then-again",
                                                                 "illegal-gas-cylinders",
                                                                 "ebike-fire-risk",
                                                                 "missing-person",
                                                                 "brawl-cluster",
                                                                 "noise-hotspot",
                                                                 "spike",
                                                                 "grid-silence",
                                                                 "disposal-rate-drop",
                                                                 "satisfaction-drop",
                                                                 "feed-outage",
                                                                 "whistle-unanswered"};

// What a phrase may name: {village} in a profile's text, and so on.
enum class Slot : uint8_t {
  kNone,
  kTown,
  kVillage,
  kPlace,
  kName,
  kPhone,
  kCompany,
  kPeople,
  kAmount,
  kPlate,
  kIdCard,
  kNumber,
  kCount_
};
inline constexpr std::array<std::string_view, static_cast<size_t>(Slot::kCount_)> kSlotNames{
    "", "town", "village", "place", "name", "phone", "company", "people", "amount", "plate", "idcard", "number"};
struct Piece {
  std::string literal;  // JSON-escaped, comes before the slot
  Slot slot = Slot::kNone;
};
using Phrase = std::vector<Piece>;

// The kinds of background report that have their own mix of categories: keys of a category's `from:`.
enum class Mix : uint8_t {
  kGrid,
  kGrid3,
  kRewarded,
  kSettled,
  kPolice110,
  kHotline,
  kCityops,
  kMediation,
  kVisit,
  kCount_
};
inline constexpr size_t kMixes = static_cast<size_t>(Mix::kCount_);
inline constexpr std::array<std::string_view, kMixes> kMixNames{
    "grid", "grid3", "rewarded", "settled", "police110", "hotline12345", "cityops", "mediation", "visit"};

using Hours = std::array<uint32_t, 24>;
using Months = std::array<uint32_t, 12>;
using Weekdays = std::array<uint32_t, 7>;

struct Category {
  std::string path;
  std::array<uint32_t, kMixes> weights{};
  Hours hours{};
  Months months{};
  PartyKind respondent = PartyKind::kNobody;
  std::string company_kind;   // last part of its company's name
  std::string department;     // who is called in
  std::vector<Phrase> texts;  // never empty
};

struct Rhythm {
  Hours hours{};
  Weekdays weekdays{};
  Months months{};
};

struct Town {
  std::string code, name;
  int32_t lon = 0, lat = 0;  // millionths of a degree, WGS-84
};
struct Village {
  std::string code, name;
  uint16_t town = 0;
};

struct Profile {
  std::string name;
  std::string scene;  // empty: a year's; "storm-afternoon"
  TimeMs start = kNoTime;
  DurationMs span = 0;
  DurationMs utc_offset = 0;
  TimeMs spring_festival = kNoTime;  // of the year of `start`
  uint32_t grids = 0, microgrids = 0;
  uint32_t rain_sensors = 0, level_sensors = 0;
  std::array<int64_t, kFigureNames.size()> figures{};
  std::array<uint32_t, kRisks> planted{};
  std::array<Rhythm, kSources> rhythms{};
  std::vector<Category> categories;
  std::vector<std::pair<std::string, std::vector<Phrase>>> phrases;  // by name
  std::vector<std::string> roads, estates, public_places, surnames, given_names, company_stems;
  std::string city_code, city_name;
  std::vector<Town> towns;
  std::vector<Village> villages;

  int64_t figure(Figure f) const { return figures[static_cast<size_t>(f)]; }
  // Index of a category that the scenes need; the reader has checked that it is there.
  uint16_t category(std::string_view path) const;
  // Index + 1 of a named phrase; 0 when the profile has none.
  uint16_t phrase(std::string_view wanted) const;
};

// Reads a profile, the profile that it `extends:` and its areas (both relative to it). All faults of the file in one
// error (Code::kInvalid), a line each: `file:line:col: error: …`. kNotFound when a file is not there.
Result<Profile> load_profile(const std::string& path);
// The same from text; `file` stands in faults and is what relative names are relative to.
Result<Profile> read_profile(std::string_view text, const std::string& file);

}  // namespace tocsin::simulate
