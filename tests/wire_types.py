"""The wire's words in TypeScript, written from its structs: names stay as they are on the wire."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
from msgspec import inspect as look

from duologue.wire import layercode as wire
from duologue.wire.opening import Opening

NOTE = (
    "// Written by `make docs` from src/duologue/wire: layercode.py, opening.py; change those.\n"
    "// What the server sends has all its fields, but for those that it leaves out when empty.\n"
)
SENT = (wire.AuthorizeRequest, *get_args(wire.ClientMessage))
"""What a client writes: a field with a default may be left out."""
RECEIVED = (wire.AuthorizeAnswer, Opening, wire.ErrorBody, *get_args(wire.ServerMessage))
UNIONS = {"ClientMessage": wire.ClientMessage, "ServerMessage": wire.ServerMessage}


def wire_types() -> str:
    """Every struct of the doors' answers and the socket, and the unions of its frames."""
    sent = set(_structs(SENT))
    structs = dict.fromkeys((*_structs(SENT), *_structs(RECEIVED)))
    parts = [NOTE, *(_interface(each, may_omit=each in sent) for each in structs)]
    for name, union in UNIONS.items():
        members = "".join(f"\n  | {member.__name__}" for member in get_args(union))
        parts.append(f"export type {name} ={members};\n")
    return "\n".join(parts)


def interfaces(*structs: type[msgspec.Struct], may_omit: bool = False) -> list[str]:
    """Structs with those within them; what a client sends, it may leave out where it can."""
    return [_interface(each, may_omit=may_omit) for each in dict.fromkeys(_structs(structs))]


def _structs(found: tuple[Any, ...]) -> Iterator[type[msgspec.Struct]]:
    """The structs and those within them, inner ones first."""
    for each in found:
        for field in msgspec.structs.fields(each):
            inner = _within(look.type_info(field.type))
            yield from _structs(tuple(inner))
        yield each


def _within(kind: look.Type) -> Iterator[type[msgspec.Struct]]:
    """The structs that a field's type names."""
    if isinstance(kind, look.StructType):
        yield kind.cls
    elif isinstance(kind, look.UnionType):
        for each in kind.types:
            yield from _within(each)
    elif isinstance(kind, look.ListType):
        yield from _within(kind.item_type)


def _interface(struct: type[msgspec.Struct], *, may_omit: bool) -> str:
    config = struct.__struct_config__
    lines = [f"/** {inspect.getdoc(struct)} */", f"export interface {struct.__name__} {{"]
    if config.tag is not None:
        lines.append(f'  readonly {config.tag_field}: "{config.tag}";')
    for field in msgspec.structs.fields(struct):
        unsaid = field.default is msgspec.UNSET
        optional = unsaid or (not field.required and (may_omit or config.omit_defaults))
        mark = "?" if optional else ""
        lines.append(f"  readonly {field.encode_name}{mark}: {_type(look.type_info(field.type))};")
    return "\n".join([*lines, "}", ""])


def _type(kind: look.Type) -> str:
    """A type in TypeScript's words; one that was never needed before is refused by name."""
    match kind:
        case look.StrType():
            return "string"
        case look.BoolType():
            return "boolean"
        case look.IntType() | look.FloatType():
            return "number"
        case look.NoneType():
            return "null"
        case look.AnyType():
            return "unknown"
        case look.LiteralType():
            return " | ".join(f'"{value}"' for value in sorted(kind.values, key=str))
        case look.UnionType():
            return " | ".join(_type(each) for each in kind.types)
        case look.ListType():
            inner = _type(kind.item_type)
            return f"readonly ({inner})[]" if "|" in inner else f"readonly {inner}[]"
        case look.DictType():
            return f"Readonly<Record<{_type(kind.key_type)}, {_type(kind.value_type)}>>"
        case look.StructType():
            return kind.cls.__name__
        case _:
            raise TypeError(f"the wire has no TypeScript for {type(kind).__name__} yet: add it")
