"""Every panel: nothing leaves the server, the first load is small, axe finds nothing, each state is told, both languages."""
import datetime
import gzip
import http.client
import json
import re
import unittest
from urllib.parse import parse_qs, urlparse

import answers
from console_testing import CONFIG, FOLDER, ROOT, BrowserCase, tokens
from test_people import RULES, report, row
from tocsin_testing import wait_for

PANELS = ("alerts", "map", "rules", "scorecard", "health")
FIRST_LOAD = 60_000  # bytes, gzip
WIDE, PHONE = (1280, 720), (390, 780)
AREAS = CONFIG.replace("http:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nhttp:")


def answer(page, pattern, value, status=200):
    kind = "application/json" if status == 200 else "application/problem+json"
    page.route(pattern, lambda route: route.fulfill(status=status, content_type=kind, body=json.dumps(value)))


def with_figures(page):
    """The panels get figures; alerts, evidence and the stream stay the service's own."""
    for pattern, value in ((r"/api/v1/scorecard\?", answers.scorecard()), (r"/api/v1/scorecard/places", answers.places()), (r"/api/v1/status", answers.status()),
                           (r"/api/v1/map/boundaries", answers.boundaries()), (r"/api/v1/rules/seen$", answers.rule(RULES)),
                           (r"/api/v1/rules/check", {"faults": 0, "diagnostics": []}), (r"/api/v1/rules/backtest", answers.backtest())):
        answer(page, re.compile(pattern), value)
    return page


def violations(page, axe):
    page.evaluate(axe)
    return page.evaluate("""async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
      .violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`)""")


