#include "profile.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json_writer.h"
#include "time/format.h"
#include "yaml_reading.h"

namespace tocsin::simulate {
namespace {

using Node = YAML::Node;
constexpr int kMaxDepth = 4;  // of `extends:`
constexpr size_t kMaxVillages = 20000;

Result<std::string> file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf())) return not_found("cannot read " + path);
  return out.str();
}

template <size_t N>
std::vector<std::string_view> list_of(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}
template <size_t N>
int index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto it = std::find(names.begin(), names.end(), name);
  return it == names.end() ? -1 : static_cast<int>(it - names.begin());
}

// Millionths of a degree from "121.2450" without floating point; -1 when it is no such number.
int32_t micro_degrees(std::string_view s) {
  int64_t v = 0;
  int decimals = -1;
  for (const char c : s) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (c >= '0' && c <= '9' && decimals < 6 && v < 1000000000) {
      v = v * 10 + (c - '0');
      if (decimals >= 0) ++decimals;
    } else {
      return -1;
    }
  }
  for (int d = std::max(decimals, 0); d < 6; ++d) v *= 10;
  return s.empty() || v > 180000000 ? -1 : static_cast<int32_t>(v);
}

// A category's pattern moves its reports about and makes them no more: it is brought to a mean of kEven.
constexpr uint32_t kEven = 20;
template <size_t N>
std::array<uint32_t, N> levelled(std::array<uint32_t, N> pattern) {
  uint64_t sum = 0;
  for (const uint32_t w : pattern) sum += w;
  for (uint32_t& w : pattern) w = sum == 0 ? kEven : static_cast<uint32_t>((w * kEven * N + sum / 2) / sum);
  return pattern;
}

class ProfileReader {
 public:
  ProfileReader(std::string file, int depth) : file_(std::move(file)), y_(file_), depth_(depth) {}
  Result<Profile> read(std::string_view text);

 private:
  void extend(const Node& root);
  void top(const Node& root);
  void patterns(const Node& n);
  void sources(const Node& n);
  void category(const std::string& path, const Node& n);
  void weights_of(const Node& n, Category& c);
  void boost(const Node& n);
  void phrases(const Node& n);
  void names(const Node& n);
  void areas(const Node& n);
  void area_row(const Node& n, int line, std::string_view row);
  void time(const Node& n, std::string_view what, TimeMs& out);
  void span(const Node& n);
  std::vector<Phrase> phrase_list(const Node& n);
  Phrase phrase(const Node& n, const std::string& text);
  Hours hours(const Node& n);
  Months months(const Node& n);
  void complete(const Node& root);
  std::string sibling(const std::string& name) const {
    return (std::filesystem::path(file_).parent_path() / name).lexically_normal().string();
  }

  std::string file_;
  YamlReading y_;
  int depth_;
  Profile p_;
  TimeZone zone_ = TimeZone::utc();
  std::vector<std::pair<std::string, Hours>> hours_;
  std::vector<std::pair<std::string, Months>> months_;
};

Result<Profile> read_profile_at(std::string_view text, const std::string& file, int depth) {
  return ProfileReader(file, depth).read(text);
}

Result<Profile> ProfileReader::read(std::string_view text) {
  Node root;
  try {
    root = YAML::Load(std::string(text));
    if (!root.IsMap() || !root["profile"]) {
      y_.fault_at(0, 0, "not a profile: it must be a map with the key 'profile'");
    } else {
      extend(root);
      if (y_.clean()) top(root);
      if (y_.clean()) complete(root);
    }
  } catch (const YAML::Exception& e) {
    y_.fault_at(std::max(e.mark.line, 0), std::max(e.mark.column, 0), e.msg);
  }
  if (!y_.clean()) return y_.error();
  return std::move(p_);
}

void ProfileReader::extend(const Node& root) {
  const Node base = root["extends"];
  if (!base) return;
  if (depth_ >= kMaxDepth) return y_.fault(base, "profiles extend each other more than 4 deep");
  const std::string path = sibling(y_.text(base, "extends"));
  Result<std::string> text = file_text(path);
  if (!text) return y_.fault(base, text.error().message);
  Result<Profile> profile = read_profile_at(*text, path, depth_ + 1);
  if (!profile) return y_.fault(base, "the profile that it extends has faults:\n" + profile.error().message);
  p_ = *std::move(profile);
}

