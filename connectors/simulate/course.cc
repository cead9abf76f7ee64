#include "course.h"

#include <algorithm>

namespace tocsin::simulate {

TimeMs Courses::due(Stage stage, TimeMs t) const {
  switch (stage) {
    case Stage::kAccepted:
    case Stage::kAssigned:
    case Stage::kReturned:
      return civil_.add_working_days(t, 3);
    case Stage::kProcessing:
    case Stage::kReopened:
      return civil_.add_working_days(t, 5);
    case Stage::kFeedback:
      return civil_.add_working_days(t, 3);
    default:
      return kNoTime;
  }
}

void Courses::step(Matter& m, Stage stage, DurationMs gap, Random& random) const {
  const TimeMs last = m.step_count == 0 ? m.at : m.steps[m.step_count - 1U].at;
  const TimeMs at = std::max(last + kSecond, civil_.at_work(last + gap, static_cast<uint32_t>(random.next() >> 40)));
  Step s;
  s.at = at / kSecond * kSecond;
  s.stage = stage;
  s.due = due(stage, s.at);
  m.add_step(s);
}

void Courses::close(Matter& m, bool evaluated, Random& random) const {
  step(m, Stage::kClosed, random.skewed(40 * kMinute, 22 * kHour), random);
  if (random.chance(6) && m.step_count + 5U < kMaxSteps) {
    step(m, Stage::kReopened, random.between(kDay, 6 * kDay), random);
    step(m, Stage::kProcessing, random.skewed(30 * kMinute, 6 * kHour), random);
    step(m, Stage::kClosed, random.skewed(2 * kHour, 24 * kHour), random);
  }
  if (!evaluated) return;
  step(m, Stage::kEvaluated, random.skewed(2 * kHour, 60 * kHour), random);
  // Mean 4.3 of 5.
  static constexpr uint8_t kGrades[] = {5, 5, 5, 5, 5, 5, 4, 4, 4, 4, 4, 3, 3, 5, 5, 5, 4, 4, 2, 5};
  m.steps[m.step_count - 1U].satisfaction = kGrades[random.below(20)];
}

void Courses::plan(Matter& m, CourseKind kind, Random& random) const {
  step(m, Stage::kAccepted, random.skewed(2 * kMinute, 90 * kMinute), random);
  if (kind == CourseKind::kShort) return close(m, false, random);
  if (kind == CourseKind::kUnsettled) {
    step(m, Stage::kProcessing, random.skewed(30 * kMinute, 8 * kHour), random);
    step(m, Stage::kProcessing, random.skewed(2 * kHour, 20 * kHour), random);
    m.steps[m.step_count - 1U].state = State::kSuspended;
    m.steps[m.step_count - 1U].due = kNoTime;
    return;
  }
  step(m, Stage::kAssigned, random.skewed(5 * kMinute, 5 * kHour), random);
  if (random.chance(15)) {  // the wrong department
    step(m, Stage::kReturned, random.skewed(kHour, 12 * kHour), random);
    step(m, Stage::kAssigned, random.skewed(20 * kMinute, 5 * kHour), random);
    m.steps[m.step_count - 1U].desk = 1;
  }
  if (kind == CourseKind::kUsual) return close(m, false, random);
  if (kind == CourseKind::kFull) {
    step(m, Stage::kProcessing, random.skewed(10 * kMinute, 6 * kHour), random);
    if (random.chance(30)) {
      step(m, Stage::kProcessing, random.skewed(kHour, 6 * kHour), random);
      m.steps[m.step_count - 1U].state = State::kSuspended;
      m.steps[m.step_count - 1U].due = kNoTime;
      step(m, Stage::kProcessing, random.between(2 * kDay, 8 * kDay), random);
      m.steps[m.step_count - 1U].state = State::kResumed;
    }
  }
  step(m, Stage::kFeedback, random.skewed(kHour, 20 * kHour), random);
  close(m, true, random);
}

void Courses::plan_usual(Matter& m, Random& random) const {
  const uint32_t dice = random.below(100);
  switch (m.source) {
    case Source::kGrid:
      return plan(m, dice < 55 ? CourseKind::kShort : dice < 85 ? CourseKind::kUsual : CourseKind::kFull, random);
    case Source::kPolice110:
      return plan(m, dice < 70 ? CourseKind::kUsual : CourseKind::kFull, random);
    case Source::kVisit:
      return plan(m, dice < 60 ? CourseKind::kShort : CourseKind::kUsual, random);
    case Source::kMediation:
      return plan(m, CourseKind::kFull, random);
    case Source::kHotline12345:
      return plan(m, CourseKind::kAnswered, random);
    case Source::kCityops:
      return plan(m, CourseKind::kUsual, random);
    case Source::kSensor:
    case Source::kCount_:
      return;
  }
}

void Courses::fit(Matter& m) const {
  if (m.step_count == 0) return;
  const TimeMs end = end_ - (kMaxDelaySeconds + 60) * kSecond;
  const TimeMs last = m.steps[m.step_count - 1U].at;
  if (last <= end) return;
  const DurationMs room = end - m.at, span = last - m.at;
  TimeMs before = m.at;
  for (size_t i = 0; i < m.step_count; ++i) {
    Step& s = m.steps[i];
    // In seconds: a product of milliseconds would not fit.
    const TimeMs pressed = m.at + (s.at - m.at) / kSecond * (room / kSecond) / (span / kSecond) * kSecond;
    s.at = std::max(pressed, before + kSecond);
    s.due = s.due == kNoTime ? kNoTime : due(s.stage, s.at);
    before = s.at;
  }
}

}  // namespace tocsin::simulate
