#!/usr/bin/env python3
"""The Grafana dashboards, and the program that writes them: `deploy/grafana/dashboards.py` puts them into dashboards/ beside it,
`--check` only says whether what lies there is what it would write.

A dashboard is rows of panels, a panel is queries. A query says `quiet` when it has nothing to show in good days, and why;
tests/system/test_ops.py runs every other one against a Prometheus that scrapes a running Tocsin, and fails where it is empty.
"""
import dataclasses
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OF = '{instance=~"$instance"}'
SEVERITIES = {"red": "#d92d20", "orange": "#e8710a", "yellow": "#d4a20b", "blue": "#2f6fd0"}
GRID = 24  # columns of Grafana's grid


@dataclasses.dataclass
class Query:
    expr: str
    legend: str = ""
    quiet: str = ""      # why it may have no data; empty: it always has
    instant: bool = False
    heat: bool = False


@dataclasses.dataclass
class Panel:
    title: str
    queries: list
    about: str = ""
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 7
    steps: tuple = ()     # (value, colour) …: where a colour begins
    stack: bool = False
    signed: bool = False      # values go below 0
    severities: bool = False  # series are named by severity and take its colour


@dataclasses.dataclass
class Dashboard:
    uid: str
    title: str
    rows: list            # of (title, [Panel])


def of(metric, labels=""):
    """A metric of the instances that are chosen."""
    return metric + '{instance=~"$instance"' + (", " + labels if labels else "") + "}"


def quantile(q, metric):
    return f"histogram_quantile({q}, sum by (instance, le) (rate({of(metric + '_bucket')}[$__rate_interval])))"


def latencies(metric):
    return [Query(quantile(q, metric), f"p{int(q * 100)}") for q in (0.5, 0.9, 0.99)]


def stat(title, expr, unit="short", steps=(), legend="", about="", quiet="", width=4):
    return Panel(title, [Query(expr, legend, quiet, instant=True)], about, "stat", unit, width, 4, steps)


GOOD, WARN, BAD = "#2e7d32", "#e8710a", "#d92d20"

OVERVIEW = Dashboard("tocsin-overview", "Tocsin · 总览 Overview", [
    ("现在 Now", [
        stat("在线 Up", "min(" + of("up", 'job="tocsin"') + ")", steps=((0, BAD), (1, GOOD))),
        stat("距上次提交 Commit age", "max(" + of("tocsin_commit_age_seconds") + ")", "s", ((0, GOOD), (5, WARN), (30, BAD))),
        stat("读取滞后 Lag", "max(" + of("tocsin_consumer_lag_seconds") + ")", "s", ((0, GOOD), (60, WARN), (600, BAD))),
        stat("待送出 Outbox", "max(" + of("tocsin_outbox_depth") + ")", steps=((0, GOOD), (100, WARN), (1000, BAD))),
        stat("规则已生效 Rules in force", "min(" + of("tocsin_reload_success") + ")", steps=((0, BAD), (1, GOOD)),
             about="0：磁盘上的规则未被接受。0: the rules on disk were refused."),
        stat("运行时间 Uptime", "time() - max(" + of("tocsin_start_timestamp_seconds") + ")", "s"),
    ]),
    ("告警 Alerts", [
        Panel("未结告警 Open", [Query("sum by (severity) (" + of("tocsin_alerts_open") + ")", "{{severity}}", instant=True)],
              kind="stat", height=5, severities=True),
        Panel("未确认 Unacknowledged", [Query("sum by (severity) (" + of("tocsin_alerts_unacknowledged") + ")", "{{severity}}",
                                           instant=True)], kind="stat", height=5, severities=True),
        Panel("最久未确认 Longest unacknowledged", [Query(
            "max by (severity) (" + of("tocsin_alerts_unacknowledged_longest_seconds") + ")", "{{severity}}", instant=True)],
            kind="stat", unit="s", height=5, severities=True),
    ]),
    ("流量 Flow", [
        Panel("每秒记录 Records a second", [Query("sum by (source) (rate(" + of("tocsin_events_read_total") + "[$__rate_interval]))",
                                              "{{source}}")], unit="cps", width=12, stack=True),
        Panel("每分钟告警变化 Transitions a minute", [Query(
            "60 * sum by (type) (rate(" + of("tocsin_alert_transitions_total") + "[$__rate_interval]))", "{{type}}")],
            width=12, stack=True),
        Panel("滞后（秒） Lag in seconds", [Query("max by (topic) (" + of("tocsin_consumer_lag_seconds") + ")", "{{topic}}")],
              unit="s", width=12, steps=((60, WARN), (600, BAD))),
        Panel("记录到告警 From record to alert", latencies("tocsin_alert_latency_seconds"), unit="s", width=12),
    ]),
    ("运维告警 Alerts for operators", [
        Panel("正在响 Firing", [Query('ALERTS{alertname=~"Tocsin.*", alertstate="firing"}', "{{alertname}} {{instance}}",
                                   "nothing is wrong", instant=True)], kind="table", width=24),
    ]),
])

