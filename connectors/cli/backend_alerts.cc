// What people ask of alerts, answered from the book and the store.
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "connectors/cli/backend.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMostLookedAt = 10'000;  // transitions of one alert, for one answer

// "<opened_at>.<alert id>": where the next page starts, whether or not there still is an alert, or one to be seen. It
// opens nothing: what the asker may not see is in no page.
std::string cursor_of(const runtime::AlertLine& line) { return std::to_string(line.opened_at) + "." + line.alert_id; }

bool parse_cursor(const std::string& cursor, runtime::AlertBook::Place& out) {
  const char* end = cursor.data() + cursor.size();
  const auto r = std::from_chars(cursor.data(), end, out.opened_at);
  if (r.ec != std::errc() || r.ptr == end || *r.ptr != '.') return false;
  out.alert_id.assign(r.ptr + 1, end);
  return !out.alert_id.empty();
}

}  // namespace

bool ServiceBackend::find(std::string_view id, const http::View& view, runtime::AlertLine& out) const {
  return parts_.engine.book().find(id, out) && out.under(view.area) && (view.shadow || !out.shadow);
}

Result<http::AlertPage> ServiceBackend::alerts(const http::AlertQuery& q) {
  http::AlertPage page;
  page.sequence = head_.load();
  runtime::AlertFilter filter{q.status, q.severity, q.rule, q.area, q.owner, q.scope, q.since, q.until, q.shadow};
  runtime::AlertBook::Place place;
  if (!q.cursor.empty() && !parse_cursor(q.cursor, place)) {
    return invalid("the cursor is not one that this service gave out: take `next` of the page before");
  }
  bool more = false;
  const auto lines = parts_.engine.book().list(filter, q.limit, q.cursor.empty() ? nullptr : &place, more);
  for (const runtime::AlertLine& line : lines) {
    auto json = latest_json(line.alert_id, {q.scope, q.shadow});
    if (!json && json.error().code == Code::kNotFound) continue;
    if (!json) return json.error();
    page.alerts.emplace_back(cloud_event_data(*json));
  }
  if (more) page.next = cursor_of(lines.back());
  return page;
}

void ServiceBackend::many_alerts(http::AlertQuery query, http::Completion<http::AlertPage> done) {
  on_lane<http::AlertPage>(
      parts_.lanes.looks, [this, query = std::move(query)] { return alerts(query); }, std::move(done));
}

void ServiceBackend::alert(std::string id, const http::View& view, uint32_t before,
                           http::Completion<http::AlertDetail> done) {
  on_lane<http::AlertDetail>(
      parts_.lanes.context, [this, id = std::move(id), view, before] { return alert_now(id, view, before); },
      std::move(done));
}

Result<http::AlertDetail> ServiceBackend::alert_now(const std::string& id, const http::View& view,
                                                    uint32_t before) const {
  runtime::AlertLine line;
  if (!find(id, view, line)) return not_found("there is no alert " + id);
  http::AlertDetail detail;
  auto latest = latest_json(id, view);
  if (!latest) return latest.error();
  detail.latest = cloud_event_data(*latest);
  struct Told {
    uint64_t seq, sequence;
  };
  std::vector<Told> newest_first;
  const Status s = parts_.store.scan_backward(
      state::Table::kAlerts, runtime::history_key(id, 0), runtime::history_key(id, before),
      [&](std::string_view key, std::string_view value) {
        newest_first.push_back(
            {state::from_big_endian(key.substr(key.size() - sizeof(uint64_t))), state::from_big_endian(value)});
        return newest_first.size() < kMostLookedAt;
      });
  if (!s) return s.error();
  for (const Told& t : newest_first) {
    if (detail.history.size() == http::AlertDetail::kMostHistory) break;
    detail.earlier = t.seq - 1;
    auto item = transition(t.sequence);  // one that is no longer kept is left out
    const bool shown = item && item->area.under(view.area) && (view.shadow || !item->shadow);
    if (shown) detail.history.push_back(std::move(item->json));
  }
  std::ranges::reverse(detail.history);
  return detail;
}

std::map<std::string, http::SeverityCounts> ServiceBackend::open_by_area(std::string_view area,
                                                                         const http::View& view) {
  runtime::AlertFilter filter;
  filter.status = runtime::kOpenStates;
  filter.area = area;
  filter.scope = view.area;
  std::map<std::string, http::SeverityCounts> out;
  parts_.engine.book().each(filter, [&](const runtime::AlertLine& l) {
    const std::string& below = area.empty()        ? l.city
                               : area.size() == 6  ? l.town
                               : area.size() == 9  ? l.village
                               : area.size() == 12 ? l.grid
                                                   : l.alert_id;
    ++out[&below == &l.alert_id ? std::string() : below][static_cast<size_t>(l.severity)];
    return true;
  });
  return out;
}

}  // namespace tocsin::cli
