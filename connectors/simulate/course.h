#pragma once
// The stages that a case goes through, with their deadlines. In the background every stage is done well before its
// deadline; what is overdue is planted (scenes.h).
#include "civil.h"
#include "random.h"

namespace tocsin::simulate {

enum class CourseKind : uint8_t {
  kShort,     // accepted, closed
  kUsual,     // accepted, assigned, closed
  kAnswered,  // accepted, assigned, feedback, closed, evaluated
  kFull,      // accepted, assigned, processing, feedback, closed, evaluated
  kUnsettled  // accepted, processing, and then suspended for good
};

class Courses {
 public:
  // No step lies after `end`.
  Courses(const Civil& civil, TimeMs end) : civil_(civil), end_(end) {}
  // The deadline of a stage entered at `t`; kNoTime where it has none.
  TimeMs due(Stage stage, TimeMs t) const;
  // Adds a step after the last, `gap` later or when people are at work again.
  void step(Matter& m, Stage stage, DurationMs gap, Random& random) const;
  // A whole course, now and then with a return, a reopening or a suspension in it.
  void plan(Matter& m, CourseKind kind, Random& random) const;
  // The course that matters of this source and grade usually take.
  void plan_usual(Matter& m, Random& random) const;
  // Presses steps that would lie after the end of the feed together, so that what should close does. Call it last.
  void fit(Matter& m) const;

 private:
  void close(Matter& m, bool evaluated, Random& random) const;
  Civil civil_;
  TimeMs end_;
};

}  // namespace tocsin::simulate
