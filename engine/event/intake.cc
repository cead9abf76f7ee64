#include "event/intake.h"

#include <cmath>
#include <cstring>

#include "event/mask.h"
#include "event/own_names.h"

namespace tocsin {
namespace {

constexpr size_t kMaxName = 512;  // bytes of an id, a code, a category

// Segments of letters, digits, '_' and '-' (or any non-ASCII character), parted by single dots.
bool is_category(std::string_view s) {
  bool empty = true;
  for (const char c : s) {
    if (c == '.') {
      if (empty) return false;
      empty = true;
      continue;
    }
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                      (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (!good) return false;
    empty = false;
  }
  return !empty;
}

char* write_micro(double degrees, char* p) {
  int64_t v = std::llround(degrees * 1e6);
  if (v < 0) {
    *p++ = '-';
    v = -v;
  }
  auto whole = static_cast<unsigned>(v / 1'000'000);
  auto fraction = static_cast<unsigned>(v % 1'000'000);
  if (whole >= 100) *p++ = static_cast<char>('0' + whole / 100);
  if (whole >= 10) *p++ = static_cast<char>('0' + whole / 10 % 10);
  *p++ = static_cast<char>('0' + whole % 10);
  *p++ = '.';
  for (int i = 5; i >= 0; --i, fraction /= 10) p[i] = static_cast<char>('0' + fraction % 10);
  return p + 6;
}

std::string_view attr(const Event& e, std::string_view name) {
  for (const NamedText& a : e.attrs) {
    if (a.name == name) return a.value;
  }
  return {};
}

bool is_person(const Event& e, RespondentIs respondent) {
  const std::string_view type = attr(e, "respondent_type");
  if (type == "person") return true;
  if (respondent != RespondentIs::kByName) return respondent == RespondentIs::kPerson;
  if (type == "organisation" || type == "organization") return false;
  return !is_organisation(e.respondent);
}

}  // namespace

std::string_view coordinate_place(LonLat p, Arena& arena) {
  char* const out = arena.array<char>(24);
  char* q = write_micro(p.lat, out);
  *q++ = ',';
  q = write_micro(p.lon, q);
  return {out, static_cast<size_t>(q - out)};
}

Intake::Intake(IntakeOptions options) : options_(std::move(options)), tokenizer_(options_.privacy_key) {
  options_.privacy_key.clear();
}

bool Intake::check_required(const Event& e, Refusal& why) const {
  if (!e.id.empty() && !e.source.empty() && !e.category.empty() && e.occurred_at != kNoTime) return true;
  std::string missing;
  const auto need = [&](bool there, std::string_view name) {
    if (there) return;
    if (!missing.empty()) missing += ", ";
    missing += name;
  };
  need(!e.id.empty(), "id");
  need(!e.source.empty(), "source");
  need(e.occurred_at != kNoTime, "occurred_at");
  need(!e.category.empty(), "category");
  return refuse(why, Reason::kMissingField, "required and missing: " + missing);
}

bool Intake::check_values(const Event& e, Refusal& why) const {
  for (const TimeMs t : {e.occurred_at, e.reported_at, e.due_at}) {
    if (t != kNoTime && (t < kEarliestTime || t >= kLatestTime)) {
      return refuse(why, Reason::kTimeOutOfRange,
                    std::string(t == e.occurred_at   ? "occurred_at"
                                : t == e.reported_at ? "reported_at"
                                                     : "due_at") +
                        " is before 1990 or after 2099; is it in seconds where milliseconds are meant?");
    }
  }
  if (e.id.size() > kMaxName || e.source.size() > kMaxName || e.case_id.size() > kMaxName ||
      e.category.size() > kMaxName) {
    return refuse(why, Reason::kBadValue, "id, source, case or category is longer than 512 bytes");
  }
  if (!is_category(e.category)) {
    return refuse(why, Reason::kBadValue, "category is not a dotted path such as water.flooding.road");
  }
  if (!options_.trusted && !options_.sources.empty() && !options_.sources.contains(e.source)) {
    return refuse(why, Reason::kUnknownSource, "the source is not configured");
  }
  return true;
}

bool Intake::check_area(Event& e, Refusal& why) const {
  struct Level {
    std::string_view code;
    AreaLevel level;
    const char* name;
    const char* shape;
  };
  const Level levels[] = {{e.city, AreaLevel::kCity, "area.city", "6"},
                          {e.town, AreaLevel::kTown, "area.town", "9"},
                          {e.village, AreaLevel::kVillage, "area.village", "12"}};
  const Level* above = nullptr;
  for (const Level& l : levels) {
    if (l.code.empty()) continue;
    if (!is_area_code(l.code, l.level)) {
      return refuse(why, Reason::kUnknownArea,
                    std::string(l.name) + " is not a code of " + l.shape + " digits in a province of GB/T 2260");
    }
    if (above != nullptr && !l.code.starts_with(above->code)) {
      return refuse(why, Reason::kUnknownArea,
                    std::string(l.name) + " is " + std::string(l.code) + ", which does not lie in " + above->name +
                        ", " + std::string(above->code));
    }
    if (!options_.trusted && options_.areas != nullptr && !options_.areas->may_exist(l.code)) {
      return refuse(why, Reason::kUnknownArea,
                    std::string(l.name) + " is " + std::string(l.code) + ", a code that the area table does not know");
    }
    above = &l;
  }
  if (e.town.empty() && !e.village.empty()) e.town = e.village.substr(0, 9);
  if (e.city.empty() && !e.town.empty()) e.city = e.town.substr(0, 6);
  return true;
}

bool Intake::place_it(Event& e, Crs crs, Arena& arena, Refusal& why) const {
  if (std::isnan(e.lon) != std::isnan(e.lat)) {
    return refuse(why, Reason::kBadCoordinates, "location has only one of lon and lat");
  }
  if (!e.has_location()) return true;
  LonLat p{e.lon, e.lat};
  if (!is_plausible(p)) {
    const bool swapped = std::fabs(p.lat) > 90 && std::fabs(p.lat) <= 180 && std::fabs(p.lon) <= 90;
    return refuse(why, Reason::kBadCoordinates,
                  swapped                                        ? "location has lon and lat swapped"
                  : std::fabs(p.lon) < 1 && std::fabs(p.lat) < 1 ? "location is at 0,0"
                                                                 : "location is outside the world");
  }
  if (crs != Crs::kWgs84) p = to_wgs84(p, crs);
  e.lon = p.lon;
  e.lat = p.lat;
  if (e.place.empty()) e.place = coordinate_place(p, arena);
  return true;
}

void Intake::hide(Event& e, Arena& arena, RespondentIs respondent) const {
  const bool person = !e.respondent.empty() && is_person(e, respondent);
  const std::string_view identities[] = {e.reporter, e.subject, person ? e.respondent : std::string_view()};
  const OwnNames names(identities);
  if (!e.text.empty()) e.text = mask_text(names.mask(e.text, arena), arena);
  if (!names.empty()) e.place = names.tokenise(e.place, tokenizer_, arena);
  if (!e.reporter.empty()) e.reporter = tokenizer_.token(e.reporter, arena);
  if (!e.subject.empty()) e.subject = tokenizer_.token(e.subject, arena);
  if (!e.respondent.empty())
    e.respondent = person ? tokenizer_.token(e.respondent, arena) : mask_text(e.respondent, arena);
  if (e.attrs.empty()) return;
  bool changed = false;
  NamedText* const attrs = arena.array<NamedText>(e.attrs.size());
  for (size_t i = 0; i < e.attrs.size(); ++i) {
    const std::string_view value = names.tokenise(e.attrs[i].value, tokenizer_, arena);
    attrs[i] = {e.attrs[i].name, tokenise_numbers(value, tokenizer_, arena)};
    changed |= attrs[i].value.data() != e.attrs[i].value.data();
  }
  if (changed) e.attrs = {attrs, e.attrs.size()};
}

bool Intake::admit(Event& e, Crs crs, Arena& arena, Refusal& why, RespondentIs respondent) const {
  if (!check_required(e, why) || !check_values(e, why)) return false;
  if ((!e.city.empty() || !e.town.empty() || !e.village.empty()) && !check_area(e, why)) return false;
  if (!options_.trusted) hide(e, arena, respondent);  // before it may be placed by its coordinates, which name nobody
  return place_it(e, crs, arena, why);
}

}  // namespace tocsin
