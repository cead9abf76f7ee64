#include "scenes.h"

#include <algorithm>

namespace tocsin::simulate {

Matter sensor_place(const Profile& p, const Geography& g, bool rain, uint32_t number) {
  Matter m;
  m.source = Source::kSensor;
  m.kind = EventKind::kReading;
  m.category = p.category(rain ? "water.rain" : "water.level");
  m.place_kind = PlaceKind::kSensor;
  m.place_number = static_cast<uint16_t>(number);
  const uint64_t key = mix(number * 2 + (rain ? 1 : 0));
  m.grid = static_cast<uint16_t>(key % g.grid_count());
  m.microgrid = 1;
  const Point at = moved(g.grid(m.grid).centre, static_cast<int64_t>(key >> 32 & 63) - 32,
                         static_cast<int64_t>(key >> 40 & 63) - 32);
  m.lon = at.lon;
  m.lat = at.lat;
  return m;
}

namespace {

// When the office first tells what came of it; the matter's own time where it never does.
TimeMs answered_at(const Matter& m) {
  for (size_t i = 0; i < m.step_count; ++i) {
    const Step& s = m.steps[i];
    if (s.stage == Stage::kFeedback || s.stage == Stage::kClosed || s.state == State::kAnswered) return s.at;
  }
  return m.at;
}

}  // namespace

Planner::Planner(const Profile& p, const Geography& g, const LineWriter& lines, const Frame& frame, uint64_t seed)
    : p_(p),
      g_(g),
      lines_(lines),
      frame_(frame),
      civil_(p.utc_offset),
      courses_(civil_, frame.end),
      random_(seed),
      road_left_(frame.road_waterlogging) {}

Plan Planner::plan() {
  if (p_.scene == "storm-afternoon") {
    storm_afternoon();
  } else {
    storms();
  }
  using Scene = void (Planner::*)();
  static constexpr std::pair<Risk, Scene> kScenes[] = {{Risk::kRepeatMatter, &Planner::repeat_matter},
                                                       {Risk::kRepeatPlace, &Planner::repeat_place},
                                                       {Risk::kCrossChannel, &Planner::cross_channel},
                                                       {Risk::kUnpaidWages, &Planner::unpaid_wages},
                                                       {Risk::kDisputeEscalation, &Planner::dispute_escalation},
                                                       {Risk::kReopenedThenThreat, &Planner::reopened_then_threat},
                                                       {Risk::kDomesticViolence, &Planner::domestic_violence},
                                                       {Risk::kStageOverdue, &Planner::stage_overdue},
                                                       {Risk::kAnswerOverdue, &Planner::answer_overdue},
                                                       {Risk::kReturnedAgain, &Planner::returned_again},
                                                       {Risk::kReopenedAgain, &Planner::reopened_again},
                                                       {Risk::kClosedThenAgain, &Planner::closed_then_again},
                                                       {Risk::kGasCylinders, &Planner::gas_cylinders},
                                                       {Risk::kEbike, &Planner::ebike},
                                                       {Risk::kMissingPerson, &Planner::missing_person},
                                                       {Risk::kBrawl, &Planner::brawl},
                                                       {Risk::kNoise, &Planner::noise},
                                                       {Risk::kSpike, &Planner::spike},
                                                       {Risk::kGridSilence, &Planner::grid_silence},
                                                       {Risk::kDisposalRate, &Planner::disposal_rate},
                                                       {Risk::kSatisfaction, &Planner::satisfaction},
                                                       {Risk::kFeedOutage, &Planner::feed_outage},
                                                       {Risk::kWhistle, &Planner::whistle}};
  // The group dispute of the county's reports, then smaller ones.
  const uint32_t disputes = times(Risk::kGroupDispute);
  for (uint32_t i = 0; i < disputes; ++i) group_dispute(i == 0 ? 91 : static_cast<uint32_t>(random_.skewed(6, 36)));
  for (const auto& [risk, scene] : kScenes)
    for (uint32_t i = times(risk); i > 0; --i) (this->*scene)();
  single_floods();
  for (Matter& m : plan_.matters) {
    courses_.fit(m);
    if (m.scene < 0) continue;
    Label& label = plan_.labels[static_cast<size_t>(m.scene)];
    if (label.awaits) label.until = std::max(label.until, answered_at(m));
  }
  std::stable_sort(plan_.matters.begin(), plan_.matters.end(), [](const Matter& a, const Matter& b) {
    return a.at + a.delay_s * kSecond < b.at + b.delay_s * kSecond;
  });
  return std::move(plan_);
}

uint32_t Planner::times(Risk risk) const {
  const uint32_t wanted = p_.planted[static_cast<size_t>(risk)];
  if (wanted == 0) return 0;
  const auto scaled = static_cast<uint32_t>((static_cast<uint64_t>(wanted) * frame_.per_thousand + 500) / 1000);
  return scaled == 0 && frame_.at_least_one ? 1 : scaled;
}

// A start from which `length` fits before the end of the feed, at one of these hours where the feed is long enough to
// choose; nothing when it does not fit.
std::optional<TimeMs> Planner::when(DurationMs length, uint32_t earliest_hour, uint32_t latest_hour) {
  const DurationMs room = frame_.end - frame_.start - length - kHour;
  if (room < 0) return std::nullopt;
  const TimeMs latest = frame_.end - kHour - length;
  TimeMs t = frame_.start + random_.between(0, room / kSecond) * kSecond;
  if (room < 2 * kDay) return t;
  t = civil_.midnight(t) + random_.between(earliest_hour * 3600, latest_hour * 3600 + 3599) * kSecond;
  if (t < frame_.start) t += kDay;
  if (t > latest) t -= kDay;
  return t;
}

int32_t Planner::scene(Risk risk, std::string key, std::string severity, TimeMs from, TimeMs until) {
  plan_.labels.push_back({risk, std::move(key), std::move(severity), from, until, {}});
  return static_cast<int32_t>(plan_.labels.size() - 1);
}

int32_t Planner::unanswered(Risk risk, const Matter& m, std::string key, std::string severity) {
  const int32_t label = scene(risk, std::move(key), std::move(severity), m.at, m.at);
  plan_.labels.back().awaits = true;
  return label;
}

Matter Planner::matter(Source source, std::string_view category, TimeMs at, uint16_t grid) {
  Matter m;
  m.source = source;
  m.at = std::min(at / kSecond * kSecond, frame_.end - 20 * kMinute);
  m.delay_s = static_cast<int32_t>(random_.skewed(0, 90));
  m.category = p_.category(category);
  m.grade = 3;
  g_.settle(m, grid, random_);
  m.text = static_cast<uint16_t>(random_.below(1000));
  m.text_seed = static_cast<uint32_t>(random_.next() >> 32);
  m.reporter = person();
  m.case_no = ++plan_.cases;
  const Category& c = p_.categories[m.category];
  m.respondent_kind = c.respondent;
  if (c.respondent != PartyKind::kNobody) m.respondent = person();
  return m;
}

void Planner::add(Matter m, bool with_course) {
  if (m.source == Source::kGrid && m.category == p_.category("water.flooding.road") && m.kind == EventKind::kReport) {
    if (road_left_ > 0) {
      --road_left_;
    } else {
      m.source = Source::kHotline12345;
    }
  }
  if (with_course && m.aftermath != Aftermath::kWithdrawn) courses_.plan_usual(m, random_);
  plan_.matters.push_back(m);
}

std::string Planner::place_of(const Matter& m) const {
  std::string out;
  lines_.append_place(m, out);
  return out;
}

std::string Planner::company_of(uint32_t number, std::string_view category) const {
  std::string out;
  lines_.append_company(number, p_.categories[p_.category(category)], out);
  return out;
}

std::string Planner::area_of(uint16_t grid, bool town) const {
  const Village& v = p_.villages[g_.grid(grid).village];
  return town ? p_.towns[v.town].code : v.code;
}

Source Planner::one_of(std::initializer_list<Source> sources) {
  return sources.begin()[random_.below(static_cast<uint32_t>(sources.size()))];
}

}  // namespace tocsin::simulate
