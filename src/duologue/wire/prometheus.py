"""Metrics in the text format of Prometheus, version 0.0.4."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})


class Metric(msgspec.Struct, frozen=True):
    """What is measured, under which name and by which labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


class Histogram:
    """How many values were at most so large, for each of some bounds."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Counts a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


Values = Mapping[Any, float | Histogram]
"""By the values of the labels, in their order, as a tuple."""


def text(families: Iterable[tuple[Metric, Values]]) -> str:
    """Every metric with its values; those of which nothing is known yet are only named."""
    lines: list[str] = []
    for metric, values in families:
        lines.append(f"# HELP {metric.name} {metric.help.translate(_HELP_ESCAPES)}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in values.items():
            named = dict(zip(metric.labels, labels, strict=True))
            if isinstance(value, Histogram):
                lines += _histogram(metric.name, named, value)
            else:
                lines.append(_line(metric.name, named, value))
    return "\n".join(lines) + "\n"


def _histogram(name: str, labels: dict[str, str], found: Histogram) -> Iterable[str]:
    so_far = 0
    for bound, count in zip((*found.bounds, math.inf), found.counts, strict=True):
        so_far += count
        yield _line(f"{name}_bucket", {**labels, "le": _number(bound)}, so_far)
    yield _line(f"{name}_sum", labels, found.sum)
    yield _line(f"{name}_count", labels, so_far)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{each}="{said.translate(_ESCAPES)}"' for each, said in labels.items())
    return f"{name}{{{told}}} {_number(value)}" if told else f"{name} {_number(value)}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