class Panels(BrowserCase):
    def start(self, alerts=5):
        service = self.service(RULES, config=AREAS).start()
        if alerts:
            service.ingest(*[report(f"r{i}{n}", f"bridge {i}", "330282107205", location={"lon": 121.2 + i / 20, "lat": 30.1 + i / 50, "crs": "wgs84"}) for i in range(alerts) for n in range(i + 1)])
            wait_for(f"{alerts} alerts", lambda: len(service.json("/api/v1/alerts")["alerts"]) == alerts, 10)
        return service

    def go(self, page, path):
        page.evaluate(f"location.hash = '#/{path}'")
        page.locator(f"main.{ {'alerts': 'feed', 'rules': 'desk', 'scorecard': 'score'}.get(path.split('/')[0], path.split('/')[0])}").wait_for()

    def test_no_request_leaves_the_server_and_the_policy_is_kept(self):
        service = self.start()
        page = self.page(service)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        with_figures(page)
        page.add_init_script("window.refused = []; document.addEventListener('securitypolicyviolation', e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI))")
        page.reload()
        self.live(page)
        for panel in PANELS:
            self.go(page, panel)
        self.go(page, "rules/seen")
        page.locator(".editor").evaluate("host => new Promise(done => { const look = () => host.shadowRoot?.querySelector('.cm-content') ? done() : requestAnimationFrame(look); look(); })")
        style = page.locator(".editor").evaluate("host => getComputedStyle(host.shadowRoot.querySelector('.cm-gutters')).borderRightStyle")
        self.assertEqual(style, "solid", "the editor's styles were not taken")
        self.assertEqual(page.evaluate("window.refused"), [])
        hosts = {urlparse(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
        self.assertEqual(hosts, {f"127.0.0.1:{service.port}"})
        self.assertGreater(len(asked), 20)

    def test_the_first_load_is_small(self):
        service = self.start()
        page = self.page(service)
        asked = []
        page.on("request", lambda request: asked.append(urlparse(request.url).path))
        page.reload()
        self.live(page)
        row(page, "bridge 4").wait_for()
        parts = {path for path in asked if path == "/" or path.startswith("/assets/")}
        self.assertGreaterEqual(len(parts), 3, parts)
        total = 0
        for path in parts:
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            reply = connection.getresponse()
            body = reply.read()
            self.assertEqual((reply.status, reply.headers["Content-Encoding"]), (200, "gzip"), path)
            self.assertEqual(reply.headers["Cache-Control"], "no-cache" if path == "/" else "public, max-age=31536000, immutable")
            self.assertTrue(gzip.decompress(body))
            total += len(body)
            connection.close()
        print(f"first load: {total / 1000:.1f} KB gzip in {len(parts)} files", flush=True)
        self.assertLess(total, FIRST_LOAD)

    def test_axe_finds_nothing(self):
        service = self.start()
        axe = (FOLDER / "node_modules/axe-core/axe.min.js").read_text()
        [first, *_] = service.json("/api/v1/alerts")["alerts"]
        looked = 0
        for size, theme, language in ((WIDE, "light", "zh-CN"), (WIDE, "dark", "en-GB"), (PHONE, "light", "en-GB")):
            page = with_figures(self.live(self.page(service, size=size, theme=theme, language=language)))
            for path in (*PANELS, f"alerts/{first['alert_id']}", "rules/seen"):
                self.go(page, path)
                page.locator(".turning").first.wait_for(state="detached")
                looked += 1
                with self.subTest(panel=path, size=size, theme=theme):
                    self.assertEqual(violations(page, axe), [])
        self.assertEqual(looked, 21)

    def test_axe_finds_nothing_in_dialogs_and_at_the_door(self):
        axe = (FOLDER / "node_modules/axe-core/axe.min.js").read_text()
        service = self.start()
        page = self.live(self.page(service, name=None))
        row(page, "bridge 4").click()
        page.locator(".pane").get_by_role("button", name="Acknowledge").click()
        page.locator("dialog[open]").wait_for()
        self.assertEqual(violations(page, axe), [])
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        page.locator("dialog[open]").wait_for()
        self.assertEqual(violations(page, axe), [])
        closed = self.service(RULES, config=tokens(admin=("admin", ""))).start()
        door = self.page(closed)
        door.get_by_label("Token").wait_for()
        self.assertEqual(violations(door, axe), [])

    def test_nothing_is_wider_than_a_phone(self):
        service = self.start()
        [first, *_] = service.json("/api/v1/alerts")["alerts"]
        page = with_figures(self.live(self.page(service, size=PHONE)))
        for path in (*PANELS, f"alerts/{first['alert_id']}", "rules/seen"):
            self.go(page, path)
            page.locator(".turning").first.wait_for(state="detached")
            wide = page.evaluate("""() => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.score-scroll,.list,.editor,.map-box,pre,svg,.unseen,.skip')
                && getComputedStyle(e).position !== 'absolute').map(e => e.tagName + '.' + e.className).slice(0, 5)""")
            with self.subTest(panel=path):
                self.assertEqual(wide, [])

    def test_the_scorecard_says_what_it_compares_with_and_why_a_rank_is_missing(self):
        page = with_figures(self.live(self.page(self.start(alerts=0))))
        self.go(page, "scorecard")
        page.locator("table.scores").wait_for()
        self.assertIn("the span before (2026-04-02 to 2026-05-01)", page.get_by_label("Trend against").inner_text())
        self.assertIn("deadlines that were met", page.locator("th", has_text="On time").get_attribute("title"))
        page.get_by_label("Trend against").select_option("year_before")
        page.locator(".score-span", has_text="not all of the year before (2025-05-02 to 2025-05-31) was counted").wait_for()
        page.get_by_role("button", name="Places again and again").click()
        page.locator("table.again", has_text="flooding").wait_for()
        self.assertNotIn("water.flooding", page.locator("table.again").inner_text())

    def test_repeated_places_are_of_the_days_that_the_controls_show(self):
        page = with_figures(self.live(self.page(self.start(alerts=0))))
        asked = []
        page.on("request", lambda request: asked.append(parse_qs(urlparse(request.url).query)) if "/scorecard/places" in request.url else None)
        page.evaluate("localStorage.setItem('tocsin.score.view', JSON.stringify('places'))")
        page.reload()
        self.live(page)
        self.go(page, "scorecard")
        page.locator("table.again", has_text="flooding").wait_for()
        shown = [page.get_by_label("From").input_value(), page.get_by_label("To").input_value()]
        self.assertEqual(shown, ["2026-05-02", "2026-05-31"])
        self.assertEqual([[q.get("from", [""])[0], q.get("to", [""])[0]] for q in asked], [shown])

    def test_a_silenced_alert_is_marked_in_the_list_and_in_the_detail(self):
        service = self.start(alerts=0)
        day = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
        service.post("/api/v1/silences", {"by": "city desk", "reason": "road works", "until": f"{day}T00:00:00Z", "area": "330282107"})
        wait_for("the silence", lambda: service.json("/api/v1/silences")["silences"], 10)
        service.ingest(report("r", "bridge 1", "330282107205"), report("s", "bridge 2", "330282121205"))
        for language, mark, how, severities in (("en-GB", "silenced", "Silenced: those who would be told are not", "all severities"),
                                                ("zh-CN", "已静默", "已静默，未通知接收端", "全部级别")):
            page = self.live(self.page(service, language=language))
            row(page, "bridge 1").locator(".silenced-tag", has_text=mark).wait_for()
            row(page, "bridge 2").wait_for()
            self.assertEqual(row(page, "bridge 2").locator(".silenced-tag").count(), 0)
            row(page, "bridge 1").click()
            note = page.locator(".pane .silenced-note", has_text="city desk")
            note.wait_for()
            self.assertIn(how, note.inner_text())
            self.assertIn(day[5:], note.inner_text())
            self.go(page, "health")
            page.locator(".checks li", has_text="road works").get_by_text(severities).wait_for()

    def test_the_header_fits_a_small_screen(self):
        people = tokens(city=("officer", "330282"), town=("officer", "330282107"), 观海卫镇应急管理指挥室值班席=("officer", "330282107"))
        service = self.service(RULES, config=people.replace("http:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nhttp:")).start()
        for name in ("city", "town", "观海卫镇应急管理指挥室值班席"):
            for language in ("en-GB", "zh-CN"):
                for width in (1280, 1024, 800):
                    page = self.live(self.page(service, size=(width, 768), language=language, signed_in=f"{name} token"))
                    told = page.evaluate("""() => { const top = document.querySelector('.top'), box = e => e.getBoundingClientRect(), brand = top.querySelector('.brand b'), who = [...top.querySelectorAll('.who button')].pop();
                        return { wide: top.scrollWidth - top.clientWidth, out: box(who).right - innerWidth, lines: box(brand).height / parseFloat(getComputedStyle(brand).lineHeight || 20), page: document.documentElement.scrollWidth - innerWidth,
                          wrapped: [...top.querySelectorAll('.panels a, .line-state, .now, .button')].filter(e => box(e).height > 46).length }; }""")
                    with self.subTest(name=name, language=language, width=width):
                        self.assertLessEqual(max(told["wide"], told["out"], told["page"]), 0, told)
                        self.assertLess(told["lines"], 1.5, told)
                        self.assertEqual(told["wrapped"], 0)
                    page.context.close()

    def test_an_officer_of_a_town_chooses_among_its_villages_and_can_sign_out_on_a_phone(self):
        service = self.service(RULES, config=tokens(officer=("officer", "330282107")).replace("http:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nhttp:")).start()
        page = self.page(service, size=PHONE, language="en-GB")
        page.get_by_label("Token").fill("officer token")
        page.get_by_role("button", name="Sign in").click()
        self.live(page)
        box = page.get_by_role("button", name="Sign out").bounding_box()
        self.assertLessEqual(box["x"] + box["width"], PHONE[0])
        codes = page.get_by_label("Area").locator("option").evaluate_all("all => all.map(o => o.value).filter(v => v)")
        self.assertGreater(len(codes), 3)
        self.assertEqual({(code[:9], len(code)) for code in codes}, {("330282107", 12)})

    def test_the_language_changes_everywhere_and_is_remembered(self):
        service = self.start()
        page = self.live(self.page(service, language="zh-CN"))
        row(page, "bridge 4").wait_for()
        self.assertIn("待处理", row(page, "bridge 4").inner_text())
        self.assertIn("bridge 4 有 5 件", row(page, "bridge 4").inner_text())
        self.assertEqual(page.evaluate("document.documentElement.lang"), "zh-CN")
        page.get_by_role("button", name="English").click()
        self.assertIn("5 at bridge 4", row(page, "bridge 4").inner_text())
        page.reload()
        self.live(page)
        row(page, "5 at bridge 4").wait_for()

    def test_empty_loading_refused_and_lost_are_told(self):
        service = self.start(alerts=0)
        page = self.live(self.page(service))
        page.get_by_text("No open alerts").wait_for()
        page.get_by_role("button", name="Red").click()
        page.get_by_text("No alert matches the filters").wait_for()
        page.locator(".nothing").get_by_role("button", name="Clear filters").click()
        page.get_by_text("No open alerts").wait_for()
        answer(page, re.compile(r"/api/v1/scorecard\?"), {**answers.scorecard(), "rows": []})
        self.go(page, "scorecard")
        page.get_by_text("Nothing happened here in these days").wait_for()
        answer(page, re.compile(r"/api/v1/status"), {"title": "Service Unavailable", "detail": "the store is closed"}, 503)
        self.go(page, "health")
        page.get_by_text("the store is closed").wait_for()
        answer(page, re.compile(r"/api/v1/status"), answers.status())
        page.get_by_text("It works, but not all is well").wait_for()
        answer(page, re.compile(r"/api/v1/status"), {**answers.status(), "checks": [{"name": "log", "ok": True, "reason": ""}]})
        page.get_by_text("All is well").wait_for()
        answer(page, re.compile(r"/api/v1/rules/seen$"), {"title": "Forbidden", "detail": "planners only"}, 403)
        self.go(page, "rules/seen")
        page.get_by_text("This is not open to your role").wait_for()
        self.go(page, "alerts/none-such")
        page.locator(".pane [role=alert]").wait_for()
        service.stop()
        page.get_by_text("The connection to the service was lost").wait_for()
        service.start()
        self.live(page)

    def test_the_slider_goes_through_one_sweep_without_asking_again(self):
        service = self.start()
        page = with_figures(self.live(self.page(service)))
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "backtest" in request.url else None)
        self.go(page, "rules/seen")
        page.get_by_role("button", name="Run over the past").click()
        slider = page.get_by_role("slider")
        slider.wait_for()
        self.assertEqual(page.locator(".sweep-value").inner_text(), "3", "it does not begin at the value in force")
        self.assertEqual(page.locator(".a-day").inner_text(), "4")
        slider.focus()
        page.keyboard.press("ArrowRight")
        self.assertEqual(page.locator(".a-day").inner_text(), "2.2")
        self.assertIn("11", page.locator(".by-town").inner_text())
        page.keyboard.press("Home")
        self.assertEqual((page.locator(".sweep-value").inner_text(), page.locator(".a-day").inner_text()), ("2", "6.1"))
        self.assertEqual(len(asked), 1)

    def test_the_map_finds_its_way_down_and_opens_an_alert(self):
        service = self.start()
        page = with_figures(self.live(self.page(service)))
        self.go(page, "map")
        page.get_by_role("button", name="周巷镇").or_(page.locator(".areas .link").first).first.click()
        page.locator(".crumbs li").nth(1).wait_for()
        page.locator(".areas .link").first.click()
        page.locator(".crumbs li").nth(2).wait_for()
        page.locator(".crumbs a").first.click()
        page.locator(".crumbs li").nth(1).wait_for(state="detached")
        drawn = page.locator("canvas").evaluate("""canvas => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let inked = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i] > 0) inked++;
          done(inked / (data.length / 4));
        })))""")
        self.assertGreater(drawn, 0.1, "nothing is drawn")


if __name__ == "__main__":
    unittest.main()
