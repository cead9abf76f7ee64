"""Do street sensors ring before people report? FloodNet's depth profiles through the shipped sensor rule, against the street
flooding that people reported on the same days: by how many minutes the sensor leads, or that it does not."""
import csv
import datetime
import gzip
import json
import math
import statistics
import unittest
import zoneinfo

from tocsin_testing import ROOT, Case, lines, need_data

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
FIRST, LAST = "2022-11-11", "2023-02-15"  # the days of which reports are there
DEEP_CM, RISE_CM, RISE = 15.0, 10.0, datetime.timedelta(minutes=15)
NEAR_M, SPAN = 500, datetime.timedelta(hours=6)


def rows(name):
    with gzip.open(need_data(name), "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def floods():
    """(sensor, (lat, lon), [(time, depth in cm)]) of each flood; a profile's last point ends it."""
    for row in rows("floodnet_2020-11_2023-06_GMT.csv.gz"):
        if not FIRST <= row["start_gmt"][:10] <= LAST:
            continue
        start = datetime.datetime.fromisoformat(row["start_gmt"]).replace(tzinfo=datetime.timezone.utc)
        depths = json.loads(row["flood_profile_depth_inches"])
        seconds = json.loads(row["flood_profile_time_secs"])
        yield row["sensor_id"], (float(row["lat"]), float(row["lon"])), [
            (start + datetime.timedelta(seconds=s), round(d * 2.54, 4)) for s, d in zip(seconds, depths)]


def reports():
    for row in rows("nyc311_street_flooding_2022-11-11_2023-02-14.csv.gz"):
        if row["lat"]:
            at = datetime.datetime.fromisoformat(row["created"]).replace(tzinfo=NEW_YORK)
            yield at.astimezone(datetime.timezone.utc), (float(row["lat"]), float(row["lon"]))


def metres(a, b):
    (lat1, lon1), (lat2, lon2) = [tuple(map(math.radians, p)) for p in (a, b)]
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(h))


def crossing(readings):
    """When a flood is first over 15 cm, or has risen by more than 10 cm within a quarter of an hour; None: never."""
    for i, (at, depth) in enumerate(readings):
        least = min(d for t, d in readings[: i + 1] if at - t <= RISE)
        if depth > DEEP_CM or depth - least > RISE_CM:
            return at
    return None


class FloodLead(Case):
    def alerts(self, found):
        feed = self.folder / "readings.ndjson"
        readings = sorted((at, sensor, place, depth) for sensor, place, profile in found for at, depth in profile)
        with open(feed, "w", encoding="utf-8") as out:
            for n, (at, sensor, (lat, lon), depth) in enumerate(readings):
                out.write(json.dumps({
                    "id": str(n), "source": "sensor", "kind": "reading", "occurred_at": at.isoformat(),
                    "category": "water.level", "place": sensor, "location": {"lon": lon, "lat": lat},
                    "values": {"depth_cm": depth}}) + "\n")
        summary, alerts = self.replay(ROOT / "rules" / "packs" / "water.yaml", feed)
        self.assertEqual((summary["rejected"], summary["late"]), (0, 0))
        return [e["data"] for e in lines(alerts) if e["data"]["rule"] == "waterlogging-sensor" and e["data"]["seq"] == 1]

    def test_how_long_before_the_first_report_the_sensor_rings(self):
        found = list(floods())
        alerts = self.alerts(found)
        places = {sensor: place for sensor, place, _ in found}
        opened = {(a["key"][0], datetime.datetime.fromisoformat(a["opened_at"].replace("Z", "+00:00"))) for a in alerts}
        crossed = {(sensor, at.replace(microsecond=0)) for sensor, _, profile in found if (at := crossing(profile))}
        self.assertLessEqual(opened, crossed, "an alert that no flood's profile explains")
        self.assertGreaterEqual(len(opened), 20)
        for sensor, at in crossed - opened:  # a flood that goes on in an alert that is open already
            self.assertTrue(any(s == sensor and at - SPAN <= o < at for s, o in opened), (sensor, at))
        people = sorted(reports())
        leads = []
        for sensor, at in sorted(opened, key=lambda o: o[1]):
            near = [t for t, p in people if metres(p, places[sensor]) <= NEAR_M and abs(t - at) <= SPAN]
            if near:
                leads.append((min(near) - at).total_seconds() / 60)
                print(f"{at:%Y-%m-%d %H:%M}Z {sensor}: the first of {len(near)} reports within {NEAR_M} m comes {leads[-1]:+.0f} min")
        print(f"{len(opened)} sensor alerts; {len(leads)} with a report within {NEAR_M} m and 6 h; "
              f"lead: least {min(leads):.0f}, median {statistics.median(leads):.0f}, most {max(leads):.0f} min")
        self.assertGreaterEqual(len(leads), 5)
        self.assertGreater(min(leads), 0, "a person was quicker than the sensor nearby")
        self.assertGreater(statistics.median(leads), 60)


if __name__ == "__main__":
    unittest.main()
