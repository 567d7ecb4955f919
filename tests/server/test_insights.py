"""The Insights door: who may tell, what becomes of it, and how it is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # has no types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # has no types
from livekit import api
from tests.server.conftest import LIVEKIT, Desk
from tests.serving import House
from tests.trace.ingest.requests import JOB, at, conversation, line, logs, packed
from tests.trace.ingest.test_insights import header, history, said

from duologue.server import telling
from duologue.trace.ingest.insights import trace_of

RUN = "run_" + trace_of("AJ_1")
SOUND = b"OggS" + bytes(200_000)


def token(
    *, key: str = "", secret: str = "", write: bool = True, ttl: timedelta = timedelta(hours=6)
) -> str:
    """A worker's token."""
    made = api.AccessToken(
        key or LIVEKIT["livekit_api_key"], secret or LIVEKIT["livekit_api_secret"]
    )
    grants = api.ObservabilityGrants(write=write)
    return made.with_observability_grants(grants).with_ttl(ttl).to_jwt()


def tell(
    desk: Desk, what: str, body: bytes, *, bearer: str | None = "", **headers: str
) -> httpx.Response:
    """Sends as a worker does."""
    given = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer is not None:
        given["authorization"] = f"Bearer {bearer or token()}"
    return desk.http.post(f"/observability/{what}/otlp/v0", content=body, headers=given)


def report(desk: Desk, **parts: Any) -> httpx.Response:
    """Sends a job's report."""
    whole = {"header": header(close_reason="CR_USER_INITIATED"), "chat_history": history()} | parts
    files = {name: (f"{name}.bin", content) for name, content in whole.items() if content}
    authorization = {"authorization": f"Bearer {token()}"}
    return desk.http.post("/observability/recordings/v0", files=files, headers=authorization)


def whole(desk: Desk, run: str = RUN) -> dict[str, Any]:
    """All that is kept of a run."""
    answer = desk.ask("GET", f"/v1/traces/{run}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # of JSON


def sounds(house: House) -> list[Path]:
    """The files of recordings that lie on disk."""
    return sorted((house.data / "recordings").glob("*"))


def test_a_job_is_a_run_in_whatever_order_it_is_told(rooms: Desk) -> None:
    """The report first, then spans, then all of it again: one run, one turn, one recording."""
    told = history(
        said("user", "a table", 3, metrics={"started_speaking_at": at(1) / 1e9}),
        said("assistant", "Done.", 5),
    )
    booked = logs(line("booking", "booked", severity=13, **JOB))
    for _ in range(2):
        assert report(rooms, chat_history=told, audio=SOUND).status_code == 200
        for what, body in (("traces", conversation()), ("logs", booked)):
            answer = tell(rooms, what, packed(body))
            assert (answer.status_code, answer.content) == (200, b"")
    run = whole(rooms)
    assert (run["source"], run["agent"], run["room"]) == ("insights", "waiter", "desk")
    assert (run["status"], run["turns"], run["has_recording"]) == ("complete", 1, True)
    (turn,) = run["turn_list"]
    assert (turn["user_text"], turn["agent_text"], turn["eou_ms"]) == ("a table", "Done.", 500)
    assert [each["text"] for each in run["logs"] if each["logger"] == "booking"] == ["booked"]
    (recording,) = run["recordings"]
    assert (recording["state"], recording["bytes"]) == ("complete", len(SOUND))
    (file,) = sounds(rooms.house)
    assert file.read_bytes() == SOUND


def test_metrics_are_read_and_nothing_is_kept(rooms: Desk) -> None:
    """A worker that sends them must not retry."""
    assert tell(rooms, "metrics", packed(b"")).status_code == 200
    assert tell(rooms, "metrics", packed(b"\xff")).status_code == 400


@pytest.mark.parametrize(
    ("bearer", "code", "words"),
    [
        (None, 401, "there is none"),
        ("x", 401, "cannot be read"),
        (token(ttl=timedelta(minutes=-5)), 401, "expired; is the worker's clock right"),
        (token(key="other"), 401, "of another API key"),
        (token(secret="another secret of thirty letters"), 401, "signed with another secret"),
        (token(write=False), 403, "lacks the grant observability.write"),
    ],
)
def test_who_may_not_tell_hears_why(rooms: Desk, bearer: str | None, code: int, words: str) -> None:
    """In the form that exporters read."""
    answer = tell(rooms, "traces", packed(conversation()), bearer=bearer)
    assert answer.status_code == code
    status = Status.FromString(answer.content)
    assert words in status.message
    assert status.code == {401: 16, 403: 7}[code]


@pytest.mark.parametrize(
    ("body", "headers", "code", "words"),
    [
        (b"abc", {}, 400, "not what its content-encoding says"),
        (packed(b"\xff\xff"), {}, 400, "no ExportTraceServiceRequest"),
        (packed(b""), {"content_type": "text/plain"}, 400, "its content-type is 'text/plain'"),
        (packed(bytes(40_000_000)), {}, 400, "larger than"),
        (bytes(telling.PACKED + 1), {"content_encoding": ""}, 413, "larger than"),
    ],
)
def test_what_cannot_be_read_is_refused_whole(
    rooms: Desk, body: bytes, headers: dict[str, str], code: int, words: str
) -> None:
    """With what is wrong with it."""
    answer = tell(rooms, "traces", body, **headers)
    assert answer.status_code == code
    assert words in Status.FromString(answer.content).message


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"header": b"\xff", "audio": SOUND}, "no MetricsRecordingHeader"),
        ({"header": b"", "audio": SOUND}, "names no job"),
        ({"chat_history": b"{", "audio": SOUND}, "chat_history.json cannot be read"),
        ({"audio": b"RIFF" + SOUND}, "no Ogg"),
    ],
)
def test_a_report_that_is_refused_leaves_no_file(
    rooms: Desk, parts: dict[str, bytes], words: str
) -> None:
    """Nor a part of one."""
    before = sounds(rooms.house)
    answer = report(rooms, **parts)
    assert answer.status_code == 400
    assert words in Status.FromString(answer.content).message
    assert sounds(rooms.house) == before


