"""How a plan names a source value → how many records further up it stands, and the keys that lead to it there."""

from __future__ import annotations

from dataclasses import dataclass

UP = "../"


@dataclass(frozen=True, slots=True)
class Name:
    """A value's place: `up` records above its own, then down the `keys`."""

    up: int
    keys: tuple[str, ...]

    @property
    def pointer(self) -> str:
        """Its place in that record, as a JSON pointer: any key will do, dots, blanks and stars included."""
        return pointer(*self.keys)


def pointer(*keys: str) -> str:
    """Write keys, outermost first, as a JSON pointer (RFC 6901)."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def parsed(name: str) -> Name:
    """Take a name apart: `city` is a key as it stands, `/address/city` a JSON pointer, `../` leads to the enclosing record."""
    rest = name
    while rest.startswith(UP):
        rest = rest.removeprefix(UP)
    up = (len(name) - len(rest)) // len(UP)
    if not rest.startswith("/"):
        return Name(up, (rest,))
    return Name(up, tuple(key.replace("~1", "/").replace("~0", "~") for key in rest[1:].split("/")))