SOURCES = Dashboard("tocsin-sources", "Tocsin · 数据来源 Sources", [
    ("新鲜度 Freshness", [
        Panel("多久没有数据 Silent for", [Query("source:tocsin_silence:seconds" + OF, "{{source}}")], unit="s", width=12,
              about="每个来源距上次读到记录的时间。Since a record of each source was last read."),
        Panel("占平时允许值的比例 Share of what is usual", [Query(
            "source:tocsin_silence:seconds" + OF + " / source:tocsin_silence_usual:seconds" + OF, "{{source}}")],
            unit="percentunit", width=12, steps=((1, BAD),),
            about="过 100% 即报“来源中断”。Above 100 % the source counts as silent."),
        Panel("水位线滞后 Watermark behind the clock", [Query(of("tocsin_watermark_lag_seconds"), "{{source}}")], unit="s", width=12),
        Panel("水位线每秒变化 Watermark's growth a second", [Query("deriv(" + of("tocsin_watermark_lag_seconds") + "[5m])",
                                                             "{{source}}")], width=12,
              about="停住时为 1。1 while it stands still.", steps=((0.95, WARN),), signed=True),
    ]),
    ("滞后 Lag", [
        Panel("滞后（秒） Lag in seconds", [Query(of("tocsin_consumer_lag_seconds"), "{{topic}}/{{partition}}")], unit="s", width=12,
              steps=((60, WARN), (600, BAD))),
        Panel("滞后（条） Lag in records", [Query(of("tocsin_consumer_lag_records"), "{{topic}}/{{partition}}")], width=12),
    ]),
    ("质量 Quality", [
        Panel("每秒记录 Records a second", [Query("source:tocsin_events_read:rate5m" + OF, "{{source}}")], unit="cps", stack=True),
        Panel("拒收比例 Rejected share", [Query("source:tocsin_events_rejected:share15m" + OF, "{{source}}",
                                             "nothing was read for a quarter of an hour")],
              unit="percentunit", steps=((0.05, BAD),)),
        Panel("拒收原因 Rejected by reason", [Query(
            "sum by (source, reason) (increase(" + of("tocsin_events_rejected_total") + "[$__rate_interval]))",
            "{{source}} {{reason}}")], stack=True),
        Panel("迟到比例 Late share", [Query("source:tocsin_events_late:share1h" + OF, "{{source}}", "nothing was read for an hour")],
              unit="percentunit", steps=((0.1, BAD),)),
        Panel("每秒重复 Duplicates a second", [Query("rate(" + of("tocsin_events_duplicate_total") + "[$__rate_interval])", "{{instance}}")]),
        Panel("内嵌日志 Embedded log", [Query(of("tocsin_log_bytes"), "{{topic}}")], unit="bytes"),
        Panel("Kafka", [Query(of("tocsin_kafka_up"), "{{instance}}", "no Kafka is used", instant=True)], kind="stat",
              steps=((0, BAD), (1, GOOD))),
    ]),
])

