"""The program against what was computed from the real data without it."""
import json
import unittest

from tocsin_testing import Case, latest, lines, need_data

CLUSTER = """
rules:
  - id: flood
    kind: cluster
    from: [nyc311]
    where: category.under("water.flooding") && kind == "report"
    radius: 500m
    within: 60m
    fire: distinct(place) >= {places}
    severity: yellow
    resolve: {{quiet: 2h}}
    summary: "{{{{distinct(place)}}}} places"
"""
REPEATED = """
rules:
  - id: noise
    kind: window
    from: [nyc311]
    where: 'category.under("noise") && orElse(attrs["address"], "") != ""'
    key: ['attrs["address"]']
    within: 30d
    fire: count() >= {complaints}
    severity: yellow
    resolve: {{quiet: 30d}}
    summary: "{{{{count()}}}} complaints"
"""


class StreetFlooding(Case):
    """nyc311_street_flooding_truth.json: each cluster one alert that is not merged into another, and no other alert."""

    def judge(self, places, clusters):
        data = need_data("nyc311_street_flooding_2022-11-11_2023-02-14.csv.gz")
        truth = json.loads(need_data("nyc311_street_flooding_truth.json").read_text())["clusters"][str(places)]
        self.assertEqual(len(truth), clusters, "the truth file holds another number of clusters than the task names")
        rules = self.write("flood.yaml", CLUSTER.format(places=places))
        summary, alerts = self.replay(rules, data, more=["--feed", "nyc311", "--zone", "America/New_York"])
        self.assertEqual((summary["events_read"], summary["rejected"]), (1000, 0))
        want = sorted((c["opened"], c["opened_by"]) for c in truth)
        got = sorted((local_minute(e["data"]["opened_at"]), e["data"]["opened_by"]["id"]) for e in latest(alerts).values()
                     if e["data"]["merged_into"] is None)
        self.assertEqual(got, want, f"alerts with {places} places (opened, by) are not the clusters of the truth")
        for event in latest(alerts).values():
            self.assertEqual(event["data"]["status"], "resolved", f"{event['subject']} is still open two hours on")

    def test_three_places_give_the_18_clusters(self):
        self.judge(3, 18)

    def test_five_places_give_the_7_clusters(self):
        self.judge(5, 7)


class Noise(Case):
    """How many addresses complain 3, 5 and 10 times in the week: counted from the file by its exact, non-empty address."""

    def test_addresses_that_complain_again(self):
        data = need_data("nyc311_noise_2024-06-30_2024-07-06.csv.gz")
        for complaints, addresses in ((3, 1255), (5, 471), (10, 108)):
            with self.subTest(complaints=complaints):
                rules = self.write("noise.yaml", REPEATED.format(complaints=complaints))
                summary, alerts = self.replay(rules, data, more=["--feed", "nyc311"])
                self.assertEqual((summary["events_read"], summary["rejected"], summary["late"]), (15407, 0, 0))
                keys = [tuple(e["data"]["key"]) for e in lines(alerts) if e["type"] == "tocsin.alert.opened"]
                self.assertEqual(len(keys), len(set(keys)), "an address alerted twice in one week")
                self.assertEqual(len(keys), addresses, f"addresses with {complaints} complaints or more")


def local_minute(utc):
    """RFC 3339 in UTC → New York's local time without offset, as the truth file writes it (its days are in winter: -05:00)."""
    import datetime
    at = datetime.datetime.fromisoformat(utc.replace("Z", "+00:00")).astimezone(datetime.timezone(datetime.timedelta(hours=-5)))
    return at.strftime("%Y-%m-%dT%H:%M:%S")


if __name__ == "__main__":
    unittest.main()
