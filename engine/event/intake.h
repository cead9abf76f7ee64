#pragma once
// The last step of every reader, whatever its format: an event whose fields are filled in raw becomes one that the
// engine may see. Checks it, replaces identities by tokens, also where they stand in its text, place and attributes,
// masks numbers, makes coordinates WGS-84 and fills in what follows from other fields. After it nothing raw is left.
#include <memory>
#include <set>
#include <string>

#include "base/arena.h"
#include "event/area_table.h"
#include "event/coordinates.h"
#include "event/event.h"
#include "event/privacy.h"
#include "event/rejection.h"
#include "time/format.h"

namespace tocsin {

struct IntakeOptions {
  std::string privacy_key;                     // of the tokens; the program refuses to run without one
  TimeZone zone = TimeZone::utc();             // of times without an offset
  Crs crs = Crs::kWgs84;                       // of locations that do not name one
  std::shared_ptr<const AreaTable> areas;      // known area codes; none: by shape alone
  std::set<std::string, std::less<>> sources;  // known sources; empty: any
  bool trusted = false;  // re-reads our own log: identities are tokens and the text is masked already
};

// Whether a respondent is a person: told by the feed, or by attrs.respondent_type ("person", "organisation"), or else
// by the name (is_organisation).
enum class RespondentIs : uint8_t { kByName, kPerson, kOrganisation };

// Immutable, thread-safe.
class Intake {
 public:
  explicit Intake(IntakeOptions options);
  // `e` as read: times, numbers and enums parsed, lon and lat in `crs` (NaN: not there), texts raw. True: `e` is fit
  // for the engine, with texts that changed in `arena`. False: `why` names the first thing wrong (all missing fields at
  // once).
  bool admit(Event& e, Crs crs, Arena& arena, Refusal& why, RespondentIs respondent = RespondentIs::kByName) const;
  const IntakeOptions& options() const { return options_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  bool check_required(const Event& e, Refusal& why) const;
  bool check_values(const Event& e, Refusal& why) const;
  bool check_area(Event& e, Refusal& why) const;
  bool place_it(Event& e, Crs crs, Arena& arena, Refusal& why) const;
  void hide(Event& e, Arena& arena, RespondentIs respondent) const;

  IntakeOptions options_;
  Tokenizer tokenizer_;
};

// "lat,lon" of WGS-84 degrees rounded to six decimals: the identity of a place that has no name. In `arena`.
std::string_view coordinate_place(LonLat p, Arena& arena);

}  // namespace tocsin
