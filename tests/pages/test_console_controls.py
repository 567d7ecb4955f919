"""Every control of the console that no other test presses, and what the page says then."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator

import httpx
import pytest
from tests.pages.console_gallery import go
from tests.pages.console_tabs import THERE, Enter, fill, submit, unfold
from tests.pages.hotel import RUNS, Hotel
from tests.pages.tab import Tab
from tests.server.test_alerts import Receiver
from tests.serving import House

pytestmark = pytest.mark.browser
FAILED = [number for number in range(RUNS) if number % 4 == 3 and number % 13 == 5]
"""The kitchen's runs that failed, as the hotel makes them."""
CUT = [number for number in FAILED if number % 6 == 1]
"""Those of them in which somebody was interrupted."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server that takes webhooks."""
    made = Receiver()
    yield made
    made.close()


def rows(tab: Tab) -> list[str]:
    """The runs that the list shows."""
    links = "[...document.querySelectorAll('.list td.words a')].map(one => one.pathname)"
    return [each.rpartition("/")[2] for each in tab.run(links)]


def show(tab: Tab) -> None:
    """Presses the button of the filters, and waits for the next page."""
    tab.run("window.before = true")
    tab.ask("click", selector="form.filters .strong")
    tab.wait(f"window.before === undefined && {THERE}")


def taken(tab: Tab) -> dict[str, str]:
    """What each link of the page to take something along gives, by the kind of its file."""
    found = {}
    for place in range(1, 4):
        name, text = tab.ask("download", selector=f".take a:nth-of-type({place})")
        found[name.rpartition(".")[2]] = text
    return found


def test_filters_narrow_the_list_and_what_is_taken_along(enter: Enter) -> None:
    """Those in sight, those that are folded away, and the three files of what is left."""
    tab = enter()
    whole = rows(tab)
    assert len(whole) > len(FAILED)
    tab.ask("fill", selector="[name=agent]", text="kitchen")
    tab.ask("choose", selector="[name=status]", label="failed")
    show(tab)
    failed = rows(tab)
    assert len(failed) == len(FAILED)
    assert set(tab.run("[...document.querySelectorAll('td.state')].map(e => e.innerText)")) == {
        "failed"
    }
    files = taken(tab)
    assert set(files) == {"json", "csv", "jsonl"}
    assert [each["id"] for each in json.loads(files["json"])["items"]] == failed
    assert {line["trace_id"] for line in csv.DictReader(files["csv"].splitlines())} == set(failed)
    assert all(run.removeprefix("run_") in files["jsonl"] for run in failed)
    unfold(tab, "More filters")
    tab.ask("click", selector="[name=interrupted]")
    show(tab)
    assert len(rows(tab)) == len(CUT)
    assert tab.shows("[name=outcome]"), "what is set stays in sight"
    tab.ask("choose", selector="[name=source]", label="otlp")
    show(tab)
    assert "No conversation is like that" in tab.text(".empty")
    tab.ask("click", selector=".empty a")
    tab.wait(f"location.search === '' && {THERE}")
    assert rows(tab) == whole


def test_each_other_filter_is_in_the_address_and_stays_set(enter: Enter) -> None:
    """One after another; every row that is left is so."""
    tab = enter()
    unfold(tab, "More filters")
    tab.ask("choose", selector="[name=slow]", label="from 2 s on")
    tab.ask("fill", selector="[name=cost]", text="0.001")
    tab.ask("choose", selector="[name=time]", label="the last 30 days")
    show(tab)
    assert "slow=2000" in tab.run("location.search")
    assert 0 < len(rows(tab)) <= 50
    cell = "[...document.querySelectorAll('[data-name=%s]')].map(one => parseFloat(one.innerText))"
    assert all(seconds >= 2 for seconds in tab.run(cell % "slowest"))
    assert all(cost >= 0.001 for cost in tab.run(cell % "cost"))
    go(tab, "/console?time=week")
    unfold(tab, "More filters")
    tab.ask("click", selector="[name=error]")
    tab.ask("click", selector="[name=unanswered]")
    show(tab)
    assert all(count > 0 for count in tab.run(cell % "errors"))
    checked = "[...document.querySelectorAll('input:checked')].map(one => one.name)"
    assert tab.run(checked) == ["error", "unanswered"]
    assert tab.run("document.querySelector('[name=time]').value") == "week"
    unfold_is_open = "document.querySelector('form.filters details').open"
    assert tab.run(unfold_is_open)
    tab.ask("fill", selector="[name=outcome]", text="booked")
    show(tab)
    assert "No conversation is like that" in tab.text(".empty")


