"""A query's text → its parts: what is selected, from where, under which conditions, in which order (contract 7.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from include.local_org import answers

WORD = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<moment>\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))?)"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)|(?P<mark>!=|<>|<=|>=|[=<>(),:]))",
    re.DOTALL,
)
COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
AGGREGATES = {"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"}
CLAUSES = {"WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "ALL", "FOR", "HAVING", "USING", "WITH"}
MOST_DEPTH, MOST_TEXT = 100, 100_000
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Item:
    """Something selected: a path, or an aggregate of one (`what` empty for COUNT())."""

    path: str
    aggregate: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query, and what kind it is of."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind`: and, or, not (with `parts`), compare, in, not in (with `path`, `operator`, `values` or `query`)."""

    kind: str
    parts: tuple[Condition, ...] = ()
    path: str = ""
    operator: str = ""
    values: tuple[Word, ...] = ()
    query: Query | None = None


@dataclass(slots=True)
class Query:
    """A whole query."""

    items: list[Item]
    sobject: str
    where: Condition | None = None
    groups: list[str] = field(default_factory=list)
    order: list[tuple[Item, str, str]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False


def malformed(text: str) -> answers.Refused:
    """What Salesforce says of a query that it can't read."""
    return answers.Refused(400, "MALFORMED_QUERY", text)


def read(text: str) -> Query:
    """Read a query. Raises Refused (400, MALFORMED_QUERY)."""
    if len(text) > MOST_TEXT:
        raise malformed(f"SOQL statements cannot be longer than {MOST_TEXT} characters.")
    reader = _Reader(_words(text))
    found = reader.query()
    if reader.left:
        raise malformed(f"unexpected token: '{reader.left[0].text}'")
    return found


def _words(text: str) -> list[Word]:
    found, place = [], 0
    bare = text.rstrip()
    while place < len(bare):
        word = WORD.match(bare, place)
        if word is None or not word.lastgroup:
            raise malformed(f"unexpected token: '{bare[place:].split()[0][:40]}'")
        found.append(Word(word.lastgroup, word[word.lastgroup]))
        place = word.end()
    return found


class _Reader:
    def __init__(self, words: list[Word]) -> None:
        self.words, self.at, self.depth = words, 0, 0

    @property
    def left(self) -> list[Word]:
        return self.words[self.at : self.at + 1]

    def next(self) -> Word:
        if not self.left:
            raise malformed("unexpected token: '<EOF>'")
        self.at += 1
        return self.words[self.at - 1]

    def peek(self, *texts: str) -> bool:
        """Whether the next words are these; names have no case."""
        here = self.words[self.at : self.at + len(texts)]
        return [word.text.upper() for word in here] == list(texts) and all(word.kind in {"name", "mark"} for word in here)

    def take(self, *texts: str) -> bool:
        if not self.peek(*texts):
            return False
        self.at += len(texts)
        return True

    def must(self, text: str) -> None:
        if not self.take(text):
            found = self.left[0].text if self.left else "<EOF>"
            raise malformed(f"unexpected token: '{found}', expecting '{text}'" if self.at else f"unexpected token: {found}")

    def name(self) -> str:
        word = self.next()
        if word.kind != "name":
            raise malformed(f"unexpected token: '{word.text}'")
        return word.text

    def query(self) -> Query:
        """SELECT … FROM … and what follows."""
        self.must("SELECT")
        items = [self.item()]
        while self.take(","):
            items.append(self.item())
        self.must("FROM")
        found = Query(items, self.name())
        if self.left and self.left[0].kind == "name" and self.left[0].text.upper() not in CLAUSES:
            self._unalias(found, self.name())
        if self.take("WHERE"):
            found.where = self.condition()
        if self.take("GROUP", "BY"):
            found.groups = self._list()
        self._tail(found)
        return found

    def _tail(self, found: Query) -> None:
        if self.take("ORDER", "BY"):
            found.order = [self.ordered()]
            while self.take(","):
                found.order.append(self.ordered())
        if self.take("LIMIT"):
            found.limit = self.number()
        if self.take("OFFSET"):
            found.offset = self.number()
        if self.take("ALL", "ROWS"):
            found.all_rows = True
        if self.take("FOR"):
            self.name()

    def _unalias(self, found: Query, alias: str) -> None:
        """Paths that begin with the object's alias mean the object itself."""
        start = alias.lower() + "."
        for place, word in enumerate(self.words):
            if word.kind == "name" and word.text.lower().startswith(start):
                self.words[place] = Word("name", word.text[len(start) :])
        found.items = [
            Item(each.path[len(start) :], each.aggregate, each.alias) if each.path.lower().startswith(start) else each
            for each in found.items
        ]

    def _list(self) -> list[str]:
        names = [self.name()]
        while self.take(","):
            names.append(self.name())
        return names

    def item(self) -> Item:
        """A path, or an aggregate of one, and its alias."""
        if self.peek("("):
            raise malformed("Didn't understand relationship in FROM part of query call.")
        name = self.name()
        if not self.take("("):
            alias = self.name() if self.left and self.left[0].kind == "name" and not self.peek("FROM") else ""
            return Item(name, alias=alias)
        if name.upper() not in AGGREGATES and name.upper() not in {"FIELDS", "FORMAT", "TOLABEL"}:
            raise malformed(f"unexpected token: '{name}'")
        path = "" if self.peek(")") else self.name()
        self.must(")")
        named = self.left and self.left[0].kind == "name" and not any(map(self.peek, ("FROM", "ASC", "DESC")))
        alias = self.name() if named else ""
        return Item(path, name.upper(), alias)

    def ordered(self) -> tuple[Item, str, str]:
        """A path or aggregate, ASC or DESC, NULLS FIRST or LAST."""
        name = self.name()
        found = Item(name)
        if self.take("("):
            found = Item("" if self.peek(")") else self.name(), name.upper())
            self.must(")")
        way = "DESC" if self.take("DESC") else "ASC"
        if way == "ASC":
            self.take("ASC")
        nulls = "LAST" if self.take("NULLS", "LAST") else "FIRST"
        if nulls == "FIRST":
            self.take("NULLS", "FIRST")
        return found, way, nulls

    def number(self) -> int:
        word = self.next()
        if word.kind != "number" or not word.text.isdigit():
            raise malformed(f"unexpected token: '{word.text}'")
        return int(word.text)

    def condition(self) -> Condition:
        """Conditions joined by AND or by OR; both together need parentheses."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise malformed("the conditions nest too deep")
        parts, joint = [self.single()], ""
        while self.peek("AND") or self.peek("OR"):
            word = self.next().text.lower()
            if joint and word != joint:
                raise malformed(f"unexpected token: '{word.upper()}'")
            joint = word
            parts.append(self.single())
        self.depth -= 1
        return Condition(joint, tuple(parts)) if joint else parts[0]

    def single(self) -> Condition:
        """One comparison, one in parentheses, or the contrary of one."""
        if self.take("NOT"):
            return Condition("not", (self.single(),))
        if self.take("("):
            found = self.condition()
            self.must(")")
            return found
        path = self.name()
        negate = self.take("NOT")
        if self.take("IN"):
            return self._in(path, "not in" if negate else "in")
        word = self.next()
        if word.text.upper() in {"LIKE", "INCLUDES", "EXCLUDES"} and word.kind == "name":
            values = self._several() if word.text.upper() != "LIKE" else (self.value(),)
            return Condition("compare", path=path, operator=word.text.upper(), values=values)
        if negate or word.kind != "mark" or word.text not in COMPARISONS:
            raise malformed(f"unexpected token: '{word.text}'")
        return Condition("compare", path=path, operator=COMPARISONS[word.text], values=(self.value(),))

    def _in(self, path: str, kind: str) -> Condition:
        if self.peek("(", "SELECT"):
            self.must("(")
            query = self.query()
            self.must(")")
            return Condition(kind, path=path, query=query)
        return Condition(kind, path=path, values=self._several())

    def _several(self) -> tuple[Word, ...]:
        self.must("(")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        self.must(")")
        return tuple(found)

    def value(self) -> Word:
        """A text, number, moment, or name (null, true, TODAY, LAST_N_DAYS:3)."""
        word = self.next()
        if word.kind == "mark":
            raise malformed(f"unexpected token: '{word.text}'")
        if word.kind == "name" and self.take(":"):
            return Word("name", f"{word.text}:{self.number()}")
        return word


def unescaped(text: str) -> str:
    """Read a quoted text."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL)
