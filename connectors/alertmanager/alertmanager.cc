#include "connectors/alertmanager/alertmanager.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/json_writer.h"
#include "time/format.h"

namespace tocsin::alertmanager {
namespace {

namespace dom = simdjson::dom;
constexpr size_t kSaidAtOnce = 256;  // alerts in one repeating request
constexpr int kLasts = 4;            // times `resend`

std::string text_at(const dom::element& e, std::string_view pointer) {
  std::string_view out;
  return e.at_pointer(pointer).get(out) == simdjson::SUCCESS ? std::string(out) : std::string();
}

// What Alertmanager knows of one alert.
struct Told {
  std::string labels;  // by which it knows it: {…}
  std::string json;    // the object without its end: {"labels":…,"annotations":…,"startsAt":…
  bool open = false;
};

void add_field(JsonWriter& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.field(name, value);
}

std::string labels_of(const dom::element& data) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.field("alertname", text_at(data, "/rule")).field("alert_id", text_at(data, "/alert_id"));
  w.field("severity", text_at(data, "/severity")).field("service", "tocsin");
  add_field(w, "owner", text_at(data, "/owner"));
  for (const std::string_view code : {"city", "town", "village", "grid"}) {
    add_field(w, code, text_at(data, "/area/" + std::string(code)));
  }
  w.end_object();
  return out;
}

void write_annotations(JsonWriter& w, const dom::element& data) {
  w.key("annotations").begin_object();
  for (const std::string_view what : {"name", "summary", "advice"}) {
    for (const std::string_view language : {"zh", "en"}) {
      add_field(w, std::string(what) + "_" + std::string(language),
                text_at(data, "/" + std::string(what) + "/" + std::string(language)));
    }
  }
  w.field("status", text_at(data, "/status")).field("reason", text_at(data, "/reason")).end_object();
}

class AlertmanagerFormat final : public delivery::Format {
 public:
  explicit AlertmanagerFormat(AlertmanagerOptions options) : options_(std::move(options)) {}

  bool wants_muted() const override { return true; }

  delivery::Request pack(std::span<const delivery::Message> group, TimeMs now) const override {
    Ended ended;
    const std::map<std::string, Told> fresh = read(group, now, &ended);
    Body body(*this, now);
    for (const auto& [labels, json] : ended) body.add(json, now);
    for (const auto& [id, told] : fresh) {
      if (!told.json.empty()) body.add(told.json, told.open ? body.lasts : now);
    }
    return std::move(body).request();
  }

  void settled(std::span<const delivery::Message> group, TimeMs now) override {
    for (auto& [id, told] : read(group, now, nullptr)) remember(id, std::move(told));
    if (next_ == 0) next_ = now + options_.resend;
  }

  std::optional<delivery::Request> again(TimeMs now) override {
    Body body(*this, now);
    auto it = open_.upper_bound(said_);
    for (size_t n = 0; it != open_.end() && n < kSaidAtOnce; ++it, ++n) {
      body.add(it->second.json, body.lasts);
      said_ = it->first;
    }
    if (it == open_.end()) {
      said_.clear();
      next_ = now + options_.resend;
    }
    return std::move(body).request();
  }
  TimeMs next_again() const override { return open_.empty() ? kNever : next_; }

  Status resume(uint64_t floor, TimeMs now) override {
    if (!options_.recall) return {};
    return options_.recall([&](const runtime::Outgoing& o) {
      if (o.sequence > floor) return;  // it is offered as any other
      const delivery::Message m{o.sequence, std::string(o.alert_id), std::string(o.json), o.muted};
      for (auto& [id, told] : read({&m, 1}, now, nullptr)) remember(id, std::move(told));
    });
  }

