"""A query's words → its parts: what is selected, from where, under which conditions, in which order (contract 7.5)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.local_org import answers, soql_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local_org.soql_words import Word

COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
AGGREGATES = {"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"}
DATES = {"CALENDAR_YEAR", "CALENDAR_QUARTER", "CALENDAR_MONTH", "FISCAL_YEAR", "FISCAL_QUARTER", "FISCAL_MONTH", "WEEK_IN_YEAR"}
DATES |= {"WEEK_IN_MONTH", "DAY_IN_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_ONLY", "HOUR_IN_DAY"}
# They change how a value looks, and nothing looks otherwise here.
AS_THEY_ARE = {"TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE"}
FUNCTIONS = AGGREGATES | DATES | AS_THEY_ARE | {"FIELDS"}
CLAUSES = {"FROM", "WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "ALL", "FOR", "HAVING", "USING", "WITH", "ASC", "DESC"}
MOST_DEPTH, MOST_OFFSET, MOST_ROWS = 100, 2000, 2**31 - 1


@dataclass(frozen=True, slots=True)
class Item:
    """Something read: a path, a function of one (no path for COUNT()), or, by a relationship, records below."""

    path: str
    function: str = ""
    alias: str = ""
    query: Query | None = None

    @property
    def aggregate(self) -> bool:
        """Whether it is one value for many records."""
        return self.function in AGGREGATES

    def same(self, other: Item) -> bool:
        """Whether both read the same."""
        return (self.path.lower(), self.function) == (other.path.lower(), other.function)


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind`: and, or, not (with `parts`), compare, in, not in (with `item`, `operator`, `values` or `query`)."""

    kind: str
    parts: tuple[Condition, ...] = ()
    item: Item = Item("")
    operator: str = ""
    values: tuple[Word, ...] = ()
    query: Query | None = None


