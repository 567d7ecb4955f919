"""Somebody else's site with the widget's tag on it: strict, hostile, framed, or plain."""

from __future__ import annotations

from functools import cache
from html import escape
from io import BytesIO
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import av
import numpy as np
from tests.origin import Asked, Origin
from tests.pages.foreign import ASSETS

HEAD: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="icon" href="data:,">'
)
SITE: Final = """body { margin: 0; font: 17px/1.6 Georgia, serif; color: #222; background: #fff; }
header { display: flex; justify-content: space-between; padding: 22px 6vw; font: 15px system-ui; }
main { padding: 6vh 6vw; max-width: 720px; }
h1 { font-size: 54px; line-height: 1; font-weight: 400; }
.bar { margin: 0; font: 600 17px system-ui; }
.hall { height: 84vh; max-width: none; padding: 0; }
@media (prefers-color-scheme: dark) { body { background: #101214; color: #eee; } }"""
"""The style of the shop itself."""
HOSTILE: Final = (
    "* { all: revert !important; font-size: 40px !important; }\n"
    "duologue-widget, duologue-widget * { opacity: .2 !important; filter: blur(9px) !important;"
    " transform: rotate(40deg) !important; color: red !important; visibility: hidden !important; }"
)
"""The style of somebody who wants nothing to stay as it is."""
WORDS: Final = (
    "<header><b>The Corner Table</b><span>Menu</span></header>"
    "<main><h1>Supper, slowly.</h1><p>Small plates on the corner of Mill Street.</p></main>"
)


class WidgetSite(Origin):
    """A site whose pages hold what their address says: `/strict?agent=demo&mode=text`.

    Under `/own/` it has our scripts itself.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        super().__init__()

    def page(self, name: str, **attributes: str) -> str:
        """The address of a page whose tag has these attributes; `_` stands for `-` in them."""
        asked = {key.replace("_", "-"): value for key, value in attributes.items()}
        return f"{self.url}/{name}?{urlencode(asked)}"

    @property
    def policy(self) -> str:
        """What the strict page may do: no inline script or style, no eval, no blob."""
        reach = f"{self.server} {self.server.replace('http', 'ws', 1)}"
        return (
            f"default-src 'none'; script-src {self.server}; style-src 'self'; connect-src {reach}; "
            f"img-src 'self' data:; media-src 'self'; frame-src 'self'"
        )

    def body(self, path: str, tag: str) -> str:
        """The page of a path."""
        script = f'<script async src="{self.server}/duologue.js"></script>'
        if path == "/frame":
            inner = f"/strict?{tag}"
            return (
                f'{HEAD}<link rel="stylesheet" href="/site.css"><iframe title="Talk" '
                f'allow="microphone" width="420" height="700" src="{escape(inner)}"></iframe>'
            )
        if path == "/window":
            asked = dict(parse_qsl(tag, True))
            allow = f'allow="{escape(asked["allow"])}"' if "allow" in asked else ""
            look = f'title="Talk" width="420" height="700" src="{escape(asked["inner"])}"'
            return f"{HEAD}<iframe {look} {allow}></iframe>"
        attributes = "".join(f' {key}="{escape(value)}"' for key, value in parse_qsl(tag, True))
        style = "hostile" if path == "/hostile" else "site"
        name = "livelayer-widget" if path == "/livelayer" else "duologue-widget"
        element = f"<{name}{attributes}></{name}>"
        hall = (
            f'<header><h1 class="bar">Talk to us</h1></header><main class="hall">{element}</main>'
            if path == "/hall"
            else f"{WORDS}{element}"
        )
        none = WORDS if path == "/empty" else hall
        return f'{HEAD}<link rel="stylesheet" href="/{style}.css">{script}{none}'

    def _handler(self) -> type[Asked]:
        site = self

        class Handler(Asked):
            def get(self) -> None:
                asked = urlsplit(self.path)
                styles = {"/site.css": SITE, "/hostile.css": HOSTILE}
                own = ASSETS / asked.path.removeprefix("/own/")
                if asked.path in styles:
                    kind, body = "text/css", styles[asked.path]
                elif asked.path.startswith("/own/") and own.is_file():
                    kind, body = "text/javascript", own.read_text()
                elif asked.path == "/words.json":
                    kind, body = "application/json", '{"start": "Parla", "nonsense": "x"}'
                elif asked.path == "/face.svg":
                    kind, body = "image/svg+xml", FACE
                elif asked.path == "/film.webm":
                    return self.answer("video/webm", film())
                else:
                    kind, body = "text/html", site.body(asked.path, asked.query)
                strict = asked.path in ("/strict", "/frame")
                policy = {"content-security-policy": site.policy} if strict else {}
                return self.answer(f"{kind}; charset=utf-8", body.encode(), headers=policy)

        return Handler


@cache
def film() -> bytes:
    """A second of a face that opens and shuts its mouth."""
    file = BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 128, "yuv420p"
        for at in range(10):
            shade = np.full((128, 128, 3), (217, 228, 221), np.uint8)
            shade[30:110, 34:94] = (236, 196, 164)
            shade[84 - abs(at - 5) : 84 + abs(at - 5) + 2, 50:78] = (120, 50, 50)
            picture = av.VideoFrame.from_ndarray(shade, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return file.getvalue()


FACE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="100" '
    'fill="#d9e4dd"/><circle cx="50" cy="92" r="34" fill="#3b5b6e"/><circle cx="50" cy="40" r="24" '
    'fill="#462d1e"/><circle cx="50" cy="44" r="19" fill="#ecc4a4"/></svg>'
)
"""A picture that stands for an agent."""
