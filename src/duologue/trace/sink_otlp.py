"""What is told, to any vendor that reads OTLP over HTTP: spans as spans, the rest as events."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Span
from duologue.trace.otlp_requests import events_request, spans_request
from duologue.trace.sending import Sender, refused

log = logging.getLogger("duologue.trace")

_KIND: Final = "application/x-protobuf"


class OtlpSink:
    """Posts to `endpoint`/v1/traces and /v1/logs, protobuf and gzip.

    Spans go when they have ended: OTLP knows no open ones. A turn and what is known of a run go as
    log events `duologue.turn` and `duologue.run`; `logs=False` leaves events and log lines at
    home, for a vendor that reads spans only. What was said stays here unless `content=True`.
    """

    name = "otlp"
    remote = True
    every = 2.0

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str] | None = None,
        *,
        content: bool = False,
        logs: bool = True,
        service: str = "duologue",
        patience: float = 10.0,
    ) -> None:
        self.content = content
        self._sender = Sender(endpoint, headers, patience=patience)
        self.where = self._sender.url
        self._logs = logs
        self._deaf = False
        self._service = service

    async def write(self, batch: Sequence[Entry]) -> None:
        """Sends a batch; spans that the other side rejects are told as lost."""
        told = batch if self.content else [without_content(entry) for entry in batch]
        spans = [entry for entry in told if isinstance(entry, Span) and entry.end_ns]
        events = [entry for entry in told if not isinstance(entry, Span)] if self._logs else []
        lost = await self._send_spans(spans) if spans else 0
        lost += await self._send_events(events) if events else 0
        if lost and self._deaf:
            raise refused(f"{self._sender.url} takes no turns and log lines", lost)
        if lost:
            raise refused(f"{self._sender.url} rejected {lost} of {len(batch)}", lost)

    async def close(self) -> None:
        """Closes its connections."""
        await self._sender.close()

    async def _send_spans(self, spans: Sequence[Span]) -> int:
        request = spans_request(spans, self._service)
        answer = await self._sender.post("/v1/traces", request.SerializeToString(), _KIND)
        if answer.status_code >= 400:
            return self._refused(answer.status_code, answer.text, len(spans))
        taken = ExportTraceServiceResponse()
        _read(taken, answer.content)
        return min(len(spans), taken.partial_success.rejected_spans)

    async def _send_events(self, events: Sequence[Entry]) -> int:
        if self._deaf:
            return len(events)
        request = events_request(events, self._service)
        answer = await self._sender.post("/v1/logs", request.SerializeToString(), _KIND)
        if answer.status_code in (404, 405, 501):
            self._deaf = True
            log.warning(
                "%s/v1/logs answered %d: turns and log lines are dropped from now on, spans are "
                "sent; OtlpSink(…, logs=False) says so from the start",
                self._sender.url,
                answer.status_code,
            )
            return len(events)
        if answer.status_code >= 400:
            return self._refused(answer.status_code, answer.text, len(events))
        taken = ExportLogsServiceResponse()
        _read(taken, answer.content)
        return min(len(events), taken.partial_success.rejected_log_records)

    def _refused(self, code: int, text: str, count: int) -> int:
        log.warning("%s refused %d entries: %d %s", self._sender.url, count, code, text[:200])
        return count


def _read(message: Message, content: bytes) -> None:
    """Reads what an answer says was rejected; many vendors answer with nothing or with JSON."""
    try:
        message.ParseFromString(content)
    except DecodeError:
        message.Clear()