def test_a_conversation_is_enlarged_taken_along_and_deleted(
    enter: Enter, hotel: tuple[House, Hotel]
) -> None:
    """The timeline is made smaller again; after that nobody finds the conversation."""
    run = hotel[1].run
    tab = enter()
    go(tab, f"/console/traces/{run}")
    tab.wait("document.querySelector('[data-moves]') !== null")
    wide = "document.querySelector('.track').getBoundingClientRect().width"
    fits = tab.run(wide)
    smaller = "[aria-label='Zoom out']"
    ends = f'document.querySelector("{smaller}").getAttribute("aria-disabled")'
    assert tab.run(ends) == "true"
    for _ in range(2):
        tab.ask("click", selector="[aria-label='Zoom in']")
    assert tab.run(wide) == pytest.approx(4 * fits)
    tab.ask("click", selector=smaller)
    assert tab.run(wide) == pytest.approx(2 * fits)
    assert tab.run(ends) == "false"
    tab.ask("click", selector=smaller)
    assert (tab.run(wide), tab.run(ends)) == (pytest.approx(fits), "true")
    files = taken(tab)
    assert json.loads(files["json"])["id"] == run
    assert len(list(csv.DictReader(files["csv"].splitlines()))) == 10
    assert [list(json.loads(line)) for line in files["jsonl"].splitlines()] == [
        ["resourceSpans"],
        ["resourceLogs"],
    ]
    unfold(tab, "Delete")
    submit(tab, "/delete")
    assert tab.run("location.pathname") == "/console"
    assert run not in rows(tab)
    tab.expected.append(r"error: Failed to load resource: .*404.*")
    go(tab, f"/console/traces/{run}")
    assert "There is no trace" in tab.text("main")


def test_an_agent_is_made_a_draft_and_published_again(
    enter: Enter, hotel: tuple[House, Hotel]
) -> None:
    """Between the two nobody begins a session with it."""
    house, _ = hotel
    key = {"authorization": f"Bearer {house.secret_key()}"}

    def begun() -> int:
        asked = {"agent_id": "concierge"}
        door = f"{house.url}/v1/agents/web/authorize_session"
        return httpx.post(door, json=asked, headers=key).status_code

    tab = enter()
    go(tab, "/console/agents/concierge")
    assert tab.text(".sum .pill") == "published"
    unfold(tab, "Unpublish")
    submit(tab, "/unpublish")
    assert (tab.text(".sum .pill"), begun()) == ("draft", 403)
    submit(tab, "/publish")
    assert (tab.text(".sum .pill"), begun()) == ("published", 200)


def test_a_secret_key_is_made_and_a_public_one_allowed_on_more_pages(
    enter: Enter, hotel: tuple[House, Hotel]
) -> None:
    """A form without a scope, or with what is no origin, says so; the key opens what it may."""
    house, known = hotel
    tab = enter()
    go(tab, "/console/keys?kind=secret")
    tab.expected.append(r"error: Failed to load resource: .*400.*")
    tab.run("document.querySelectorAll('[name=scope]').forEach(one => { one.checked = false; })")
    fill(tab, secret_name="the report")
    submit(tab, "/keys/secret")
    assert tab.text("fieldset .mistake")
    assert tab.run("document.querySelector('#secret-name').value") == "the report"
    tab.ask("click", selector="[name=scope][value=read]")
    submit(tab, "/keys/secret")
    text = tab.text(".once code")
    assert re.fullmatch(r"dk_secret_[\w-]{43}", text)
    assert tab.text(".origins code") == "read"
    key = {"authorization": f"Bearer {text}"}
    assert httpx.get(f"{house.url}/v1/traces", headers=key).status_code == 200
    go(tab, f"/console/keys/{known.key}")
    unfold(tab, "Allow more pages")
    fill(tab, more_origins="offers.example")
    submit(tab, "/origins")
    assert "'offers.example' is not an origin" in tab.text(".mistake")
    fill(tab, more_origins="https://offers.example")
    submit(tab, "/origins")
    assert "https://offers.example" in tab.text(".origins")


