#include "line.h"

#include <charconv>

namespace tocsin::simulate {
namespace {

void append_number(std::string& out, int64_t v) {
  char buf[24];
  out.append(buf, std::to_chars(buf, buf + sizeof buf, v).ptr);
}

void append_padded(std::string& out, uint64_t v, size_t width) {
  char buf[20];
  for (size_t i = width; i-- > 0; v /= 10) buf[i] = static_cast<char>('0' + v % 10);
  out.append(buf, width);
}

void append_micro_degrees(std::string& out, int32_t v) {
  append_number(out, v / 1000000);
  out.push_back('.');
  append_padded(out, static_cast<uint64_t>(v % 1000000), 6);
}

std::string short_name(std::string name) {
  const auto cut = [&name](std::string_view end, std::string_view with) {
    if (!name.ends_with(end)) return false;
    name.resize(name.size() - end.size());
    name += with;
    return true;
  };
  if (!cut("村委会", "村") && !cut("社区居委会", "社区")) cut("居委会", "社区");
  return name;
}

}  // namespace

void append_case(uint64_t case_no, std::string& out) {
  constexpr uint64_t kModulus = 1000000000;
  out.push_back('C');
  append_padded(out, (case_no % kModulus) * 387420489ULL % kModulus, 9);
}

void append_household(uint32_t household, std::string& out) {
  out.push_back('h');
  append_padded(out, household, 10);
}

LineWriter::LineWriter(const Profile& p, const Geography& g)
    : p_(p), g_(g), civil_(p.utc_offset), rain_(p.category("water.rain")), level_(p.category("water.level")) {
  for (const Village& v : p.villages) villages_.push_back(short_name(v.name));
  for (uint32_t i = 0; i < g.grid_count(); ++i) {
    const Grid& grid = g.grid(static_cast<uint16_t>(i));
    const Village& v = p.villages[grid.village];
    std::string code = v.code;
    append_padded(code, grid.number, 3);
    areas_.push_back(",\"area\":{\"city\":\"" + p.city_code + "\",\"town\":\"" + p.towns[v.town].code +
                     "\",\"village\":\"" + v.code + "\",\"grid\":\"" + code + "\",\"microgrid\":\"" + code);
  }
}

void LineWriter::append_id(const Matter& m, std::string& out) const {
  out.push_back(info_of(m.source).prefix);
  append_padded(out, m.number, 9);
}

void LineWriter::append_step_id(const Matter& m, size_t i, std::string& out) const {
  append_id(m, out);
  out.push_back('-');
  append_number(out, static_cast<int64_t>(i) + 1);
}

void LineWriter::append_name(uint32_t number, std::string& out) const {
  const uint64_t h = mix(number);
  out.append(p_.surnames[h % p_.surnames.size()]);
  out.append(p_.given_names[(h >> 16) % p_.given_names.size()]);
  if ((h >> 60) < 11) out.append(p_.given_names[(h >> 32) % p_.given_names.size()]);
}

void LineWriter::append_phone(uint32_t number, std::string& out) const {
  static constexpr std::string_view kPrefixes = "133135136137138139150151152157158159180182187188";
  const uint64_t h = mix(number ^ 0x70686f6e65ULL);
  out.append(kPrefixes.substr(h % 16 * 3, 3));
  append_padded(out, (h >> 8) % 100000000, 8);
}

void LineWriter::append_person(uint32_t number, std::string& out) const {
  append_name(number, out);
  out.push_back(' ');
  append_phone(number, out);
}

// Eighteen characters with a valid check digit (GB 11643), so that the reader's mask has something to find.
void LineWriter::append_id_card(uint32_t number, std::string& out) const {
  static constexpr int kWeights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  const uint64_t h = mix(number ^ 0x6964ULL);
  const size_t from = out.size();
  out.append(p_.city_code);
  append_padded(out, 1950 + h % 55, 4);
  append_padded(out, 1 + (h >> 10) % 12, 2);
  append_padded(out, 1 + (h >> 20) % 28, 2);
  append_padded(out, (h >> 30) % 1000, 3);
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += kWeights[i] * (out[from + i] - '0');
  out.push_back("10X98765432"[sum % 11]);
}

void LineWriter::append_company(uint32_t number, const Category& c, std::string& out) const {
  const uint64_t h = mix(number ^ 0xc0ULL);
  out.append(p_.city_name);
  out.append(p_.company_stems[h % p_.company_stems.size()]);
  out.append(p_.company_stems[(h >> 20) % p_.company_stems.size()]);
  out.append(c.company_kind);
}

void LineWriter::append_place(const Matter& m, std::string& out) const {
  out.append(villages_[g_.grid(m.grid).village]);
  switch (m.place_kind) {
    case PlaceKind::kPublic:
      out.append(p_.public_places[m.place_road]);
      break;
    case PlaceKind::kEstate:
      out.append(p_.estates[m.place_road]);
      break;
    case PlaceKind::kSensor:
      out.append(m.category == rain_ ? "雨量站R" : "积水监测点W");
      append_padded(out, m.place_number, 3);
      break;
    case PlaceKind::kAddress:
      out.append(p_.roads[m.place_road]);
      append_number(out, m.place_number);
      out.append("号");
  }
}

void LineWriter::append_slot(Slot slot, const Matter& m, std::string& out) const {
  const auto seed = static_cast<uint32_t>(mix(m.text_seed));
  switch (slot) {
    case Slot::kTown:
      out.append(p_.towns[p_.villages[g_.grid(m.grid).village].town].name);
      break;
    case Slot::kVillage:
      out.append(villages_[g_.grid(m.grid).village]);
      break;
    case Slot::kPlace:
      append_place(m, out);
      break;
    case Slot::kName:
      append_name(m.reporter != 0 ? m.reporter : seed, out);
      break;
    case Slot::kPhone:
      append_phone(m.reporter != 0 ? m.reporter : seed, out);
      break;
    case Slot::kIdCard:
      append_id_card(m.reporter != 0 ? m.reporter : seed, out);
      break;
    case Slot::kCompany:
      append_company(m.respondent, category_of(m), out);
      break;
    case Slot::kPeople:
      append_number(out, m.people > 0 ? m.people : 2 + seed % 9);
      break;
    case Slot::kAmount:
      append_number(out, m.amount > 0 ? m.amount : 1000 + seed % 80 * 500);
      break;
    case Slot::kNumber:
      append_number(out, 2 + seed % 28);
      break;
    case Slot::kPlate:
      out.append("浙B").push_back("ABCDEFGHJK"[seed % 10]);
      append_padded(out, seed / 10 % 10000, 4);
      break;
    case Slot::kNone:
    case Slot::kCount_:
      break;
  }
}

void LineWriter::append_text(const Matter& m, std::string& out) const {
  const std::vector<Phrase>& choice = m.phrase > 0 ? p_.phrases[m.phrase - 1U].second : category_of(m).texts;
  for (const Piece& piece : choice[m.text % choice.size()]) {
    out.append(piece.literal);
    append_slot(piece.slot, m, out);
  }
}

void LineWriter::head(const Matter& m, std::string_view kind, TimeMs at, TimeMs arrival, std::string& out) const {
  out.append(",\"source\":\"").append(info_of(m.source).name).append("\",\"kind\":\"").append(kind);
  if (m.case_no != 0) {
    out.append("\",\"case\":\"");
    append_case(m.case_no, out);
  }
  out.append("\",\"occurred_at\":\"");
  civil_.append(out, at);
  out.append("\",\"reported_at\":\"");
  civil_.append(out, arrival);
  out.append("\",\"category\":\"").append(category_of(m).path).push_back('"');
  if (m.grade != 0) {
    out.append(",\"grade\":").push_back(static_cast<char>('0' + m.grade));
  }
}

void LineWriter::append_area(const Matter& m, std::string& out) const {
  out.append(areas_[m.grid]);
  append_padded(out, m.microgrid, 2);
  out.append("\"}");
}

void LineWriter::append_location(const Matter& m, std::string& out) const {
  // The police's maps are GCJ-02, everybody else's WGS-84.
  const bool gcj = m.source == Source::kPolice110;
  const Point at = gcj ? to_gcj02({m.lon, m.lat}) : Point{m.lon, m.lat};
  out.append(",\"location\":{\"lon\":");
  append_micro_degrees(out, at.lon);
  out.append(",\"lat\":");
  append_micro_degrees(out, at.lat);
  out.append(gcj ? ",\"crs\":\"gcj02\"},\"place\":\"" : ",\"crs\":\"wgs84\"},\"place\":\"");
  append_place(m, out);
  out.push_back('"');
}

void LineWriter::append_parties(const Matter& m, std::string& out) const {
  if (m.reporter != 0) {
    out.append(",\"reporter\":\"");
    append_person(m.reporter, out);
    out.push_back('"');
  }
  if (m.subject != 0) {
    out.append(",\"subject\":\"");
    append_person(m.subject, out);
    out.push_back('"');
  }
  if (m.respondent_kind == PartyKind::kNobody) return;
  out.append(",\"respondent\":\"");
  if (m.respondent_kind == PartyKind::kPerson) {
    append_person(m.respondent, out);
  } else {
    append_company(m.respondent, category_of(m), out);
  }
  out.push_back('"');
}

void LineWriter::append_duty(const Matter& m, uint8_t desk, std::string& out) const {
  out.append(",\"duty\":\"");
  const Village& village = p_.villages[g_.grid(m.grid).village];
  if (desk == 0) {
    out.append(p_.towns[village.town].name);
  } else {
    out.append(p_.city_name);
  }
  out.append(category_of(m).department).push_back('"');
}

void LineWriter::append_flags(const Matter& m, std::string& out) const {
  if (m.flags == 0) return;
  out.append(",\"flags\":[");
  for (size_t i = 0; i < kFlagNames.size(); ++i) {
    if ((m.flags >> i & 1U) == 0) continue;
    if (out.back() != '[') out.push_back(',');
    out.append("\"").append(kFlagNames[i]).push_back('"');
  }
  out.push_back(']');
}

void LineWriter::append_values(const Matter& m, std::string& out) const {
  if (m.amount > 0) {
    out.append(",\"values\":{\"amount\":");
    append_number(out, m.amount);
    out.push_back('}');
  }
  if (m.reading < 0) return;
  out.append(m.category == rain_ ? ",\"values\":{\"rain_mm_h\":" : ",\"values\":{\"depth_cm\":");
  append_number(out, m.reading / 10);
  if (m.reading % 10 != 0) {
    out.push_back('.');
    out.push_back(static_cast<char>('0' + m.reading % 10));
  }
  out.push_back('}');
}

void LineWriter::append_attrs(const Matter& m, std::string& out) const {
  const size_t from = out.size();
  if (m.rewarded) out.append(",\"rewarded\":\"true\",\"risk\":\"serious\"");
  if (m.settled) out.append(",\"result\":\"settled\",\"settled_by\":\"grid\"");
  if (m.source == Source::kVisit) out.append(",\"form\":\"walk-in\"");
  if (m.kind == EventKind::kCall) out.append(",\"whistle\":\"called\"");
  if (m.place_kind == PlaceKind::kEstate) {
    out.append(",\"estate\":\"");
    append_place(m, out);
    out.push_back('"');
  }
  if (m.household != 0) {
    out.append(",\"household\":\"");
    append_household(m.household, out);
    out.push_back('"');
  }
  if (out.size() == from) return;
  out.insert(from, ",\"attrs\":{");
  out.erase(from + 10, 1);  // the first comma
  out.push_back('}');
}

void LineWriter::report(const Matter& m, TimeMs arrival, int revision, std::string& out) const {
  out.append("{\"id\":\"");
  append_id(m, out);
  out.push_back('"');
  if (revision > 0) {
    out.append(",\"revision\":");
    append_number(out, revision);
  }
  head(m, name_of(m.kind), m.at, arrival, out);
  if (m.stage != Stage::kNone) out.append(",\"stage\":\"").append(name_of(m.stage)).push_back('"');
  append_area(m, out);
  append_location(m, out);
  append_parties(m, out);
  if (m.kind == EventKind::kCall) {
    append_duty(m, 0, out);
  } else if (m.source == Source::kGrid) {
    out.append(",\"duty\":\"").append(villages_[g_.grid(m.grid).village]).append("第");
    append_number(out, g_.grid(m.grid).number);
    out.append("网格\"");
  }
  if (m.people > 0) {
    out.append(",\"people\":");
    append_number(out, m.people);
  }
  if (m.kind != EventKind::kReading) {
    out.append(",\"text\":\"");
    append_text(m, out);
    out.push_back('"');
  }
  append_flags(m, out);
  append_values(m, out);
  append_attrs(m, out);
  out.append("}\n");
}

void LineWriter::withdrawal(const Matter& m, TimeMs arrival, std::string& out) const {
  out.append("{\"id\":\"");
  append_id(m, out);
  out.append("\",\"revision\":1");
  head(m, name_of(EventKind::kWithdrawal), m.at, arrival, out);
  out.append("}\n");
}

void LineWriter::transition(const Matter& m, size_t i, TimeMs arrival, std::string& out) const {
  const Step& s = m.steps[i];
  const bool answer = s.state == State::kAnswered;
  out.append("{\"id\":\"");
  append_step_id(m, i, out);
  out.push_back('"');
  head(m, name_of(answer ? EventKind::kCall : EventKind::kTransition), s.at, arrival, out);
  if (s.stage != Stage::kNone) out.append(",\"stage\":\"").append(name_of(s.stage)).push_back('"');
  if (s.due != kNoTime) {
    out.append(",\"due_at\":\"");
    civil_.append(out, s.due);
    out.push_back('"');
  }
  append_area(m, out);
  if (s.stage == Stage::kClosed || s.stage == Stage::kReopened) {
    // What a rule of "closed, then again" compares with the next report.
    out.append(",\"place\":\"");
    append_place(m, out);
    out.push_back('"');
    append_parties(m, out);
  }
  append_duty(m, s.desk, out);
  if (s.satisfaction != 0) out.append(",\"satisfaction\":").push_back(static_cast<char>('0' + s.satisfaction));
  static constexpr std::string_view kStates[] = {"",
                                                 ",\"attrs\":{\"state\":\"suspended\"}",
                                                 ",\"attrs\":{\"state\":\"resumed\"}",
                                                 ",\"attrs\":{\"state\":\"found\"}",
                                                 ",\"attrs\":{\"whistle\":\"called\"}",
                                                 ",\"attrs\":{\"whistle\":\"answered\"}"};
  out.append(kStates[static_cast<size_t>(s.state)]);
  if (s.stage == Stage::kClosed && m.source == Source::kMediation) {
    out.append(",\"attrs\":{\"result\":\"settled\",\"settled_by\":\"platform\"}");
  } else if (s.stage == Stage::kClosed && m.source == Source::kVisit) {
    out.append(",\"attrs\":{\"result\":\"settled\"}");
  }
  out.append("}\n");
}

}  // namespace tocsin::simulate
