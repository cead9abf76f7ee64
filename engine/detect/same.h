#pragma once
// When two events are of one matter, for the kind `similar`: a rule's `same`, which is a condition over five facts, as
// a table. It must hold the more, the more alike two texts are; so for each combination of the four yes-or-no facts
// there is a least likeness from which on it holds.
#include <array>
#include <limits>

namespace tocsin::detect {

struct Same {
  // Facts about two events; both must have the value. Bits of an index into `least`.
  static constexpr unsigned kReporter = 1, kPlace = 2, kCase = 4, kCategory = 8;
  static constexpr unsigned kFacts = 16;
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  std::array<double, kFacts> least = [] {
    std::array<double, kFacts> never{};
    never.fill(kNever);
    return never;
  }();
  // Cells of what is compared; -1: the rule does not compare it.
  int reporter = -1, place = -1, matter_case = -1, category = -1;
  int fingerprint = -1;  // of the text (event/likeness.h)
  int headline = -1;
  bool settles = false;  // the rule says what settles a case; matter_case is set then

  bool holds(unsigned facts, double likeness) const { return likeness >= least[facts]; }
  // The least likeness that is enough without the same reporter, place or case.
  double by_text() const { return least[0] < least[kCategory] ? least[0] : least[kCategory]; }
};

}  // namespace tocsin::detect