def test_a_balance_is_set(enter: Enter) -> None:
    """Exactly, and to no end; the reason stands below."""
    tab = enter()
    go(tab, "/console/balance")
    unfold(tab, "Set it")
    fill(tab, exact_amount="33.25", exact_note="a new year")
    submit(tab, "/balance/set")
    assert tab.text(".large") == "33.25"
    assert "a new year" in tab.text("aside")
    unfold(tab, "Set it")
    fill(tab, exact_amount="unlimited")
    submit(tab, "/balance/set")
    assert "unlimited" in tab.text("main").lower()


def test_old_runs_and_too_many_are_forgotten(enter: Enter) -> None:
    """The page says how many; what is no number is told beside it."""
    tab = enter()
    go(tab, "/console/kept")
    tab.expected.append(r"error: Failed to load resource: .*400.*")
    unfold(tab, "Forget old runs")
    fill(tab, older_days="a week")
    submit(tab, "/kept/older")
    assert "'a week'" in tab.text(".mistake")
    fill(tab, older_days="6")
    submit(tab, "/kept/older")
    old = sum(7_200 + number * 3_300 > 6 * 86_400 for number in range(RUNS))
    assert abs(int(tab.text(".told").split()[0]) - old) <= 1  # as one may have grown old meanwhile
    unfold(tab, "Leave less room")
    fill(tab, larger_megabytes="1")
    submit(tab, "/kept/larger")
    assert tab.text(".told") == "There was nothing to forget."


def test_a_transcript_is_ended_and_deleted(enter: Enter, hotel: tuple[House, Hotel]) -> None:
    """It says that an owner did; then it is gone."""
    talk = hotel[1].conversation
    tab = enter()
    go(tab, f"/console/transcripts/{talk}")
    assert tab.text(".sum .pill") == "open"
    name, text = tab.ask("download", selector=".take a")
    assert (name, len(json.loads(text)["messages"])) == (f"{talk}.json", 6)
    unfold(tab, "End")
    submit(tab, "/end")
    assert tab.text(".sum .pill") == "ended"
    assert "owner" in tab.text(".sum")
    unfold(tab, "Delete")
    submit(tab, "/delete")
    assert tab.run("location.pathname") == "/console/transcripts"
    assert talk not in tab.run("document.querySelector('main').innerHTML")


def test_an_alert_is_tried(enter: Enter, receiver: Receiver) -> None:
    """Its webhook hears of it, and the page says that it did."""
    tab = enter()
    go(tab, "/console/overview")
    tab.ask("fill", selector="[name=threshold]", text="9000")
    tab.ask("fill", selector="[name=webhook]", text=receiver.url)
    submit(tab, "/alerts")
    assert receiver.url in tab.text(".rules")
    submit(tab, "/test")
    receiver.wait(1)
    assert json.loads(receiver.taken[0][1])["type"] == "alert.test"

    def told() -> bool:
        tab.reload()
        return "delivered: HTTP 204" in tab.text("#alerts")

    tab.until(told, "the answer of the webhook")


def test_whoever_signs_out_is_out(enter: Enter) -> None:
    """The page says so; an address from before leads nowhere."""
    tab = enter("viewer")
    tab.expected.append(r"error: Failed to load resource: .*401.*")
    tab.run("window.before = true")
    tab.ask("click", selector="header .link")
    tab.wait(f"window.before === undefined && {THERE}")
    assert "duologue console login" in tab.text("main")
    go(tab, "/console/keys")
    assert "duologue console login" in tab.text("main")
    assert not tab.shows("header form")
