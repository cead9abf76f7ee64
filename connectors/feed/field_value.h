#pragma once
// What an expression of a feed yields, as a field of the event. Texts count as numbers and times where a field needs
// them ("35.5", "2024/7/1 8:30"); null and empty texts are missing.
#include <string_view>
#include <vector>

#include "connectors/feed/feed_impl.h"
#include "event/event.h"
#include "event/rejection.h"
#include "expr/value.h"

namespace tocsin::feed {

// An expression's error for people, without any value of the record: a cell may be a name. `source` is the expression.
std::string error_text(const expr::Value& error, std::string_view source);

// Collects flags, values and attrs of one event while its other fields are set. Reused from record to record.
class EventBuilder {
 public:
  explicit EventBuilder(TimeZone zone) : zone_(zone) {}
  void begin(Event& e, Crs crs);
  // False: `why` names the field and what it must be.
  bool set(const Mapping& m, const expr::Value& v, Arena& arena, Refusal& why);
  // Hands the collected lists to the event.
  void finish(Arena& arena);
  Crs crs() const { return crs_; }

 private:
  bool set_field(Field field, std::string_view name, const expr::Value& v, Arena& arena, Refusal& why);
  bool set_enum(Field field, std::string_view name, std::string_view text, Refusal& why);
  bool set_time(std::string_view name, const expr::Value& v, TimeMs& out, Refusal& why) const;
  bool add_entry(Field field, std::string_view name, const expr::Value& v, Arena& arena, Refusal& why);
  bool add_flags(const expr::Value& v, Refusal& why);
  bool add_map(Field field, const expr::Value& v, Arena& arena, Refusal& why);

  TimeZone zone_;
  Event* e_ = nullptr;
  Crs crs_ = Crs::kWgs84;
  std::vector<std::string_view> flags_;
  std::vector<NamedNumber> values_;
  std::vector<NamedText> attrs_;
};

}  // namespace tocsin::feed
