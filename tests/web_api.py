"""`web/packages/*/api.md`: what a package of ours lets others use, as TypeScript declares it.

The compiler writes declarations; here they are read, which is simple because it writes them all
alike: one statement at the beginning of a line, members four blanks in.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

WEB: Final = Path(__file__).parent.parent / "web"
TSC: Final = WEB / "node_modules" / ".bin" / "tsc"
PACKAGES: Final = ("client", "widget", "react")
"""In the order in which they are published: each may need those before it."""
NOTE: Final = "<!-- Written by `make docs` from {}: change that, not this. -->\n"
_NAMED: Final = re.compile(
    r"^(?P<exported>export )?(?P<default>default )?(?:declare )?(?:abstract )?"
    r"(?P<kind>class|interface|type|const|let|function|enum|namespace) (?P<name>[\w$]+)",
    re.MULTILINE,
)
_LIST: Final = re.compile(
    r"^(import|export) (?:type )?\{([^}]*)\}(?: from \"([^\"]+)\")?;", re.DOTALL
)
_STAR: Final = re.compile(r"^export \* from \"([^\"]+)\";")
_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")
TYPES: Final = ("interface", "type")


class Declared(NamedTuple):
    """One thing that a module declares."""

    name: str
    kind: str
    words: str
    """Its comment."""
    text: str
    module: Path

    @property
    def is_type(self) -> bool:
        """Whether it is gone once the compiler was there."""
        return self.kind in TYPES


class Module:
    """A file of declarations: what it declares, and what it takes from others."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.declared: dict[str, Declared] = {}
        self.exported: dict[str, tuple[str, str]] = {}
        """Public name → the file it comes from, and its name there; "" is here."""
        self.imported: dict[str, tuple[str, str]] = {}
        self.stars: list[str] = []
        for words, text in statements(file.read_text(encoding="utf-8")):
            self._take(words, text)

    def _take(self, words: str, text: str) -> None:
        if found := _STAR.match(text):
            self.stars.append(found[1])
        elif found := _LIST.match(text):
            way, names, source = found.groups()
            for one in names.split(","):
                its, _, local = one.strip().removeprefix("type ").partition(" as ")
                if its and way == "import":
                    self.imported[local or its] = (source, its)
                elif its:
                    self.exported[local or its] = (source or "", its)
        elif found := _NAMED.match(text):
            name = found["name"]
            before = self.declared.get(name)
            text = without_private(text)
            if before is not None:  # an overload, or a type and a value of one name
                words, text = before.words or words, f"{before.text}\n{text}"
            self.declared[name] = Declared(name, found["kind"], words, text, self.file)
            if found["exported"]:
                self.exported["default" if found["default"] else name] = ("", name)


def statements(text: str) -> Iterator[tuple[str, str]]:
    """Every statement of a file of declarations, with the comment right before it."""
    lines: list[str] = []
    words, depth, in_comment = "", 0, False
    for line in text.splitlines():
        if not lines and (in_comment or line.startswith("/**")):
            words = f"{words}\n{line}" if in_comment else line
            in_comment = "*/" not in line
            continue
        if not lines and (not line.strip() or line.startswith(("//", "export {};"))):
            continue
        lines.append(line)
        plain = re.sub(r"\"(?:\\.|[^\"\\])*\"|`[^`]*`|//.*|/\*.*?\*/", "", line)
        if not plain.lstrip().startswith("*"):
            depth += sum(plain.count(one) for one in "{([") - sum(plain.count(o) for o in "})]")
        if depth == 0 and line.rstrip().endswith((";", "}")):
            yield words, "\n".join(lines)
            words, lines = "", []


def without_private(text: str) -> str:
    """A declaration without the members that are nobody else's, and their comments."""
    kept: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        if comment or line.startswith("    /**"):
            comment.append(line)
            if "*/" not in line:
                continue
            kept, comment = [*kept, *comment], []
        elif re.match(r"    (?:private |#private)", line):
            while kept and kept[-1].startswith(("    /**", "     *")):
                kept.pop()
        else:
            kept.append(line)
    return "\n".join(kept)


def without_constructor(text: str) -> str:
    """A class as it is to those who cannot make one."""
    return re.sub(
        r"(?m)(?:^    /\*\*(?:(?!\*/)[\s\S])*\*/\n)?^    constructor\([\s\S]*?\);\n", "", text
    )


