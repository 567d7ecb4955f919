"""WORDS: every message that crosses a boundary, as structs; parsing and framing, no I/O."""
