// What offices owe: stages that are overdue, cases passed back and forth, closed too soon; and channels that fall
// silent.
#include <algorithm>

#include "scenes.h"

namespace tocsin::simulate {
namespace {

std::string case_key(const Matter& m) {
  std::string out;
  append_case(m.case_no, out);
  return out;
}

constexpr std::string_view kOrdinary[] = {"environment.waste", "environment.air", "noise.social", "dispute.neighbour"};

}  // namespace

// Accepted, and neither answered nor closed in more than twice the three working days that a stage may take.
void Planner::stage_overdue() {
  const std::optional<TimeMs> from = when(20 * kDay);
  if (!from) return;
  Matter m = matter(one_of({Source::kGrid, Source::kHotline12345, Source::kCityops}), kOrdinary[random_.below(4)],
                    *from, any_grid());
  courses_.step(m, Stage::kAccepted, random_.skewed(5 * kMinute, kHour), random_);
  if (random_.chance(500)) courses_.step(m, Stage::kAssigned, random_.skewed(10 * kMinute, 3 * kHour), random_);
  m.steps[0].evidence = true;
  m.scene = unanswered(Risk::kStageOverdue, m, case_key(m) + "|accepted", "orange");
  courses_.step(m, Stage::kProcessing, random_.between(9, 13) * kDay, random_);
  courses_.step(m, Stage::kClosed, random_.between(5, 30) * kHour, random_);
  add(m, false);
}

// Work goes on, and nobody hears of it for more than the seven days of a simple matter, fourteen of a grave one.
void Planner::answer_overdue() {
  const std::optional<TimeMs> from = when(20 * kDay);
  if (!from) return;
  Matter m = matter(Source::kHotline12345, kOrdinary[random_.below(4)], *from, any_grid());
  m.grade = static_cast<uint8_t>(random_.chance(700) ? 2 : 3);
  m.scene = unanswered(Risk::kAnswerOverdue, m, case_key(m), "yellow");
  courses_.step(m, Stage::kAccepted, random_.skewed(5 * kMinute, kHour), random_);
  m.steps[0].evidence = true;
  courses_.step(m, Stage::kAssigned, random_.skewed(10 * kMinute, 3 * kHour), random_);
  courses_.step(m, Stage::kProcessing, random_.skewed(kHour, 6 * kHour), random_);
  m.steps[2].due = kNoTime;
  courses_.step(m, Stage::kFeedback, (m.grade == 2 ? 10 : 17) * kDay, random_);
  courses_.step(m, Stage::kClosed, random_.between(2, 20) * kHour, random_);
  add(m, false);
}

void Planner::returned_again() {
  const std::optional<TimeMs> from = when(10 * kDay);
  if (!from) return;
  Matter m = matter(one_of({Source::kHotline12345, Source::kCityops, Source::kGrid}), kOrdinary[random_.below(4)],
                    *from, any_grid());
  m.scene = scene(Risk::kReturnedAgain, case_key(m), "yellow", *from, *from + 7 * kDay);
  courses_.step(m, Stage::kAccepted, 20 * kMinute, random_);
  for (uint8_t i = 0; i < 4; ++i) {
    courses_.step(m, Stage::kAssigned, random_.skewed(20 * kMinute, 2 * kHour), random_);
    m.steps[m.step_count - 1U].desk = i % 2;
    courses_.step(m, Stage::kReturned, random_.between(10, 28) * kHour, random_);
    m.steps[m.step_count - 1U].evidence = true;
  }
  courses_.step(m, Stage::kAssigned, 3 * kHour, random_);
  courses_.step(m, Stage::kClosed, 20 * kHour, random_);
  add(m, false);
}

void Planner::reopened_again() {
  const std::optional<TimeMs> from = when(28 * kDay);
  if (!from) return;
  Matter m = matter(one_of({Source::kHotline12345, Source::kGrid}), kOrdinary[random_.below(4)], *from, any_grid());
  m.scene = scene(Risk::kReopenedAgain, case_key(m), "yellow", *from, *from + 26 * kDay);
  courses_.step(m, Stage::kAccepted, 20 * kMinute, random_);
  for (int64_t i = random_.between(2, 3); i > 0; --i) {
    courses_.step(m, Stage::kClosed, random_.between(10, 24) * kHour, random_);
    courses_.step(m, Stage::kReopened, random_.between(2, 5) * kDay, random_);
    m.steps[m.step_count - 1U].evidence = true;
    courses_.step(m, Stage::kProcessing, random_.between(1, 20) * kHour, random_);
  }
  courses_.step(m, Stage::kClosed, random_.between(10, 24) * kHour, random_);
  add(m, false);
}

// Closed on paper: others report the same at the same place within three days.
void Planner::closed_then_again() {
  const std::optional<TimeMs> from = when(5 * kDay);
  if (!from) return;
  const std::string_view category = kOrdinary[random_.below(3)];
  Matter m = matter(Source::kGrid, category, *from, any_grid());
  m.scene = scene(Risk::kClosedThenAgain, place_of(m) + "|" + std::string(category), "yellow", *from, *from + 4 * kDay);
  Matter first = m;
  courses_.step(first, Stage::kAccepted, 20 * kMinute, random_);
  courses_.step(first, Stage::kClosed, random_.between(2, 10) * kHour, random_);
  first.steps[1].evidence = true;
  const TimeMs closed = first.steps[1].at;
  add(first, false);
  m.at = closed + random_.between(3, 60) * kHour;
  m.source = one_of({Source::kHotline12345, Source::kGrid});
  m.reporter = person();
  m.text = static_cast<uint16_t>(m.text + 1);
  m.case_no = ++plan_.cases;
  add(m);
}

// A community calls the departments in; for each that nobody answers in time, three are answered the same day.
void Planner::whistle() {
  for (int i = 0; i < 4; ++i) {
    const bool late = i == 0;
    const std::optional<TimeMs> from = when(late ? 12 * kDay : 2 * kDay);
    if (!from) continue;
    Matter m = matter(Source::kCityops, "environment.waste", *from, any_grid());
    m.kind = EventKind::kCall;
    m.reporter = 0;
    say(m, "whistle");
    if (late) m.scene = unanswered(Risk::kWhistle, m, case_key(m), "orange");
    Step answer;
    answer.at = civil_.at_work(m.at + (late ? random_.between(7, 10) * kDay : random_.between(20, 300) * kMinute), 600);
    answer.state = State::kAnswered;
    answer.desk = 1;
    m.add_step(answer);
    add(m, false);
  }
}

// A grid of which nothing is heard; its neighbours report in its place.
void Planner::grid_silence() {
  const std::optional<TimeMs> from = when(24 * kDay);
  if (!from) return;
  const uint16_t grid = any_grid();
  const Grid& g = g_.grid(grid);
  std::string number = std::to_string(g.number);
  number.insert(0, 3 - number.size(), '0');
  const TimeMs until = *from + random_.between(16, 22) * kDay;
  scene(Risk::kGridSilence, p_.villages[g.village].code + number, "blue", *from, until);
  plan_.silent.push_back({grid, *from, until});
}

// A town that closes nothing for nine days.
void Planner::disposal_rate() {
  const std::optional<TimeMs> from = when(14 * kDay);
  if (!from) return;
  const uint16_t grid = any_grid();
  scene(Risk::kDisposalRate, area_of(grid, true), "yellow", *from, *from + 9 * kDay);
  plan_.slow.push_back({p_.villages[g_.grid(grid).village].town, *from, *from + 9 * kDay});
}

void Planner::satisfaction() {
  const std::optional<TimeMs> from = when(14 * kDay);
  if (!from) return;
  const uint16_t grid = any_grid();
  const uint16_t town = p_.villages[g_.grid(grid).village].town;
  const Category& c = p_.categories[p_.category("environment.waste")];
  const int32_t label =
      scene(Risk::kSatisfaction, p_.towns[town].name + c.department, "blue", *from, *from + 13 * kDay);
  for (int i = 0; i < 40; ++i) {
    uint16_t somewhere = any_grid();
    while (p_.villages[g_.grid(somewhere).village].town != town) somewhere = any_grid();
    Matter m = matter(Source::kHotline12345, c.path, *from + random_.between(0, 10 * 86400) * kSecond, somewhere);
    courses_.step(m, Stage::kAccepted, 20 * kMinute, random_);
    courses_.step(m, Stage::kFeedback, random_.between(2, 10) * kHour, random_);
    courses_.step(m, Stage::kClosed, random_.between(1, 5) * kHour, random_);
    courses_.step(m, Stage::kEvaluated, random_.between(1, 6) * kHour, random_);
    m.steps[3].satisfaction = static_cast<uint8_t>(random_.between(1, 2));
    m.steps[3].evidence = true;
    m.scene = label;
    add(m, false);
  }
}

// A channel of which no record comes for a working day. What it learned meanwhile comes afterwards.
void Planner::feed_outage() {
  const std::optional<TimeMs> from = when(2 * kDay, 8, 10);
  if (!from) return;
  const Source source = one_of({Source::kHotline12345, Source::kCityops});
  const TimeMs until = *from + random_.between(8, 11) * kHour;
  scene(Risk::kFeedOutage, std::string(info_of(source).name), "orange", *from, until);
  plan_.outages.push_back({source, *from, until});
}

}  // namespace tocsin::simulate