ALERTS = Dashboard("tocsin-alerts", "Tocsin · 告警 Alerts", [
    ("未结 Open", [
        Panel("按级别 By severity", [Query("sum by (severity) (" + of("tocsin_alerts_open") + ")", "{{severity}}")], width=12,
              stack=True, severities=True),
        Panel("按级别与时长 By severity and age", [Query("sum by (severity, age) (" + of("tocsin_alerts_open_by_age") + ")",
                                                   "{{severity}} {{age}}", instant=True)], kind="bargauge", width=12,
              about="已开 15 分钟、1 小时、4 小时、1 天以内及更久。Open for up to 15m, 1h, 4h, 1d, and older."),
        Panel("未确认 Unacknowledged", [Query("sum by (severity) (" + of("tocsin_alerts_unacknowledged") + ")", "{{severity}}")],
              width=12, stack=True, severities=True),
        Panel("最久未确认 Longest unacknowledged", [Query(
            "max by (severity) (" + of("tocsin_alerts_unacknowledged_longest_seconds") + ")", "{{severity}}")], unit="s", width=12,
            severities=True),
    ]),
    ("规则 Rules", [
        Panel("未结最多的规则 Rules with most open", [Query("topk(10, sum by (rule) (" + of("tocsin_alerts_open") + "))", "{{rule}}",
                                                      instant=True)], kind="bargauge"),
        Panel("一小时内新开 Opened within an hour", [Query(
            "topk(10, sum by (rule) (increase(" + of("tocsin_alert_transitions_total", 'type="opened"') + "[1h])))", "{{rule}}",
            instant=True)], kind="bargauge"),
        Panel("满足条件的事件 Events that a rule takes", [Query(
            "topk(10, sum by (rule) (rate(" + of("tocsin_rule_matches_total") + "[$__rate_interval])))", "{{rule}}")], unit="cps"),
        Panel("每分钟变化 Transitions a minute", [Query(
            "60 * sum by (type) (rate(" + of("tocsin_alert_transitions_total") + "[$__rate_interval]))", "{{type}}")], width=12, stack=True),
        Panel("求值出错 Errors of rules", [Query("sum by (rule) (increase(" + of("tocsin_rule_errors_total") + "[$__rate_interval])) > 0",
                                             "{{rule}}", "no rule fails")], width=12),
    ]),
    ("送达 Delivery", [
        Panel("记录到告警 From record to alert", latencies("tocsin_alert_latency_seconds"), unit="s"),
        Panel("分布 Distribution", [Query("sum by (le) (increase(" + of("tocsin_alert_latency_seconds_bucket") + "[$__rate_interval]))",
                                        "{{le}}", heat=True)], kind="heatmap", unit="s"),
        Panel("待送出 Waiting for receivers", [Query(of("tocsin_sink_depth"), "{{sink}}")], steps=((100, WARN),)),
        Panel("最早一条的等待 Wait of the oldest", [Query(of("tocsin_sink_waiting_seconds"), "{{sink}}")], unit="s", height=5,
              steps=((120, BAD),)),
        Panel("去处 Receivers", [Query(of("tocsin_sink_up"), "{{sink}}", instant=True)], kind="stat", height=5,
              steps=((0, BAD), (1, GOOD))),
        Panel("未成功的送达 Deliveries that failed", [
            Query("increase(" + of("tocsin_sink_failures_total") + "[$__rate_interval])", "{{sink}} 重试 tried again"),
            Query("increase(" + of("tocsin_sink_refused_total") + "[$__rate_interval])", "{{sink}} 放弃 given up")], height=5),
        Panel("事件流 Event streams", [Query(of("tocsin_http_streams"), "打开 open"),
                                    Query("increase(" + of("tocsin_http_streams_cut_total") + "[$__rate_interval])", "切断 cut")],
              height=5),
    ]),
])