void ProfileReader::top(const Node& root) {
  // What others refer to comes first, whatever the order in the file.
  if (root["time_zone"]) {
    Result<TimeZone> zone = TimeZone::load(y_.text(root["time_zone"], "time_zone"));
    if (zone) {
      zone_ = *zone;
    } else {
      y_.fault(root["time_zone"], zone.error().message);
    }
  } else if (Result<TimeZone> zone = TimeZone::load("Asia/Shanghai")) {
    zone_ = *zone;
  }
  if (root["patterns"]) patterns(root["patterns"]);
  const auto integer = [this](std::string_view what, uint32_t& out, int64_t lo, int64_t hi) {
    return [this, what, &out, lo, hi](const Node& n) { out = static_cast<uint32_t>(y_.integer(n, what, lo, hi)); };
  };
  const auto ignore = [](const Node&) {};
  y_.map(root, "the profile",
         {{"profile", [this](const Node& n) { p_.name = y_.text(n, "profile"); }},
          {"name", ignore},
          {"extends", ignore},
          {"time_zone", ignore},
          {"patterns", ignore},
          {"scene",
           [this](const Node& n) {
             p_.scene = y_.text(n, "scene");
             if (p_.scene != "storm-afternoon") y_.fault(n, "unknown scene; known is storm-afternoon");
           }},
          {"areas", [this](const Node& n) { areas(n); }},
          {"start", [this](const Node& n) { time(n, "start", p_.start); }},
          {"span", [this](const Node& n) { span(n); }},
          {"spring_festival", [this](const Node& n) { time(n, "spring_festival", p_.spring_festival); }},
          {"grids", integer("grids", p_.grids, 1, 60000)},
          {"microgrids", integer("microgrids", p_.microgrids, 1, 2000000)},
          {"sensors",
           [&, this](const Node& n) {
             y_.map(n, "sensors",
                    {{"rain", integer("sensors.rain", p_.rain_sensors, 0, 10000)},
                     {"level", integer("sensors.level", p_.level_sensors, 0, 10000)}});
           }},
          {"figures",
           [this](const Node& n) {
             y_.entries(n, "figures", [this](const std::string& name, const Node& key, const Node& value) {
               const int i = index_of(kFigureNames, name);
               if (i < 0)
                 return y_.fault(key, "unknown figure '" + name + "'" + y_.suggestion(name, list_of(kFigureNames)));
               p_.figures[static_cast<size_t>(i)] = y_.integer(value, name, 0, 100000000);
             });
           }},
          {"planted",
           [this](const Node& n) {
             p_.planted = {};
             y_.entries(n, "planted", [this](const std::string& name, const Node& key, const Node& value) {
               const int i = index_of(kRiskNames, name);
               if (i < 0)
                 return y_.fault(key, "unknown risk '" + name + "'" + y_.suggestion(name, list_of(kRiskNames)));
               p_.planted[static_cast<size_t>(i)] = static_cast<uint32_t>(y_.integer(value, name, 0, 5000));
             });
           }},
          {"sources", [this](const Node& n) { sources(n); }},
          {"categories",
           [this](const Node& n) {
             y_.entries(n, "categories",
                        [this](const std::string& path, const Node&, const Node& v) { category(path, v); });
           }},
          {"boost", [this](const Node& n) { boost(n); }},
          {"phrases", [this](const Node& n) { phrases(n); }},
          {"names", [this](const Node& n) { names(n); }}});
}

void ProfileReader::patterns(const Node& n) {
  const auto read = [this](auto& into, size_t size, std::string_view what) {
    return [this, &into, size, what](const Node& m) {
      y_.entries(m, what, [&](const std::string& name, const Node&, const Node& v) {
        auto& entry = into.emplace_back();
        entry.first = name;
        const std::vector<uint32_t> w = y_.weights(v, name, size);
        std::copy(w.begin(), w.end(), entry.second.begin());
      });
    };
  };
  y_.map(n, "patterns",
         {{"hours", read(hours_, 24, "patterns.hours")}, {"months", read(months_, 12, "patterns.months")}});
}

