// What people report: the same again, many against one, disputes that grow worse, dangers in a village or an estate.
#include <algorithm>

#include "scenes.h"

namespace tocsin::simulate {

// One person, one place, one trouble, again and again.
void Planner::repeat_matter() {
  const auto count = static_cast<uint32_t>(random_.skewed(3, 8));
  const DurationMs length = static_cast<DurationMs>(count) * 3 * kDay;
  const std::optional<TimeMs> from = when(length);
  if (!from) return;
  const std::string_view category = random_.chance(500) ? "environment.waste" : "noise.social";
  Matter m = matter(Source::kHotline12345, category, *from, any_grid());
  const std::string place = place_of(m);
  m.scene = scene(Risk::kRepeatMatter, place, count >= 6 ? "yellow" : "blue", *from, *from + length);
  say(m, category == "noise.social" ? "repeat_noise" : "repeat_waste");
  for (uint32_t i = 0; i < count; ++i) {
    m.at = *from + length * i / count + random_.between(0, 5 * 3600) * kSecond;
    m.source = one_of({Source::kHotline12345, Source::kHotline12345, Source::kGrid});
    m.text = static_cast<uint16_t>(i);
    m.case_no = ++plan_.cases;
    // No effective closure in between: the answer is feedback, the case is closed after the last.
    Matter again = m;
    courses_.step(again, Stage::kAccepted, random_.skewed(5 * kMinute, 2 * kHour), random_);
    courses_.step(again, Stage::kFeedback, random_.skewed(3 * kHour, 20 * kHour), random_);
    if (i + 1 == count) courses_.step(again, Stage::kClosed, kDay, random_);
    if (i + 1 != count) again.steps[1].due = kNoTime;
    add(again, false);
  }
}

void Planner::repeat_place() {
  const auto people = static_cast<uint32_t>(random_.skewed(3, 11));
  const std::optional<TimeMs> from = when(6 * kDay);
  if (!from) return;
  static constexpr std::string_view kCategories[] = {"environment.waste", "environment.air", "noise.social"};
  const std::string_view category = kCategories[random_.below(3)];
  const Matter first = matter(Source::kGrid, category, *from, any_grid());
  const int32_t label = scene(Risk::kRepeatPlace, place_of(first) + "|" + std::string(category),
                              people >= 8 ? "orange" : "yellow", *from, *from + 6 * kDay);
  for (uint32_t i = 0; i < people; ++i) {
    Matter m = first;
    m.at = *from + random_.between(0, 6 * 86400 - 1) * kSecond;
    m.reporter = person();
    m.source = one_of({Source::kGrid, Source::kHotline12345, Source::kHotline12345});
    m.text = static_cast<uint16_t>(i);
    m.case_no = ++plan_.cases;
    m.scene = label;
    add(m);
  }
}

void Planner::cross_channel() {
  const std::optional<TimeMs> from = when(5 * kDay);
  if (!from) return;
  Matter m = matter(Source::kGrid, "dispute.property", *from, any_grid());
  m.scene = scene(Risk::kCrossChannel, place_of(m), "yellow", *from, *from + 5 * kDay);
  const Source channels[] = {Source::kGrid, Source::kHotline12345,
                             random_.chance(500) ? Source::kVisit : Source::kMediation};
  for (size_t i = 0; i < 3; ++i) {
    m.source = channels[i];
    m.at = *from + static_cast<DurationMs>(i) * 2 * kDay + random_.between(0, 8 * 3600) * kSecond;
    m.text = static_cast<uint16_t>(i);
    add(m);
  }
}

// So many owners against one property company, on four channels; large ones end in a gathering.
void Planner::group_dispute(uint32_t people) {
  const DurationMs length = std::min<DurationMs>(24 * kDay, (frame_.end - frame_.start) * 7 / 10);
  const std::optional<TimeMs> from = when(length);
  if (!from) return;
  const uint16_t grid = any_grid();
  const uint32_t company = person();
  const int32_t label = scene(Risk::kGroupDispute, company_of(company, "dispute.property") + "|dispute.property",
                              people >= 50   ? "red"
                              : people >= 30 ? "orange"
                              : people >= 10 ? "yellow"
                                             : "blue",
                              *from, *from + length);
  const auto estate = static_cast<uint16_t>(random_.below(static_cast<uint32_t>(p_.estates.size())));
  for (uint32_t i = 0; i < people; ++i) {
    // Faster and faster: as the square root of the count.
    const auto progress = static_cast<int64_t>(1000 - random_.skewed(0, 1000));
    Matter m = matter(one_of({Source::kGrid, Source::kGrid, Source::kHotline12345, Source::kHotline12345,
                              Source::kVisit, Source::kMediation}),
                      "dispute.property", *from + length / 1000 * progress, grid);
    m.place_kind = PlaceKind::kEstate;
    m.place_road = estate;
    m.place_number = 0;
    const Point at = g_.point_of(m);
    m.lon = at.lon;
    m.lat = at.lat;
    m.respondent = company;
    m.scene = label;
    m.people = 1;
    if (people >= 50 && progress > 950 && random_.chance(300)) {
      m.flags = static_cast<uint16_t>(bit(Flag::kGroup) | bit(Flag::kGathering));
      m.people = static_cast<int32_t>(random_.between(20, 60));
      say(m, "gathering");
    }
    add(m);
  }
}

void Planner::unpaid_wages() {
  const auto workers = static_cast<uint32_t>(random_.skewed(3, 19));
  std::optional<TimeMs> from = when(6 * kDay);
  // Most before Spring Festival, where the feed has those days.
  const TimeMs festival = p_.spring_festival;
  const TimeMs earliest = std::max(frame_.start, festival == kNoTime ? kNever - 9 * kDay : festival - 28 * kDay);
  if (earliest < frame_.end - 9 * kDay && earliest < festival - 8 * kDay && random_.chance(600))
    from = civil_.midnight(random_.between(earliest / kDay + 1, festival / kDay - 8) * kDay) +
           random_.between(8, 16) * kHour;
  if (!from) return;
  const bool before_festival = festival != kNoTime && *from<festival&& * from> festival - 30 * kDay;
  const uint16_t grid = any_grid();
  const uint32_t company = person();
  std::vector<Matter> matters;
  int64_t sum = 0;
  for (uint32_t i = 0; i < workers; ++i) {
    Matter m =
        matter(one_of({Source::kGrid, Source::kHotline12345, Source::kVisit, Source::kMediation, Source::kPolice110}),
               "dispute.wages", *from + random_.between(0, 6 * 86400 - 1) * kSecond, grid);
    m.respondent = company;
    m.amount = static_cast<int32_t>(random_.between(12, 90) * 500);
    m.people = 1;
    sum += m.amount;
    matters.push_back(m);
  }
  const bool grave = workers >= 10 || sum >= 500000;
  const char* severity = grave ? (before_festival ? "red" : "orange") : before_festival ? "orange" : "yellow";
  const int32_t label =
      scene(Risk::kUnpaidWages, company_of(company, "dispute.wages"), severity, *from, *from + 6 * kDay);
  for (Matter& m : matters) {
    m.scene = label;
    add(m);
  }
}

// A dispute, then a threat, then a call to 110, between the same two.
void Planner::dispute_escalation() {
  const std::optional<TimeMs> from = when(3 * kDay);
  if (!from) return;
  const bool injury = random_.chance(300);
  Matter m = matter(Source::kGrid, "dispute.neighbour", *from, any_grid());
  m.scene = scene(Risk::kDisputeEscalation, place_of(m), injury ? "red" : "orange", *from, *from + 3 * kDay);
  for (int i = 0; i < 3; ++i) {
    Matter next = m;
    next.at = *from + i * 20 * kHour + random_.between(0, 4 * 3600) * kSecond;
    if (i == 1) next.source = Source::kHotline12345;
    if (i == 2) next.source = Source::kPolice110;
    if (i >= 1) next.flags = bit(Flag::kThreat);
    if (i == 2 && injury) next.flags = static_cast<uint16_t>(next.flags | bit(Flag::kInjury));
    if (i >= 1) say(next, i == 1 ? "threat" : "threat_call");
    // The first is not closed before the call: that would end the sequence.
    courses_.step(next, Stage::kAccepted, random_.between(10, 60) * kMinute, random_);
    courses_.step(next, Stage::kAssigned, random_.between(1, 4) * kHour, random_);
    courses_.step(next, Stage::kClosed, (i == 0 ? 58 : 12) * kHour, random_);
    add(next, false);
  }
}

void Planner::reopened_then_threat() {
  const std::optional<TimeMs> from = when(10 * kDay);
  if (!from) return;
  Matter m = matter(Source::kGrid, "dispute.neighbour", *from, any_grid());
  m.scene = scene(Risk::kReopenedThenThreat, place_of(m), "red", *from, *from + 10 * kDay);
  Matter first = m;
  courses_.step(first, Stage::kAccepted, 30 * kMinute, random_);
  courses_.step(first, Stage::kClosed, 20 * kHour, random_);
  courses_.step(first, Stage::kReopened, 2 * kDay, random_);
  first.steps[2].evidence = true;
  courses_.step(first, Stage::kProcessing, 6 * kHour, random_);
  courses_.step(first, Stage::kClosed, 4 * kDay, random_);
  const TimeMs reopened = first.steps[2].at;
  add(first, false);
  m.at = reopened + random_.between(6, 40) * kHour;
  m.source = Source::kPolice110;
  m.flags = bit(Flag::kThreat);
  say(m, "threat_call");
  add(m);
}

void Planner::domestic_violence() {
  const std::optional<TimeMs> from = when(26 * kDay, 8, 22);
  if (!from) return;
  const bool minor = random_.chance(300);
  Matter m = matter(Source::kPolice110, "dispute.family.violence", *from, any_grid());
  m.subject = m.reporter;
  m.household = static_cast<uint32_t>(random_.next() >> 33) | 1U;
  m.grade = 4;
  std::string key;
  append_household(m.household, key);
  m.scene = scene(Risk::kDomesticViolence, key, minor ? "red" : "orange", *from, *from + 26 * kDay);
  const auto count = static_cast<int>(random_.skewed(2, 4));
  for (int i = 0; i < count; ++i) {
    m.at = *from + 26 * kDay / count * i + random_.between(0, 6 * 3600) * kSecond;
    m.source = i == 0 ? Source::kPolice110 : one_of({Source::kPolice110, Source::kMediation});
    m.flags = minor && i + 1 == count ? bit(Flag::kMinor) : uint16_t{0};
    m.text = static_cast<uint16_t>(i);
    m.case_no = ++plan_.cases;
    add(m);
  }
}

void Planner::missing_person() {
  const std::optional<TimeMs> from = when(kDay, 6, 19);
  if (!from) return;
  const uint32_t dice = random_.below(100);
  const DurationMs missing = random_.skewed(40, 700) * kMinute;
  Matter m = matter(random_.chance(800) ? Source::kPolice110 : Source::kGrid, "missing.person", *from, any_grid());
  m.subject = person();
  m.flags = dice < 25 ? bit(Flag::kMinor) : dice < 75 ? bit(Flag::kElderly) : uint16_t{0};
  m.grade = 4;
  if (dice < 25) say(m, "missing_child");
  const bool red = dice < 25 || missing >= 6 * kHour;
  m.scene = scene(Risk::kMissingPerson, place_of(m), red ? "red" : "orange", *from, *from + missing);
  Step accepted, found;
  accepted.at = m.at + random_.between(2, 8) * kMinute;
  accepted.stage = Stage::kAccepted;
  found.at = m.at + std::max<DurationMs>(missing, 20 * kMinute);
  found.stage = Stage::kClosed;
  found.state = State::kFound;
  m.add_step(accepted);
  m.add_step(found);
  add(m, false);
}

void Planner::brawl() {
  const std::optional<TimeMs> from = when(kDay, 16, 22);
  if (!from) return;
  const uint16_t grid = any_grid();
  const Point centre = g_.grid(grid).centre;
  const int32_t label = scene(Risk::kBrawl, area_of(grid, false), "orange", *from, *from + 20 * kHour);
  for (int64_t i = random_.between(2, 3); i > 0; --i) {
    Matter m = matter(Source::kPolice110, "brawl", *from + random_.between(0, 20 * 3600) * kSecond, grid);
    const Point at = moved(centre, random_.between(-300, 300), random_.between(-300, 300));
    m.place_number = static_cast<uint16_t>(401 + plan_.matters.size() % 60000);
    m.place_kind = PlaceKind::kAddress;
    m.lon = at.lon;
    m.lat = at.lat;
    m.people = static_cast<int32_t>(random_.between(4, 15));
    m.scene = label;
    if (random_.chance(300)) m.flags = bit(Flag::kInjury);
    add(m);
  }
}

void Planner::noise() {
  const std::optional<TimeMs> from = when(8 * kDay, 21, 22);
  if (!from) return;
  const auto people = static_cast<uint32_t>(random_.between(5, 10));
  const Matter first = matter(Source::kHotline12345, "noise.social", *from, any_grid());
  const int32_t label = scene(Risk::kNoise, place_of(first), "yellow", *from, *from + 7 * kDay);
  for (uint32_t i = 0; i < people; ++i) {
    Matter m = first;
    m.at = *from + static_cast<DurationMs>(i % 6) * kDay + random_.between(0, 4 * 3600) * kSecond;
    m.source = one_of({Source::kHotline12345, Source::kPolice110, Source::kHotline12345});
    m.reporter = person();
    m.text = static_cast<uint16_t>(i);
    m.case_no = ++plan_.cases;
    m.scene = label;
    add(m);
  }
}

void Planner::gas_cylinders() {
  const std::optional<TimeMs> from = when(7 * kDay);
  if (!from) return;
  const uint16_t grid = any_grid();
  const uint16_t village = g_.grid(grid).village;
  const bool leak = random_.chance(300);
  const auto places = static_cast<uint32_t>(random_.between(3, 6));
  const int32_t label =
      scene(Risk::kGasCylinders, area_of(grid, false), leak ? "red" : "orange", *from, *from + 6 * kDay);
  for (uint32_t i = 0; i < places; ++i) {
    Matter m = matter(one_of({Source::kGrid, Source::kGrid, Source::kCityops}), "safety.gas.cylinder",
                      *from + random_.between(0, 6 * 86400 - 1) * kSecond, g_.any_grid(village, random_));
    m.place_kind = PlaceKind::kAddress;
    m.place_number = static_cast<uint16_t>(401 + plan_.matters.size() % 60000);
    m.scene = label;
    if (leak && i + 1 == places) {
      m.flags = bit(Flag::kLeak);
      m.grade = 4;
      say(m, "leak");
    }
    add(m);
  }
}

void Planner::ebike() {
  const std::optional<TimeMs> from = when(7 * kDay);
  if (!from) return;
  Matter first = matter(Source::kGrid, "safety.ebike", *from, any_grid());
  first.place_kind = PlaceKind::kEstate;
  first.place_road = static_cast<uint16_t>(random_.below(static_cast<uint32_t>(p_.estates.size())));
  first.place_number = 0;
  const Point at = g_.point_of(first);
  first.lon = at.lon;
  first.lat = at.lat;
  const bool smoke = random_.chance(300);
  const auto count = static_cast<uint32_t>(random_.between(5, 9));
  const int32_t label = scene(Risk::kEbike, place_of(first), smoke ? "red" : "yellow", *from, *from + 6 * kDay);
  for (uint32_t i = 0; i < count; ++i) {
    Matter m = first;
    m.at = *from + random_.between(0, 6 * 86400 - 1) * kSecond;
    m.source = one_of({Source::kGrid, Source::kGrid, Source::kHotline12345, Source::kCityops});
    m.reporter = person();
    m.text = static_cast<uint16_t>(i);
    m.text_seed = static_cast<uint32_t>(random_.next() >> 32);
    m.case_no = ++plan_.cases;
    m.scene = label;
    if (smoke && i + 1 == count) {
      m.flags = bit(Flag::kSmoke);
      m.grade = 4;
      say(m, "smoke");
    }
    add(m);
  }
}

// Twenty and more reports of a smell all over a town within an hour.
void Planner::spike() {
  const std::optional<TimeMs> from = when(2 * kHour, 9, 18);
  if (!from) return;
  const uint16_t grid = any_grid();
  const uint16_t town = p_.villages[g_.grid(grid).village].town;
  const int32_t label = scene(Risk::kSpike, area_of(grid, true) + "|environment", "yellow", *from, *from + kHour);
  plan_.labels.back().too_early = *from < frame_.start + kPast;
  for (int64_t i = random_.between(18, 32); i > 0; --i) {
    uint16_t somewhere = any_grid();
    while (p_.villages[g_.grid(somewhere).village].town != town) somewhere = any_grid();
    Matter m = matter(one_of({Source::kGrid, Source::kHotline12345}), "environment.air",
                      *from + random_.between(0, 3000) * kSecond, somewhere);
    m.scene = label;
    add(m);
  }
}

}  // namespace tocsin::simulate