ENGINE = Dashboard("tocsin-engine", "Tocsin · 引擎与状态 Engine and state", [
    ("耗时 Latency", [
        Panel("单条事件交规则判断 One event put to the rules", latencies("tocsin_rule_eval_seconds"), unit="s"),
        Panel("一批的判断 Judging a batch", latencies("tocsin_judge_seconds"), unit="s"),
        Panel("一次提交写盘 Writing a commit", latencies("tocsin_commit_seconds"), unit="s"),
        Panel("距上次提交 Commit age", [Query(of("tocsin_commit_age_seconds"), "{{instance}}")], unit="s", steps=((30, BAD),)),
        Panel("待送出 Outbox", [Query(of("tocsin_outbox_depth"), "{{instance}}")]),
        Panel("每秒提交 Commits a second", [Query("rate(" + of("tocsin_commit_seconds_count") + "[$__rate_interval])", "{{instance}}")]),
    ]),
    ("状态 State", [
        Panel("内存中的状态 State in memory", [Query(of("tocsin_state_bytes"), "{{instance}}")], unit="bytes"),
        Panel("键最多的规则 Rules with most keys", [Query("topk(10, sum by (rule) (" + of("tocsin_state_keys") + "))", "{{rule}}",
                                                    instant=True)], kind="bargauge"),
        Panel("磁盘 Disk", [Query(of("tocsin_state_disk_bytes"), "状态 state"), Query(of("tocsin_disk_free_bytes"), "可用 free")],
              unit="bytes"),
        Panel("可用比例 Share of the disk that is free", [Query(
            of("tocsin_disk_free_bytes") + " / " + of("tocsin_disk_size_bytes"), "{{instance}}")], unit="percentunit"),
        Panel("分片 Shards", [Query(of("tocsin_shards"), "{{instance}}", instant=True)], kind="stat", height=7, width=4),
        Panel("版本 Version", [Query(of("tocsin_build_info"), "{{version}} {{revision}}", instant=True)], kind="table", width=12),
    ]),
    ("进程 Process", [
        Panel("处理器 Processors in use", [Query("rate(" + of("tocsin_process_cpu_seconds_total") + "[$__rate_interval])", "{{instance}}")]),
        Panel("物理内存 Resident memory", [Query(of("tocsin_process_resident_bytes"), "{{instance}}")], unit="bytes"),
        Panel("文件描述符 Open files", [Query(of("tocsin_process_open_files"), "{{instance}}")]),
        Panel("HTTP 请求 requests a second", [Query(
            "sum by (status) (rate(" + of("tocsin_http_requests_total") + "[$__rate_interval]))", "{{status}}")], unit="cps",
            width=12, stack=True),
        Panel("连接 Connections", [Query(of("tocsin_http_connections"), "{{instance}}")], width=12),
    ]),
])

DASHBOARDS = [OVERVIEW, SOURCES, ALERTS, ENGINE]
# Marks in every time series: value is when, in milliseconds.
MARKS = [("重载规则 rules read", of("tocsin_reload_timestamp_seconds") + " * 1000", "#5b6ee1"),
         ("启动 start", of("tocsin_start_timestamp_seconds") + " * 1000", "#8a8f98")]
INSTANCES = "label_values(tocsin_build_info, instance)"


def target(query, ref):
    out = {"datasource": SOURCE, "expr": query.expr, "legendFormat": query.legend or "__auto", "refId": ref}
    if query.instant:
        out.update(instant=True, range=False)
    if query.heat:
        out["format"] = "heatmap"
    return out