template <typename T>
std::vector<std::string_view> first_names(const std::vector<std::pair<std::string, T>>& list) {
  std::vector<std::string_view> out;
  out.reserve(list.size());
  for (const auto& entry : list) out.push_back(entry.first);
  return out;
}

Hours ProfileReader::hours(const Node& n) {
  const std::string name = y_.text(n, "hours");
  for (const auto& [known, value] : hours_)
    if (known == name) return value;
  y_.fault(n, "no pattern of hours is called '" + name + "'" + y_.suggestion(name, first_names(hours_)));
  return {};
}

Months ProfileReader::months(const Node& n) {
  const std::string name = y_.text(n, "months");
  for (const auto& [known, value] : months_)
    if (known == name) return value;
  y_.fault(n, "no pattern of months is called '" + name + "'" + y_.suggestion(name, first_names(months_)));
  return {};
}

void ProfileReader::sources(const Node& n) {
  std::vector<YamlReading::Key> keys;
  for (size_t s = 0; s < kSources; ++s) {
    keys.push_back({kSourceTable[s].name, [this, s](const Node& v) {
                      Rhythm& r = p_.rhythms[s];
                      y_.map(v, kSourceTable[s].name,
                             {{"hours", [&](const Node& x) { r.hours = hours(x); }},
                              {"months", [&](const Node& x) { r.months = months(x); }},
                              {"weekdays", [&](const Node& x) {
                                 const std::vector<uint32_t> w = y_.weights(x, "weekdays", 7);
                                 std::copy(w.begin(), w.end(), r.weekdays.begin());
                               }}});
                    }});
  }
  y_.map(n, "sources", keys);
}

void ProfileReader::category(const std::string& path, const Node& n) {
  auto it = std::find_if(p_.categories.begin(), p_.categories.end(), [&](const Category& c) { return c.path == path; });
  if (it == p_.categories.end()) it = p_.categories.insert(p_.categories.end(), Category{});
  Category& c = *it;
  c = Category{};
  c.path = path;
  c.hours.fill(kEven);
  c.months.fill(kEven);
  y_.map(n, path,
         {{"from", [&](const Node& v) { weights_of(v, c); }},
          {"hours", [&](const Node& v) { c.hours = levelled(hours(v)); }},
          {"months", [&](const Node& v) { c.months = levelled(months(v)); }},
          {"respondent",
           [&](const Node& v) {
             const std::string who = y_.text(v, "respondent");
             if (who != "person" && who != "nobody")
               return y_.fault(v, "respondent must be person or nobody; a company is named by 'company'");
             if (who == "person") c.respondent = PartyKind::kPerson;
           }},
          {"company",
           [&](const Node& v) {
             c.company_kind = y_.text(v, "company");
             c.respondent = PartyKind::kCompany;
           }},
          {"department", [&](const Node& v) { c.department = y_.text(v, "department"); }},
          {"texts", [&](const Node& v) { c.texts = phrase_list(v); }}});
  if (c.texts.empty()) y_.fault(n, "category " + path + " needs texts");
  if (c.department.empty()) y_.fault(n, "category " + path + " needs a department");
}

void ProfileReader::weights_of(const Node& n, Category& c) {
  y_.entries(n, "from", [&](const std::string& name, const Node& key, const Node& value) {
    const int i = index_of(kMixNames, name);
    if (i < 0) return y_.fault(key, "unknown kind of report '" + name + "'" + y_.suggestion(name, list_of(kMixNames)));
    c.weights[static_cast<size_t>(i)] = static_cast<uint32_t>(y_.integer(value, name, 0, 1000));
  });
}

