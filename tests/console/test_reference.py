"""The owners' API as a page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from duologue.console import reference

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/sessions/{session}/say": {
            "post": {
                "tags": ["Sessions"],
                "description": "Lets the agent say something now.",
                "parameters": [
                    {"name": "session", "in": "path", "required": True, "schema": {}},
                    {"name": "limit", "in": "query", "schema": {"minimum": 1, "maximum": 200}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Say"}}
                    }
                },
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/x/schemas/List"}}}
                    },
                    "400": {"content": {"application/json": {"schema": {"type": "object"}}}},
                },
            }
        },
        "/health": {"get": {"responses": {"200": {"content": {"a/b": {"schema": {"x": 1}}}}}}},
    },
    "components": {
        "schemas": {
            "Say": {"properties": {"text": {"type": "string"}}},
            "List": {
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Say"}},
                    "next": {"type": "string"},
                }
            },
        }
    },
}


def test_each_door_says_what_it_does_takes_and_answers() -> None:
    """Path, verb, sentence, parameters with their bounds, fields of body and answer."""
    page = reference.draw(DOCUMENT)
    for words in (
        "/v1/sessions/{session}/say",
        "POST",
        "Lets the agent say something now.",
        "path, required",
        "query, optional, from 1, to 200",
        "<dt>body</dt><dd><code>text</code></dd>",
        "<code>items</code> [<code>text</code>], <code>next</code>",
        "any JSON object",
    ):
        assert words in page


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


@given(st.text())
def test_no_word_becomes_markup(text: str) -> None:
    """Whatever a description holds, the page has the same elements."""

    def tags(words: str) -> list[str]:
        operation = {"tags": ["T"], "description": words, "responses": {}}
        parser = _Tags()
        parser.feed(reference.draw({"paths": {"/x": {"get": operation}}}))
        return parser.seen

    assert tags(text) == tags("plain")


def test_the_page_loads_nothing_from_anywhere() -> None:
    """No script, no address of another host."""
    page = reference.draw(DOCUMENT)
    assert "<script" not in page
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "").split("</style>")[1]