def defaults(panel):
    steps = [{"color": GOOD if panel.steps and panel.kind == "stat" else "text", "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in panel.steps]
    out = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        if not panel.signed:
            out["min"] = 0
        out["custom"] = {"lineWidth": 1, "fillOpacity": 40 if panel.stack else 5, "showPoints": "never", "spanNulls": False,
                         "stacking": {"mode": "normal" if panel.stack else "none"},
                         "thresholdsStyle": {"mode": "line" if panel.steps else "off"}}
    if panel.steps and panel.kind == "stat":
        out["color"] = {"mode": "thresholds"}
    return out


def overrides(panel):
    if not panel.severities:
        return []
    return [{"matcher": {"id": "byName", "options": name},
             "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]} for name, colour in SEVERITIES.items()]


OPTIONS = {
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "none", "textMode": "auto"},
    "bargauge": {"reduceOptions": {"calcs": ["lastNotNull"]}, "orientation": "horizontal", "displayMode": "basic"},
    "table": {"showHeader": True},
    "heatmap": {"calculate": False, "yAxis": {"unit": "s"}, "color": {"scheme": "Blues"}},
}


def panel_json(panel, number, x, y):
    return {"id": number, "title": panel.title, "description": panel.about, "type": panel.kind, "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
            "targets": [target(q, chr(ord("A") + i)) for i, q in enumerate(panel.queries)],
            "fieldConfig": {"defaults": defaults(panel), "overrides": overrides(panel)}, "options": OPTIONS[panel.kind]}


def panels_json(dashboard):
    out, y = [], 0
    for title, panels in dashboard.rows:
        out.append({"id": len(out) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                    "gridPos": {"x": 0, "y": y, "w": GRID, "h": 1}})
        y, x, tallest = y + 1, 0, 0
        for panel in panels:
            if x + panel.width > GRID:
                x, y, tallest = 0, y + tallest, 0
            out.append(panel_json(panel, len(out) + 1, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return out


def dashboard_json(dashboard):
    variables = [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {"name": "instance", "label": "实例 Instance", "type": "query", "datasource": SOURCE, "definition": INSTANCES,
         "query": {"query": INSTANCES, "refId": "instance"}, "includeAll": True, "allValue": ".*", "multi": True, "refresh": 2,
         "current": {"text": "All", "value": ["$__all"]}}]
    marks = [{"name": name, "datasource": SOURCE, "enable": True, "iconColor": colour, "expr": expr, "useValueForTime": True,
              "step": "60s"} for name, expr, colour in MARKS]
    links = [{"title": d.title, "type": "link", "url": f"/d/{d.uid}", "keepTime": True, "includeVars": True}
             for d in DASHBOARDS if d is not dashboard]
    return {"uid": dashboard.uid, "title": dashboard.title, "tags": ["tocsin"], "timezone": "browser", "schemaVersion": 38,
            "editable": False, "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "graphTooltip": 1, "links": links,
            "annotations": {"list": marks}, "templating": {"list": variables}, "panels": panels_json(dashboard)}


def text(dashboard):
    return json.dumps(dashboard_json(dashboard), ensure_ascii=False, indent=1) + "\n"


def queries():
    """(where it stands, Query) of all dashboards."""
    for dashboard in DASHBOARDS:
        for _, panels in dashboard.rows:
            for panel in panels:
                for query in panel.queries:
                    yield f"{dashboard.uid}, {panel.title}", query
    for name, expr, _ in MARKS:
        yield f"mark {name}", Query(expr)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: deploy/grafana/dashboards.py [--check]")
    folder = HERE / "dashboards"
    wanted = {f"{d.uid}.json": text(d) for d in DASHBOARDS}
    if not check:
        folder.mkdir(exist_ok=True)
        for name, content in wanted.items():
            (folder / name).write_text(content, encoding="utf-8")
        return
    there = {p.name: p.read_text(encoding="utf-8") for p in folder.glob("*.json")}
    wrong = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if wrong:
        sys.exit(f"not what deploy/grafana/dashboards.py writes: {', '.join(wrong)}; run it")


if __name__ == "__main__":
    main()