void ProfileReader::boost(const Node& n) {
  y_.entries(n, "boost", [this](const std::string& path, const Node& key, const Node& value) {
    const auto times = static_cast<uint32_t>(y_.integer(value, path, 0, 100));
    for (Category& c : p_.categories) {
      if (c.path != path) continue;
      for (uint32_t& w : c.weights) w *= times;
      return;
    }
    y_.fault(key, "no category is called '" + path + "'");
  });
}

void ProfileReader::phrases(const Node& n) {
  y_.entries(n, "phrases", [this](const std::string& name, const Node&, const Node& value) {
    const uint16_t at = p_.phrase(name);
    if (at > 0) {
      p_.phrases[at - 1U].second = phrase_list(value);
    } else {
      p_.phrases.emplace_back(name, phrase_list(value));
    }
  });
}

std::vector<Phrase> ProfileReader::phrase_list(const Node& n) {
  std::vector<Phrase> out;
  if (!n.IsSequence() || n.size() == 0) {
    y_.fault(n, "must be a list of at least one text");
    return out;
  }
  for (const auto& item : n) out.push_back(phrase(item, y_.text(item, "a text")));
  return out;
}

Phrase ProfileReader::phrase(const Node& n, const std::string& text) {
  Phrase out;
  size_t from = 0;
  const auto literal = [](std::string_view s) {
    std::string quoted;
    append_json_string(quoted, s);
    return quoted.substr(1, quoted.size() - 2);
  };
  while (true) {
    const size_t open = text.find('{', from);
    const size_t close = open == std::string::npos ? std::string::npos : text.find('}', open);
    if (close == std::string::npos) break;
    const std::string name = text.substr(open + 1, close - open - 1);
    const int slot = index_of(kSlotNames, name);
    if (slot <= 0) y_.fault(n, "unknown word '{" + name + "}'" + y_.suggestion(name, list_of(kSlotNames)));
    out.push_back({literal(std::string_view(text).substr(from, open - from)), static_cast<Slot>(std::max(slot, 0))});
    from = close + 1;
  }
  out.push_back({literal(std::string_view(text).substr(from)), Slot::kNone});
  return out;
}

void ProfileReader::names(const Node& n) {
  const auto list = [this](std::string_view what, std::vector<std::string>& out) {
    return [this, what, &out](const Node& v) { out = y_.texts(v, what); };
  };
  y_.map(n, "names",
         {{"roads", list("roads", p_.roads)},
          {"estates", list("estates", p_.estates)},
          {"public_places", list("public_places", p_.public_places)},
          {"surnames", list("surnames", p_.surnames)},
          {"given_names", list("given_names", p_.given_names)},
          {"company_stems", list("company_stems", p_.company_stems)}});
}

void ProfileReader::time(const Node& n, std::string_view what, TimeMs& out) {
  const std::string text = y_.text(n, what);
  if (const std::optional<TimeMs> t = parse_time(text, zone_)) {
    out = *t;
    if (what == "start") p_.utc_offset = zone_.offset(*t);
  } else if (!text.empty()) {
    y_.fault(n, std::string(what) + " must be a time like 2025-01-01T00:00, not '" + text + "'");
  }
}

void ProfileReader::span(const Node& n) {
  const std::string text = y_.text(n, "span");
  const Result<DurationMs> d = parse_duration(text);
  if (!d) return y_.fault(n, d.error().message);
  if (*d < kHour || *d % kHour != 0) return y_.fault(n, "span must be whole hours or days, an hour at least");
  p_.span = *d;
}

void ProfileReader::areas(const Node& n) {
  const std::string path = sibling(y_.text(n, "areas"));
  const Result<std::string> text = file_text(path);
  if (!text) return y_.fault(n, text.error().message);
  p_.towns.clear();
  p_.villages.clear();
  std::string_view rest = *text;
  for (int line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    std::string_view row = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    if (line == 1 && row != "code,name,level,parent,lon,lat")
      return y_.fault(n, path + ":1: the header must be code,name,level,parent,lon,lat");
    if (line > 1 && !row.empty()) area_row(n, line, row);
  }
  if (p_.villages.empty() || p_.villages.size() > kMaxVillages) y_.fault(n, path + " must name 1 to 20000 villages");
}

