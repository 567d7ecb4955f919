"""The owners' API as a page: drawn from its OpenAPI document, without script or strangers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from duologue.console.drawing import STYLE
from duologue.console.icons import FAVICON

VERBS = ("get", "post", "put", "patch", "delete")


def draw(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document, its doors grouped by what they are about."""
    groups: dict[str, list[str]] = {}
    for path, verb, operation in _operations(document):
        tag = (operation.get("tags") or ["More"])[0]
        groups.setdefault(tag, []).append(_operation(document, path, verb, operation))
    sections = "".join(
        f'<section><h2>{escape(tag)}</h2><div class="how">{"".join(cards)}</div></section>'
        for tag, cards in groups.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>duologue · API</title><link rel="icon" href="{FAVICON}">'
        f"<style>{STYLE}</style></head>"
        '<body><header><h1>API<span>.</span></h1><p class="lead">What a server does with its '
        "secret key: send it as <code>Authorization: Bearer dk_secret_…</code>. Every error is "
        "<code>{&quot;error&quot;, &quot;code&quot;}</code>.</p></header>"
        f"<main>{sections}</main>"
        '<footer><a href="docs/openapi.json">openapi.json</a><a href="/">Talk</a>'
        '<a href="/status">This server</a></footer>'
        "</body></html>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for verb in VERBS:
            if verb in item:
                yield path, verb, item[verb]


def _operation(
    document: Mapping[str, Any], path: str, verb: str, operation: Mapping[str, Any]
) -> str:
    """One door: what it does, what it takes, what it answers."""
    said = operation.get("description") or operation.get("summary") or ""
    rows = [_parameter(one) for one in operation.get("parameters", ())]
    body = _schema(operation.get("requestBody", {}))
    if body:
        rows += [("body", _fields(document, body))]
    for status, answer in operation.get("responses", {}).items():
        if status.startswith("2") and (shape := _schema(answer)):
            rows += [("answer", _fields(document, shape))]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{text}</dd>" for name, text in rows)
    return (
        f'<article class="card"><h3><span class="pill">{verb.upper()}</span> '
        f"<code>{escape(path)}</code></h3><p>{escape(said)}</p>"
        f"{f'<dl>{facts}</dl>' if facts else ''}</article>"
    )


def _parameter(one: Mapping[str, Any]) -> tuple[str, str]:
    shape = one.get("schema", {})
    words = [one["in"], "required" if one.get("required") else "optional"]
    words += [f"from {shape['minimum']:g}"] if "minimum" in shape else []
    words += [f"to {shape['maximum']:g}"] if "maximum" in shape else []
    return one["name"], escape(", ".join(words))


def _schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the JSON in a body or an answer; empty where there is none."""
    for content in holder.get("content", {}).values():
        schema: Mapping[str, Any] = content.get("schema", {})
        return schema
    return {}


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The names of an object's fields, those of a list's items within brackets."""
    known = document.get("components", {}).get("schemas", {})
    for one in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        name = str(one.get("$ref", "")).rpartition("/")[2]
        properties = known.get(name, one).get("properties", {})
        if properties:
            return ", ".join(_field(document, *pair) for pair in properties.items())
    return "<em>any JSON object</em>"


def _field(document: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> str:
    shown = f"<code>{escape(name)}</code>"
    if schema.get("type") == "array" and "$ref" in schema.get("items", {}):
        return f"{shown} [{_fields(document, schema['items'])}]"
    return shown