def test_a_report_must_be_whole_and_of_parts(rooms: Desk) -> None:
    """One that was cut, or is something else, is no report."""
    authorization = {"authorization": f"Bearer {token()}"}
    url = "/observability/recordings/v0"
    answer = rooms.http.post(url, content=b"x", headers=authorization)
    assert (answer.status_code, b"multipart" in answer.content) == (400, True)
    kind = {"content-type": "multipart/form-data; boundary=b"}
    cut = b'--b\r\nContent-Disposition: form-data; name="audio"\r\n\r\nOggS123'
    answer = rooms.http.post(url, content=cut, headers=authorization | kind)
    assert (answer.status_code, b"its parts" in answer.content) == (400, True)
    assert not [file for file in sounds(rooms.house) if file.suffix == ".part"]


def test_a_recording_is_at_most_so_large(rooms: Desk) -> None:
    """More is refused as it comes, and nothing of it stays."""
    before = sounds(rooms.house)
    answer = report(rooms, audio=b"OggS" + bytes(51 * 1024 * 1024))
    assert answer.status_code == 413
    assert sounds(rooms.house) == before


def test_a_server_without_a_livekit_says_so(desk: Desk) -> None:
    """Nobody could sign a token for it."""
    answer = tell(desk, "traces", packed(conversation()))
    assert answer.status_code == 501
    assert "knows no LiveKit" in Status.FromString(answer.content).message


def test_settings_say_what_is_kept(tmp_path: Path) -> None:
    """`metadata` keeps no words and no sound; `off` stops the worker, in words that it knows."""
    with House(tmp_path / "bare", trace="metadata", **LIVEKIT) as house:
        bare = Desk(house)
        assert tell(bare, "traces", packed(conversation())).status_code == 200
        assert report(bare, audio=SOUND).status_code == 200
        (turn,) = whole(bare)["turn_list"]
        assert (turn["user_text"], turn["agent_text"], turn["eou_ms"]) == ("", "", 500)
        assert whole(bare)["recordings"] == sounds(house) == []
        bare.http.close()
    with House(tmp_path / "off", trace="off", authorize_per_minute=2, **LIVEKIT) as house:
        off = Desk(house)
        answer = tell(off, "traces", packed(conversation()))
        assert (answer.status_code, b"Data recording is disabled by owner" in answer.content) == (
            401,
            True,
        )
        hasty = [tell(off, "traces", b"") for _ in range(3)][-1]
        assert hasty.status_code == 429
        status, retry = Status.FromString(hasty.content), RetryInfo()
        assert status.details[0].Unpack(retry)
        assert retry.retry_delay.seconds == int(hasty.headers["retry-after"]) > 0
        off.http.close()