void ProfileReader::area_row(const Node& n, int line, std::string_view row) {
  std::vector<std::string_view> cells;
  for (size_t from = 0; from <= row.size();) {
    const size_t comma = std::min(row.find(',', from), row.size());
    cells.push_back(row.substr(from, comma - from));
    from = comma + 1;
  }
  const std::string where = "line " + std::to_string(line) + " of the areas: ";
  if (cells.size() != 6) return y_.fault(n, where + "6 cells are expected");
  if (cells[2] == "city") {
    p_.city_code = cells[0];
    p_.city_name = cells[1];
  } else if (cells[2] == "town") {
    Town town{std::string(cells[0]), std::string(cells[1]), micro_degrees(cells[4]), micro_degrees(cells[5])};
    if (town.lon < 0 || town.lat < 0) return y_.fault(n, where + "a town needs lon and lat in degrees");
    p_.towns.push_back(std::move(town));
  } else if (cells[2] == "village") {
    const auto town = std::find_if(p_.towns.begin(), p_.towns.end(), [&](const Town& t) { return t.code == cells[3]; });
    if (town == p_.towns.end()) return y_.fault(n, where + "its town must stand above it");
    p_.villages.push_back(
        {std::string(cells[0]), std::string(cells[1]), static_cast<uint16_t>(town - p_.towns.begin())});
  } else {
    y_.fault(n, where + "level must be city, town or village");
  }
}

void ProfileReader::complete(const Node& root) {
  const auto need = [&](bool there, const char* what) {
    if (!there) y_.fault(root, std::string("the profile lacks ") + what);
  };
  need(p_.start != kNoTime, "start");
  need(p_.span > 0, "span");
  need(!p_.villages.empty(), "areas");
  need(p_.grids >= p_.villages.size(), "grids: as many as villages at least");
  need(p_.microgrids >= p_.grids, "microgrids: as many as grids at least");
  need(p_.figure(Figure::kGridReports) > 0, "figures.grid_reports");
  need(!p_.roads.empty() && !p_.estates.empty() && !p_.public_places.empty() && !p_.surnames.empty() &&
           !p_.given_names.empty() && !p_.company_stems.empty(),
       "names: roads, estates, public_places, surnames, given_names, company_stems");
  for (size_t m = 0; m < kMixes; ++m) {
    const bool any =
        std::any_of(p_.categories.begin(), p_.categories.end(), [&](const Category& c) { return c.weights[m] > 0; });
    if (!any) y_.fault(root, "no category has a weight for " + std::string(kMixNames[m]));
  }
  for (size_t s = 0; s < kSources - 1; ++s)
    if (p_.rhythms[s].weekdays == Weekdays{})
      y_.fault(root, "the profile lacks sources." + std::string(kSourceTable[s].name));
  for (const std::string_view path :
       {"water.flooding.road", "water.flooding.residential", "water.level", "water.rain", "dispute.property",
        "dispute.wages", "dispute.neighbour", "dispute.family.violence", "safety.gas.cylinder", "safety.ebike",
        "noise.social", "missing.person", "brawl", "environment.air", "environment.waste"}) {
    const bool there =
        std::any_of(p_.categories.begin(), p_.categories.end(), [&](const Category& c) { return c.path == path; });
    if (!there) y_.fault(root, "the planted risks need the category " + std::string(path));
  }
}

}  // namespace

uint16_t Profile::category(std::string_view path) const {
  for (size_t i = 0; i < categories.size(); ++i)
    if (categories[i].path == path) return static_cast<uint16_t>(i);
  return 0;
}

uint16_t Profile::phrase(std::string_view wanted) const {
  for (size_t i = 0; i < phrases.size(); ++i)
    if (phrases[i].first == wanted) return static_cast<uint16_t>(i + 1);
  return 0;
}

Result<Profile> read_profile(std::string_view text, const std::string& file) { return read_profile_at(text, file, 0); }

Result<Profile> load_profile(const std::string& path) {
  Result<std::string> text = file_text(path);
  if (!text) return text.error();
  return read_profile(*text, path);
}

}  // namespace tocsin::simulate