@dataclass(slots=True)
class Query:
    """A whole query."""

    items: list[Item]
    sobject: str
    where: Condition | None = None
    groups: list[Item] = field(default_factory=list)
    having: Condition | None = None
    order: list[tuple[Item, str, str]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False

    @property
    def aggregate(self) -> bool:
        """Whether its rows aren't records."""
        return bool(self.groups) or any(item.aggregate for item in self.items)


def read(text: str) -> Query:
    """Read a query. Raises Refused (400, MALFORMED_QUERY)."""
    reader = _Reader(soql_words.words(text))
    found = reader.query()
    if reader.left:
        raise _unexpected(reader.left[0].text)
    return found


def _unexpected(text: str) -> Exception:
    return soql_words.malformed(f"unexpected token: '{text}'")


class _Reader:
    def __init__(self, words: list[Word]) -> None:
        self.words, self.at, self.depth = words, 0, 0

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        """One level down; there are so many only."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise soql_words.malformed("the query nests too deep")
        yield
        self.depth -= 1

    @property
    def left(self) -> list[Word]:
        return self.words[self.at : self.at + 1]

    def next(self) -> Word:
        if not self.left:
            raise _unexpected("<EOF>")
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
            raise soql_words.malformed(f"unexpected token: '{found}', expecting '{text}'" if self.at else f"unexpected token: {found}")

    def name(self) -> str:
        word = self.next()
        if word.kind != "name":
            raise _unexpected(word.text)
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
        if self.take("USING"):
            self.must("SCOPE")
            self.name()
        if self.take("WHERE"):
            found.where = self.condition()
        if self.take("WITH"):
            self.name()
        if self.take("GROUP", "BY"):
            found.groups = self._list()
        if self.take("HAVING"):
            found.having = self.condition()
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
            if found.offset > MOST_OFFSET:
                raise answers.Refused(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}")
        if self.take("ALL", "ROWS"):
            found.all_rows = True
        while self.take("FOR"):
            self.name()

    def _unalias(self, found: Query, alias: str) -> None:
        """Paths that begin with the object's alias mean the object itself."""
        start = alias.lower() + "."
        for place, word in enumerate(self.words):
            if word.kind == "name" and word.text.lower().startswith(start):
                self.words[place] = soql_words.Word("name", word.text[len(start) :])
        found.items = [
            Item(each.path[len(start) :], each.function, each.alias, each.query) if each.path.lower().startswith(start) else each
            for each in found.items
        ]

    def _list(self) -> list[Item]:
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        return found

    def item(self) -> Item:
        """A path, a function of one, or a query for records below, and its alias."""
        if self.take("("):
            with self.deeper():
                query = self.query()
            self.must(")")
            return Item(query.sobject, query=query)
        found = self.value()
        named = self.left and self.left[0].kind == "name" and self.left[0].text.upper() not in CLAUSES
        return Item(found.path, found.function, self.name()) if named else found

    def value(self) -> Item:
        """A path, or a function of one."""
        name = self.name()
        if not self.take("("):
            return Item(name)
        function = name.upper()
        if function not in FUNCTIONS:
            raise _unexpected(name)
        with self.deeper():
            inner = Item("") if self.peek(")") else self.value()
        self.must(")")
        if inner.function and function not in AS_THEY_ARE:
            raise _unexpected(name)
        return Item(inner.path, inner.function if function in AS_THEY_ARE else function)

    def ordered(self) -> tuple[Item, str, str]:
        """A path or function, ASC or DESC, NULLS FIRST or LAST."""
        found = self.value()
        way = "DESC" if self.take("DESC") else "ASC"
        if way == "ASC":
            self.take("ASC")
        nulls = "LAST" if self.take("NULLS", "LAST") else "FIRST"
        if nulls == "FIRST":
            self.take("NULLS", "FIRST")
        return found, way, nulls

    def number(self) -> int:
        word = self.next()
        if word.kind != "number" or not word.text.isdigit() or len(word.text) > len(str(MOST_ROWS)):
            raise _unexpected(word.text)
        return int(word.text)

    def condition(self) -> Condition:
        """Conditions joined by AND or by OR; both together need parentheses."""
        parts, joint = [self.single()], ""
        while self.peek("AND") or self.peek("OR"):
            word = self.next().text.lower()
            if joint and word != joint:
                raise _unexpected(word.upper())
            joint = word
            parts.append(self.single())
        return Condition(joint, tuple(parts)) if joint else parts[0]

    def single(self) -> Condition:
        """One comparison, one in parentheses, or the contrary of one."""
        if self.take("NOT"):
            with self.deeper():
                return Condition("not", (self.single(),))
        if self.take("("):
            with self.deeper():
                found = self.condition()
            self.must(")")
            return found
        item = self.value()
        negate = self.take("NOT")
        if self.take("IN"):
            return self._in(item, "not in" if negate else "in")
        word = self.next()
        if word.text.upper() in {"LIKE", "INCLUDES", "EXCLUDES"} and word.kind == "name":
            values = self._several() if word.text.upper() != "LIKE" else (self.given(),)
            return Condition("compare", item=item, operator=word.text.upper(), values=values)
        if negate or word.kind != "mark" or word.text not in COMPARISONS:
            raise _unexpected(word.text)
        return Condition("compare", item=item, operator=COMPARISONS[word.text], values=(self.given(),))

    def _in(self, item: Item, kind: str) -> Condition:
        if self.peek("(", "SELECT"):
            self.must("(")
            with self.deeper():
                query = self.query()
            self.must(")")
            return Condition(kind, item=item, query=query)
        return Condition(kind, item=item, values=self._several())

    def _several(self) -> tuple[Word, ...]:
        self.must("(")
        found = [self.given()]
        while self.take(","):
            found.append(self.given())
        self.must(")")
        return tuple(found)

    def given(self) -> Word:
        """A text, number, moment, or name (null, true, TODAY, LAST_N_DAYS:3)."""
        word = self.next()
        if word.kind == "mark":
            raise _unexpected(word.text)
        if word.kind == "name" and self.take(":"):
            return soql_words.Word("name", f"{word.text}:{self.number()}")
        return word
