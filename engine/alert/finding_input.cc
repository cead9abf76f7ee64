#include "alert/finding_input.h"

namespace tocsin::alert {
namespace {

using detect::Finding;

Input::Kind kind_of(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kHolds:
      return Input::Kind::kHolds;
    case Finding::Kind::kMatched:
      return Input::Kind::kMatched;
    case Finding::Kind::kCorrected:
      return Input::Kind::kCorrected;
    case Finding::Kind::kGone:
      return Input::Kind::kGone;
    case Finding::Kind::kMerged:
      return Input::Kind::kMerged;
    case Finding::Kind::kAnswered:
      return Input::Kind::kAnswered;
  }
  return Input::Kind::kHolds;
}

}  // namespace

Input input_of(const Finding& f) {
  Input in;
  in.kind = kind_of(f.kind);
  in.reason = f.reason;
  in.time = f.time;
  in.last = f.last;
  in.severity = f.severity;
  in.worst = f.worst;
  in.total = f.total;
  in.recovering = f.recovering;
  return in;
}

}  // namespace tocsin::alert
