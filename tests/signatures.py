"""What a class or function looks like from outside, in lines: read from the code by inspect."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import msgspec


class _Plain(str):
    """An annotation that is shown as it was written, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summary(of: Any) -> str:
    """The first paragraph of a docstring, in one line."""
    words = (inspect.getdoc(of) or "").partition("\n\n")[0]
    return " ".join(words.split())


def signed(function: Any) -> str:
    """Arguments and result of a callable, as its source writes them; `self` is left out."""
    seen = inspect.signature(function)
    given = [
        each.replace(annotation=_plain(each.annotation))
        for name, each in seen.parameters.items()
        if name not in ("self", "cls")
    ]
    answer = seen.return_annotation
    shown = str(seen.replace(parameters=given, return_annotation=_plain(answer)))
    return re.sub(r" = <(?!factory)[^>]*>", " = …", shown).removesuffix(" -> None")


def lines(of: Any, *, given: bool = False, without: frozenset[str] = frozenset()) -> list[str]:
    """A class with its public members, or a function, as lines of Python and what they do.

    What is `given` is not made by its user, and its constructor not shown.
    """
    name = of.__name__
    if not inspect.isclass(of):
        return [f"{_awaited(of)}{name}{signed(of)}: {summary(of)}"]
    found = [f"class {name}{'' if given or _unmade(of) else signed(of)}: {summary(of)}"]
    if issubclass(of, BaseException | msgspec.Struct) or hasattr(of, "__dataclass_fields__"):
        return found
    for member, value in _members(of):
        if member not in without:
            found.append(f"  {_member(of, member, value)}")
    return found


def _member(of: type, name: str, value: Any) -> str:
    if isinstance(value, str):
        return f".{name}{value}"
    if isinstance(value, property):
        kind = inspect.signature(value.fget).return_annotation if value.fget else ""
        return f".{name}: {_Plain(kind)}: {summary(value)}"
    function = getattr(of, name)
    return f"{_awaited(function)}.{name}{signed(function)}: {summary(function)}"


def attributes(of: type) -> list[str]:
    """What instances hold under public names, as the constructors of the class set it."""
    found: dict[str, None] = {}
    for each in _family(of):
        if "__init__" not in vars(each):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(each.__init__)))  # type: ignore[misc]  # of this class itself
        for node in ast.walk(tree):
            target = node.targets[0] if isinstance(node, ast.Assign) else node
            target = target.target if isinstance(target, ast.AnnAssign) else target
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                found |= {} if target.attr.startswith("_") else {target.attr: None}
    return sorted(found)


def documented(of: type) -> dict[str, str]:
    """The sentence behind each field of a class; empty where there is none."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(of))).body[0]
    assert isinstance(tree, ast.ClassDef)
    words: dict[str, str] = {}
    for field, text in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            said = text.value if isinstance(text, ast.Expr) else ast.Constant("")
            words[field.target.id] = " ".join(inspect.cleandoc(ast.literal_eval(said)).split())
    return words


def _family(of: type) -> list[type]:
    """The class and those of ours that it is made of."""
    return [each for each in of.__mro__ if each.__module__.startswith("duologue.")]


def _members(of: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties; attributes as texts, with their types where those are told."""
    seen: dict[str, Any] = {}
    for each in _family(of):
        said, kinds = documented(each), vars(each).get("__annotations__", {})
        told = {
            name: f": {kind}{': ' * bool(said[name])}{said[name]}" for name, kind in kinds.items()
        }
        shown = {
            name: value
            for name, value in vars(each).items()
            if callable(value) or isinstance(value, property | staticmethod | classmethod)
        }
        seen |= {name: value for name, value in {**told, **shown}.items() if name not in seen}
    yield from ((name, "") for name in attributes(of) if name not in seen)
    yield from ((name, each) for name, each in seen.items() if not name.startswith("_"))


def _unmade(of: type) -> bool:
    """Whether a class says nothing of its own about how it is made."""
    return inspect.getattr_static(of, "__init__") in (Exception.__init__, object.__init__) or (
        getattr(of, "_is_protocol", False)
    )


def _awaited(function: Callable[..., Any]) -> str:
    if inspect.isasyncgenfunction(function):
        return "async for … in "
    return "await " if inspect.iscoroutinefunction(function) else ""


def _plain(annotation: Any) -> Any:
    return _Plain(annotation) if isinstance(annotation, str) else annotation