 private:
  // Objects without their ends, by labels. Alertmanager knows an alert by all its labels: when one changes, the
  // severity or an area that has grown, the alert of the former ones goes on ringing until it is ended.
  using Ended = std::map<std::string, std::string>;
  // A request's body under way.
  struct Body {
    Body(const AlertmanagerFormat& f, TimeMs at) : format(f), lasts(at + kLasts * f.options_.resend) {}
    void add(const std::string& json, TimeMs ends) {
      text += text.empty() ? "[" : ",";
      text += json + ",\"endsAt\":\"" + format_time(ends) + "\"}";
    }
    delivery::Request request() && {
      delivery::Request out;
      for (const std::string& url : format.options_.urls) {
        out.urls.push_back(url + (url.ends_with('/') ? "api/v2/alerts" : "/api/v2/alerts"));
      }
      out.headers = format.options_.headers;
      out.headers.emplace_back("Content-Type: application/json");
      if (!text.empty()) out.body = std::move(text) + "]";
      return out;
    }
    const AlertmanagerFormat& format;
    const TimeMs lasts;
    std::string text;
  };

  // What is known of each alert of the group once it is told; an empty json: nothing is to be said of it. What it was
  // known by before and is no longer goes to `ended`.
  std::map<std::string, Told> read(std::span<const delivery::Message> group, TimeMs now, Ended* ended) const {
    std::map<std::string, Told> out;
    dom::parser parser;
    for (const delivery::Message& m : group) {
      const auto before = out.find(m.alert_id);
      const auto known = open_.find(m.alert_id);
      const Told* last = before != out.end() ? &before->second : known != open_.end() ? &known->second : nullptr;
      Told told;
      if (!m.muted) told = tell(parser, m, now);
      if (ended != nullptr && !told.json.empty()) {
        if (last != nullptr && !last->json.empty() && last->labels != told.labels) (*ended)[last->labels] = last->json;
        ended->erase(told.labels);  // it may come back to what it was
      }
      out[m.alert_id] = std::move(told);
    }
    return out;
  }

  Told tell(dom::parser& parser, const delivery::Message& m, TimeMs now) const {
    dom::element event;
    dom::element data;
    if (parser.parse(m.json).get(event) != simdjson::SUCCESS || event["data"].get(data) != simdjson::SUCCESS) return {};
    Told told;
    told.labels = labels_of(data);
    const std::string status = text_at(data, "/status");
    told.open = status != "resolved" && status != "closed";
    JsonWriter w(told.json);
    w.begin_object().key("labels").raw(told.labels);
    write_annotations(w, data);
    std::string opened = text_at(data, "/opened_at");
    // Alertmanager refuses an end before the start, which an event time ahead of this clock would give.
    if (const auto at = parse_time(opened, TimeZone::utc()); at && *at > now) opened = format_time(now);
    w.field("startsAt", opened);
    if (!options_.console.empty()) w.field("generatorURL", link_to(m.alert_id));
    return told;
  }

  // The console's own address of an alert (console/src/core/router.ts). Ids need no escapes: names of rules are plain.
  std::string link_to(const std::string& id) const {
    const size_t end = options_.console.find_last_not_of('/');
    return options_.console.substr(0, end == std::string::npos ? 0 : end + 1) + "/#/alerts/" + id;
  }

  void remember(const std::string& id, Told told) {
    if (!told.open || told.json.empty()) {
      open_.erase(id);
    } else if (open_.size() < options_.most_open || open_.contains(id)) {
      open_[id] = std::move(told);
    }
  }

  const AlertmanagerOptions options_;
  std::map<std::string, Told> open_;
  std::string said_;  // the last alert of a round of repeating
  TimeMs next_ = 0;   // when the next round begins
};

}  // namespace

Result<std::unique_ptr<delivery::Courier>> make_alertmanager(AlertmanagerOptions options, const Clock& clock) {
  if (options.urls.empty()) return invalid("urls: name at least one Alertmanager, as http://host:9093");
  for (const std::string& url : options.urls) {
    if (auto s = delivery::check_url(url); !s) return invalid("urls: " + url + ": " + s.error().message);
  }
  delivery::CourierOptions courier = options.courier;
  return std::make_unique<delivery::Courier>(std::move(courier),
                                             std::make_unique<AlertmanagerFormat>(std::move(options)), clock);
}

}  // namespace tocsin::alertmanager
