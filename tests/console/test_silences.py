"""Silences at the console: made from an alert, seen at once by everybody, ended from the alert and from the list."""
import datetime
import json
import re
import unittest
from urllib.parse import urlparse

from console_testing import FOLDER, ROOT, BrowserCase, tokens
from test_panels import AREAS, PHONE, WIDE, answer, violations
from test_people import RULES, report, row
from tocsin_testing import wait_for

HERE, THERE = "330282107205", "330282121205"  # villages of the area table


def tag(page, place):
    return row(page, place).locator(".silenced-tag")


class Silences(BrowserCase):
    def start(self, **options):
        """Two yellow alerts of one village, a graver one there, and one elsewhere."""
        service = self.service(RULES, **{"config": AREAS, **options}).start()
        service.ingest(report("a", "bridge 1", HERE), report("b", "bridge 2", HERE), *[report(f"c{i}", "bridge 3", HERE) for i in range(3)],
                       report("d", "bridge 4", THERE))
        wait_for("four alerts", lambda: len(service.json("/api/v1/alerts")["alerts"]) == 4, 10)
        return service

    def form(self, page, place="bridge 1"):
        row(page, place).click()
        pane = page.locator(".pane")
        pane.get_by_role("button", name="Silence", exact=True).click()
        form = pane.locator(".action-form")
        form.wait_for()
        return form

    def test_matters_like_an_alert_are_silenced_for_everybody_at_once_and_no_longer_when_it_is_ended(self):
        service = self.start()
        page, other = self.live(self.page(service)), self.live(self.page(service, name="Wang Fang"))
        row(other, "bridge 4").wait_for()
        before = {a["alert_id"]: a["seq"] for a in service.json("/api/v1/alerts")["alerts"]}
        form = self.form(page)
        send = form.get_by_role("button", name="Silence")
        self.assertTrue(send.is_disabled(), "it asks no reason")
        form.get_by_label("Reason").fill("pipes are laid")
        form.get_by_text("2 open alerts are silenced by it now").wait_for()
        form.get_by_label("Severity").select_option("red")
        form.get_by_text("3 open alerts are silenced by it now").wait_for()
        form.get_by_label("Severity").select_option("yellow")
        send.click()
        form.wait_for(state="detached")
        for each in (page, other):  # though none of the alerts has changed
            tag(each, "bridge 1").wait_for()
            tag(each, "bridge 2").wait_for()
            self.assertEqual([tag(each, place).count() for place in ("bridge 3", "bridge 4")], [0, 0])
        self.assertEqual({a["alert_id"]: a["seq"] for a in service.json("/api/v1/alerts")["alerts"]}, before)
        [made] = service.json("/api/v1/silences")["silences"]
        self.assertEqual((made["by"], made["reason"], made["rules"], made["area"], made["severity"]), ("Li Wei", "pipes are laid", ["seen"], HERE, "yellow"))
        left = datetime.datetime.fromisoformat(made["until"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
        self.assertAlmostEqual(left.total_seconds(), 2 * 3600, delta=60)

        row(other, "bridge 2").click()
        note = other.locator(".pane .silenced-note", has_text="pipes are laid")
        note.wait_for()
        note.get_by_role("button", name="End").click()
        note.wait_for(state="detached")
        for each in (page, other):
            tag(each, "bridge 1").wait_for(state="detached")
            tag(each, "bridge 2").wait_for(state="detached")
        other.wait_for_function("() => document.activeElement.classList.contains('pane-title')")  # where the button was, the keyboard goes on
        wait_for("its end", lambda: not service.json("/api/v1/silences")["silences"], 10)

    def test_until_a_time_in_the_services_zone_for_all_rules_in_the_whole_city(self):
        service = self.start()
        page = self.live(self.page(service, timezone_id="America/New_York"))
        form = self.form(page)
        form.get_by_label("Rule").select_option("")
        form.get_by_label("Area").select_option(HERE[:6])
        form.get_by_label("For how long").select_option("until")
        form.get_by_label("Reason").fill("exercise")
        self.assertTrue(form.get_by_role("button", name="Silence").is_disabled(), "until when?")
        day = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
        form.locator("input[type=datetime-local]").fill(f"{day}T18:00")
        form.get_by_role("button", name="Silence").click()
        page.get_by_text(f"Silenced until {day} 18:00").wait_for()
        tag(page, "bridge 4").wait_for()
        [made] = service.json("/api/v1/silences")["silences"]
        self.assertEqual((made["rules"], made["area"], made["until"][:16]), ([], HERE[:6], f"{day}T10:00"))

    def test_its_length_counts_from_event_time_where_only_events_move_it(self):
        service = self.service(RULES, time="log").start()
        service.ingest(*[report(f"e{i}", "bridge 1", occurred_at=f"2025-06-01T08:0{i}:00Z") for i in range(5)])
        wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"], 10)
        stands = wait_for("event time", lambda: next((s["watermark"] for s in service.json("/api/v1/status")["sources"] if s["watermark"]), None), 10)
        page = self.live(self.page(service))
        form = self.form(page)
        form.get_by_label("Reason").fill("pipes are laid")
        form.get_by_label("Severity").select_option("red")
        form.get_by_role("button", name="Silence").click()
        tag(page, "bridge 1").wait_for()
        [made] = service.json("/api/v1/silences")["silences"]
        read = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: E731
        self.assertEqual(read(made["until"]) - read(stands), datetime.timedelta(hours=2))

    def test_by_keyboard_alone(self):
        service = self.start()
        page = self.live(self.page(service))
        row(page, "bridge 1").click()
        pane = page.locator(".pane")
        pane.get_by_role("button", name="Silence", exact=True).focus()
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.activeElement.tagName === 'SELECT'")
        page.keyboard.press("Escape")
        pane.locator(".action-form").wait_for(state="detached")
        page.wait_for_function("() => document.activeElement.dataset?.kind === 'silence'")
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.activeElement.tagName === 'SELECT'")
        for _ in range(4):
            page.keyboard.press("Tab")
        page.wait_for_function("() => document.activeElement.tagName === 'TEXTAREA'")
        page.keyboard.type("pipes are laid")
        page.keyboard.press("Control+Enter")
        tag(page, "bridge 1").wait_for()
        page.wait_for_function("() => document.activeElement.dataset?.kind === 'silence'")
        self.assertEqual(page.locator(".pane").count(), 1, "the keys of the form closed the alert")

    def test_the_list_of_silences_is_told_empty_failed_and_full_and_ends_them(self):
        service = self.start()
        page = self.live(self.page(service, "health"))
        section = page.locator("section", has=page.locator("#silences-title"))
        section.get_by_text("Nothing is silenced.").wait_for()
        service.post("/api/v1/silences", {"by": "city desk", "reason": "road works", "until": f"{datetime.date.today() + datetime.timedelta(days=9)}T00:00:00Z", "area": HERE[:9]})
        item = section.locator("li", has_text="road works")
        item.wait_for()  # without a reload
        self.assertIn("city desk", item.inner_text())
        item.get_by_role("button", name="End: road works").focus()
        page.keyboard.press("Enter")
        section.get_by_text("Nothing is silenced.").wait_for()
        page.wait_for_function("() => document.activeElement.id === 'silences-title'")
        answer(page, re.compile(r"/api/v1/silences"), {"title": "Service Unavailable", "detail": "the store is closed"}, 503)
        page.evaluate("location.hash = '#/alerts'")
        page.reload()
        self.live(page)
        page.evaluate("location.hash = '#/health'")
        section.get_by_text("the store is closed").wait_for()
        page.unroute(re.compile(r"/api/v1/silences"))
        section.get_by_role("button", name="Try again").click()
        section.get_by_text("Nothing is silenced.").wait_for()

    def test_what_the_service_refuses_is_told_and_the_form_stays(self):
        page = self.live(self.page(self.start()))
        form = self.form(page)
        form.get_by_label("Reason").fill("forgotten")
        form.get_by_label("For how long").select_option("until")
        form.locator("input[type=datetime-local]").fill("2024-06-01T18:00")
        form.get_by_role("button", name="Silence").click()
        page.locator(".toast.bad", has_text="until is past").wait_for()
        self.assertEqual(form.get_by_label("Reason").input_value(), "forgotten")

    def test_roles_and_areas(self):
        people = tokens(viewer=("viewer", ""), officer=("officer", HERE[:9]), admin=("admin", ""))
        service = self.service(RULES, config=people.replace("http:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nhttp:")).start()
        admin = {"Authorization": "Bearer admin token", "Content-Type": "application/json"}

        def ask(path, body):
            status, text = service.request("POST", path, body, admin)
            self.assertEqual(status, 202, text)

        ask("/api/v1/events", json.dumps(report("a", "bridge 1", HERE)))
        until = f"{datetime.date.today() + datetime.timedelta(days=9)}T00:00:00Z"
        for area in (HERE[:6], HERE):
            ask("/api/v1/silences", json.dumps({"reason": f"works in {area}", "until": until, "area": area}))
        viewer = self.live(self.page(service, name=None, signed_in="viewer token"))
        row(viewer, "bridge 1").click()
        note = viewer.locator(".pane .silenced-note")
        note.get_by_text(f"works in {HERE}", exact=True).wait_for()
        self.assertEqual(viewer.locator(".pane").get_by_role("button", name="Silence").count(), 0)
        self.assertEqual(note.get_by_role("button").count(), 0)
        officer = self.live(self.page(service, name=None, signed_in="officer token"))
        form = self.form(officer)
        areas = form.get_by_label("Area").locator("option").evaluate_all("all => all.map(o => o.value)")
        self.assertEqual(areas, [HERE, HERE[:9]], "areas that would be refused are offered, or the smallest is not first")
        note = officer.locator(".pane .silenced-note")
        note.get_by_text(f"works in {HERE}", exact=True).wait_for()
        self.assertEqual(note.get_by_role("button").all_inner_texts(), ["End"], "its own alone")

    def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(self):
        service = self.start()
        service.post("/api/v1/silences", {"by": "city desk", "reason": "road works along the whole of the ring road", "until": f"{datetime.date.today() + datetime.timedelta(days=9)}T00:00:00Z"})
        axe = (FOLDER / "node_modules/axe-core/axe.min.js").read_text()
        [first, *_] = service.json("/api/v1/alerts")["alerts"]
        looked = 0
        for size, theme, language, words in ((WIDE, "light", "zh-CN", ("静默", "时长", "结束")), (WIDE, "dark", "en-GB", ("Silence", "For how long", "End")),
                                             (PHONE, "light", "en-GB", ("Silence", "For how long", "End")), (PHONE, "dark", "zh-CN", ("静默", "时长", "结束"))):
            page = self.live(self.page(service, f"alerts/{first['alert_id']}", size=size, theme=theme, language=language))
            silence, lasting, end = words
            page.locator(".pane").get_by_role("button", name=silence, exact=True).first.click()
            page.get_by_label(lasting).select_option("until")
            for path in (None, "health"):
                if path:
                    page.evaluate(f"location.hash = '#/{path}'")
                    page.locator("main.health").wait_for()
                page.locator(".silences").get_by_role("button", name=end).first.wait_for()
                page.locator(".turning").first.wait_for(state="detached")
                wide = page.evaluate("""() => [...document.querySelectorAll('.pane *, .silences *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('svg,.unseen,pre'))
                    .map(e => e.tagName + '.' + e.className).slice(0, 5)""")
                looked += 1
                with self.subTest(path=path, size=size, language=language):
                    self.assertEqual(wide, [])
                    self.assertEqual(violations(page, axe), [])
        self.assertEqual(looked, 8)


class History(BrowserCase):
    """An alert of more changes than are told at once."""

    def test_earlier_changes_are_shown_when_asked_for_and_stay_when_the_alert_changes(self):
        service = self.service(RULES).start()
        service.ingest(report("a", "bridge 7"))
        [alert] = wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"], 10)
        path = f"/api/v1/alerts/{alert['alert_id']}"
        for i in range(230):
            self.assertEqual(service.post(f"{path}/comment", {"by": "duty", "note": f"call {i:03}"})[0], 202)
        wait_for("all of them", lambda: service.json("/api/v1/alerts")["alerts"][0]["seq"] == 231, 20)
        page = self.live(self.page(service, f"alerts/{alert['alert_id']}"))
        changes = page.locator(".history li")
        changes.nth(199).wait_for()
        self.assertEqual(changes.count(), 200)
        asked = []
        page.on("request", lambda request: asked.append(urlparse(request.url).query) if "before=" in request.url else None)
        more = page.get_by_role("button", name="Show earlier changes")
        answer(page, re.compile(r"before="), {"title": "Service Unavailable", "detail": "the store is closed"}, 503)
        more.click()
        page.locator(".pane [role=alert]", has_text="the store is closed").wait_for()
        page.unroute(re.compile(r"before="))
        more.focus()
        page.keyboard.press("Enter")
        changes.nth(230).wait_for()
        more.wait_for(state="detached")
        page.locator(".pane [role=alert]").wait_for(state="detached")
        self.assertEqual((changes.count(), asked), (231, ["before=32"] * 2))
        page.wait_for_function("() => document.activeElement.textContent.includes('call 029')")  # the first of the earlier ones
        self.assertIn("opened", changes.last.inner_text())
        self.assertEqual(service.post(f"{path}/comment", {"by": "duty", "note": "one more"})[0], 202)
        page.locator(".history q", has_text="one more").wait_for()
        self.assertEqual(changes.count(), 232)
        notes = page.locator(".history q").all_inner_texts()
        self.assertEqual(notes, ["one more", *[f"call {i:03}" for i in reversed(range(230))]])

    def test_a_short_history_offers_no_more(self):
        service = self.service(RULES).start()
        service.ingest(report("a", "bridge 7"))
        page = self.live(self.page(service))
        row(page, "bridge 7").click()
        page.locator(".history li").first.wait_for()
        self.assertEqual(page.get_by_role("button", name="Show earlier changes").count(), 0)
        self.assertEqual(page.get_by_text("no longer kept").count(), 0)


if __name__ == "__main__":
    unittest.main()