class Api:
    """What one entry of a package offers, and what stands behind it without a name outside."""

    def __init__(self, entry: Path) -> None:
        self._modules: dict[Path, Module] = {}
        self.offered: dict[str, Declared] = {}
        self.foreign: dict[str, str] = {}
        """Names that another package declares."""
        self._offer(entry)
        self.behind = self._reached()

    def _module(self, file: Path) -> Module:
        if file not in self._modules:
            self._modules[file] = Module(file)
        return self._modules[file]

    def _offer(self, entry: Path) -> None:
        module = self._module(entry)
        for name in module.exported:
            found = self._find(module, name)
            if isinstance(found, str):
                self.foreign[name] = found
            else:
                self.offered[name] = found
        for source in module.stars:
            if (beside := _beside(entry, source)) is None:
                self.foreign[f"* of {source}"] = source
            else:
                self._offer(beside)

    def _find(self, module: Module, name: str) -> Declared | str:
        """The declaration that a name of a module means; the name of a foreign package."""
        source, its = module.exported.get(name) or module.imported.get(name) or ("", name)
        if source == "" and its in module.declared:
            return module.declared[its]
        if source == "" and its in module.imported:
            source, its = module.imported[its]
        beside = _beside(module.file, source)
        if beside is None:
            return source
        return self._find(self._module(beside), its)

    def _reached(self) -> list[tuple[str, Declared]]:
        found: list[tuple[str, Declared]] = []
        known = set(self.offered.values())
        waiting = list(known)
        while waiting:
            one = waiting.pop()
            module = self._module(one.module)
            for word in set(_WORD.findall(_code(one.text))) - {one.name}:
                if word not in module.declared and word not in module.imported:
                    continue
                meant = self._find(module, word)
                if not isinstance(meant, str) and meant not in known:
                    known.add(meant)
                    seen = meant._replace(text=without_constructor(meant.text))
                    found.append((seen.name, seen))
                    waiting.append(seen)
        return found


def _beside(file: Path, source: str) -> Path | None:
    """The declarations that a relative import means; none of a package."""
    if not source.startswith("."):
        return None
    return (file.parent / source).with_suffix(".d.ts").resolve()


def _code(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"", "", text, flags=re.DOTALL)


def entries(package: str) -> dict[str, Path]:
    """The ways into a package that have types, and the source of each."""
    folder = WEB / "packages" / package
    described = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return {
        described["name"] + way.removeprefix("."): folder / target["source"]
        for way, target in described.get("exports", {}).items()
        if isinstance(target, dict) and "types" in target
    }


def declarations(package: str) -> dict[str, Api]:
    """What each way into a package offers, read from what the compiler declares."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder).resolve()
        options = ("--noEmit", "false", "--declaration", "--emitDeclarationOnly")
        subprocess.run(
            [TSC, "-p", ".", *options, "--rootDir", WEB, "--outDir", out],
            cwd=WEB / "packages" / package,
            capture_output=True,
            timeout=120,
            check=False,  # whether types are right is another check's; it writes them all the same
        )
        return {
            name: Api((out / source.resolve().relative_to(WEB)).with_suffix(".d.ts"))
            for name, source in entries(package).items()
        }


def report(package: str) -> str:
    """The page of one package."""
    lines: list[str] = []
    for name, api in declarations(package).items():
        lines += [f"# `{name}`\n", *([] if lines else [NOTE.format(f"web/packages/{package}/src")])]
        lines += _shown(api.offered.items())
        for each, source in sorted(api.foreign.items()):
            lines += [f"`{each}` is that of `{source}`.\n"]
        if api.behind:
            lines.append("## Behind them, without a name of their own outside\n")
            lines += _shown(api.behind)
    return "\n".join(lines)


def _shown(found: Iterable[tuple[str, Declared]]) -> list[str]:
    blocks = []
    for name, one in sorted(found, key=lambda each: (each[0].lower(), *each[1])):
        text = one.text.removeprefix("export ").removeprefix("default ").removeprefix("declare ")
        text = text.replace("\nexport declare ", "\n")
        head = [f"// as {name}"] if name != one.name else []
        blocks.append("\n".join((*head, *filter(None, [one.words]), text)))
    return ["```ts\n" + "\n\n".join(blocks) + "\n```\n"] if blocks else []


REPORTS: Final[dict[str, Callable[[], str]]] = {
    f"web/packages/{name}/api.md": partial(report, name) for name in PACKAGES
}
