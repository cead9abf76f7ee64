"""Answers for panels whose figures a small running service does not have: the agreed shapes with every kind of value in them
(nothing, zero, long names). For the look of panels and their states only; what the service answers is tested against itself."""


def figures(total=420, rate=0.93):
    return {
        "events": {"total": total, "by_channel": {"grid": 300, "hotline12345": 90, "police110": 30}, "by_category": {"water": 200, "noise": 120, "city": 100},
                   "by_grade": {"1": 250, "2": 120, "3": 50}},
        "cases": {"opened": total, "closed": int(total * rate), "open": total - int(total * rate), "settled_at": {"grid": 210, "village": 120, "town": 60},
                  "disposal_rate": rate, "on_time_rate": rate - .05, "reopened_rate": .021, "repeat_rate": .034},
        "first_response_seconds": {"n": 400, "median": 840, "p90": 7200}, "closing_seconds": {"n": 390, "median": 93600, "p90": 320000},
        "satisfaction": {"n": 200, "mean": 4.52},
        "alerts": {"opened": 12, "by_severity": {"red": 1, "orange": 3, "yellow": 8}, "true": 7, "false": 2, "duplicate": 1, "lead_seconds": {"n": 6, "median": 2400}},
        "first_reports": 5}


def trend(total, rate):
    """The flat figures of another span."""
    of = figures(total, rate)
    return {"events": total, "opened": total, **{k: of["cases"][k] for k in ("disposal_rate", "on_time_rate", "reopened_rate", "repeat_rate")},
            **{k: of[k] for k in ("first_response_seconds", "closing_seconds", "satisfaction", "first_reports")}, "alerts": of["alerts"]["opened"]}


TOWNS = {"330282004": "浒山街道", "330282101": "周巷镇", "330282107": "观海卫镇", "330282123": "龙山镇", "330282109": "庵东镇"}


def scorecard():
    rows = []
    for i, (code, name) in enumerate(TOWNS.items()):
        row = figures(500 - 70 * i, .97 - .03 * i)
        row.update(key=code, name=name, rank=i + 1, of=len(TOWNS),
                   trend={"before": trend(460 - 50 * i, .95 - .01 * i), "year_before": trend(400, .9)})
        rows.append(row)
    rows[-1]["cases"].update(disposal_rate=None, on_time_rate=None)
    rows[-1]["satisfaction"] = {"n": 0, "mean": None}
    rows[-1]["trend"] = {"before": None, "year_before": None}
    return {"span": {"from": "2026-05-02", "to": "2026-05-31", "days": 30}, "tier": "town", "area": "330282", "rows": rows,
            "total": {**figures(1800, .92), "trend": {"before": trend(1700, .9), "year_before": None}}, "as_of": "2026-05-31", "next": None, "sort": "disposal_rate",
            "sample_floor": 30, "compared": {"before": {"from": "2026-04-02", "to": "2026-05-01"}, "year_before": {"from": "2025-05-02", "to": "2025-05-31"}}}


def places():
    return {"places": [{"place": "卫北村担山路428号", "area": "330282107205", "lon": 121.4, "lat": 30.2, "category": "water.flooding", "reports": 14, "days": 6, "reporters": 9,
                        "alerts": ["a-1", "a-2"], "first": "2026-05-03T08:00:00Z", "last": "2026-05-29T11:00:00Z"}]}


def status():
    return {"version": "0.1.0", "time": "clock", "uptime_seconds": 86400, "ready": True,
            "sources": [{"source": "grid", "partitions": 4, "read": 1200000, "rejected": 3, "duplicate": 12, "late": 4, "rate": 182.4, "watermark": "2026-06-01T07:59:58Z",
                         "watermark_lag_seconds": 2.1, "lag_records": 40, "lag_seconds": .2, "last_event_at": "2026-06-01T07:59:59Z"},
                        {"source": "police110", "partitions": 1, "read": 5000, "rejected": 0, "duplicate": 0, "late": 0, "rate": 0, "watermark": "2026-06-01T06:10:00Z",
                         "watermark_lag_seconds": 6600, "lag_records": 9000, "lag_seconds": 600, "last_event_at": "2026-06-01T06:10:00Z"},
                        {"source": "sensor", "partitions": 1, "read": 0, "rejected": 0, "duplicate": 0, "late": 0, "rate": 0, "watermark": None,
                         "watermark_lag_seconds": None, "lag_records": None, "lag_seconds": None, "last_event_at": None}],
            "rules": [{"id": "seen", "matches": 812, "errors": 0, "state_keys": 120, "open": 4}], "shards": [{"shard": 0, "keys": 90, "busy": .31}, {"shard": 1, "keys": 30, "busy": .04}],
            "commit": {"seconds_p99": .0123, "age_seconds": .4}, "outbox_depth": 0, "state_bytes": 73400320, "streams": 3,
            "checks": [{"name": "log", "ok": True, "reason": "writes"}, {"name": "disk", "ok": False, "reason": "97 % full; free some, or move `state`"}]}


def rule(text):
    return {"id": "seen", "version": 1, "name": {"zh": "同一地点上报", "en": "Reports at one place"}, "owner": "town", "mode": "active", "kind": "window", "from": ["grid"],
            "file": "rules/seen.yaml", "line": 3, "fire": "count() >= params.times", "text": text,
            "params": [{"name": "times", "type": "int", "default": 3, "by": None, "override": None}]}


def result(value, alerts):
    return {"rule": "seen", "value": str(value), "name": {"zh": "同一地点上报", "en": "Reports at one place"}, "shadow": False, "alerts": alerts, "alerts_a_day": alerts / 10,
            "reopened": 1, "open": 2, "merged": 0, "muted": 0, "transitions": alerts * 2, "median_open_seconds": 8100, "by_severity": {"red": 1, "orange": alerts // 4, "yellow": alerts // 2},
            "by_area": [{"town": code, "name": name, "alerts": max(0, alerts // (i + 2)), "alerts_a_day": alerts / 10 / (i + 2)} for i, (code, name) in enumerate(TOWNS.items())],
            "accuracy": {"labels": 20, "found": min(20, alerts), "hits": min(18, alerts), "denied": 0, "false_alerts": max(0, alerts - 18), "false_alerts_a_day": .2,
                         "precision": min(1, 18 / alerts), "recall": min(1, alerts / 30), "lead_seconds": {"least": 60, "median": 1500, "p90": 4000},
                         "missed": [{"line": 4, "key": "[\"bridge 7\"]", "from": "2026-05-03T08:00:00Z", "until": None, "nearest_alert": "2026-05-03T11:00:00Z"}]}}


def backtest():
    return {"from": "2026-05-01T00:00:00Z", "until": "2026-05-11T00:00:00Z", "days": 10, "events": 75000, "param": "seen.times", "one_state": True,
            "results": [result(value, alerts) for value, alerts in ((2, 61), (3, 40), (4, 22), (5, 11), (6, 4))]}


def boundaries():
    ring = [[121.05, 30.02], [121.62, 30.02], [121.62, 30.4], [121.05, 30.4], [121.05, 30.02]]
    inner = [[121.3, 30.1], [121.45, 30.1], [121.45, 30.3], [121.3, 30.3], [121.3, 30.1]]
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "330282", "name": "慈溪市"}, "geometry": {"type": "Polygon", "coordinates": [ring]}},
                                                      {"type": "Feature", "properties": {"code": "330282107", "name": "观海卫镇"}, "geometry": {"type": "Polygon", "coordinates": [inner]}}]}
