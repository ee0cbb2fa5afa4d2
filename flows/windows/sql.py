"""The text of an aggregate as a tree: the part of SQL's expressions that windows understand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

_TOKENS = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|'(?P<text>(?:[^']|'')*)'"
    r'|"(?P<quoted>[^"]+)"|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)'
    r"|(?P<mark><>|!=|<=|>=|==|[-+*/%(),<>=]))"
)
_SAME = {"!=": "<>", "==": "="}
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_WORDS = frozenset(
    {
        "and", "between", "by", "case", "distinct", "false", "filter", "from", "group", "having",
        "in", "is", "not", "null", "or", "order", "select", "true", "where",
    }
)  # fmt: skip
_MOST = 500  # characters; a tree cannot be deeper than its text is long
_DEEPEST = 50


class SqlMistake(Exception):
    """What is wrong with a text, and what to write instead."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class Literal(Struct, frozen=True):
    """A number, text, boolean or null."""

    value: Any


class Column(Struct, frozen=True):
    """A name; of a column, or of a result."""

    name: str


class Operation(Struct, frozen=True):
    """An operator or a scalar test with its operands."""

    operator: str
    operands: tuple[Node, ...]


class Call(Struct, frozen=True):
    """A function with its arguments; `distinct` and `where` only for aggregates."""

    name: str
    arguments: tuple[Node, ...]
    distinct: bool = False
    where: Node | None = None


Node = Literal | Column | Operation | Call


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        SqlMistake: it is none.
    """
    if len(text) > _MOST:
        raise SqlMistake(f"longer than {_MOST} characters")
    parser = _Parser(_tokens(text))
    node = parser.expression()
    if parser.ahead() is not None:
        raise SqlMistake(f"`{parser.shown()}` is not expected here")
    return node


Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            raise SqlMistake(f"`{text[at:].strip()[:20]}` is not expected here")
        kind = str(match.lastgroup)
        value = match[kind]
        if kind == "name" and value.lower() in _WORDS:
            kind, value = "word", value.lower()
        found.append((kind, _SAME.get(value, value) if kind == "mark" else value))
        at = match.end()
    return found


class _Parser:
    """Recursive descent, loosest operators first."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def ahead(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def shown(self) -> str:
        token = self.ahead()
        return token[1] if token else "the end"

    def _takes(self, *values: str) -> str | None:
        token = self.ahead()
        if token is None or token[0] not in ("mark", "word") or token[1] not in values:
            return None
        self._at += 1
        return token[1]

    def _needs(self, value: str) -> None:
        if not self._takes(value):
            raise SqlMistake(f"`{value}` is expected before `{self.shown()}`")

    def expression(self) -> Node:
        """Everything from `or` down."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SqlMistake("nested too deeply")
        node = self._chain(self._conjunction, "or")
        self._depth -= 1
        return node

    def _chain(self, operand: Callable[[], Node], *operators: str) -> Node:
        node = operand()
        while operator := self._takes(*operators):
            node = Operation(operator, (node, operand()))
        return node

    def _conjunction(self) -> Node:
        return self._chain(self._negation, "and")

    def _negation(self) -> Node:
        denied = False
        while self._takes("not"):
            denied = not denied
        node = self._comparison()
        return Operation("not", (node,)) if denied else node

    def _comparison(self) -> Node:
        node = self._sum()
        if operator := self._takes(*_COMPARISONS):
            return Operation(operator, (node, self._sum()))
        if self._takes("is"):
            denied = self._takes("not")
            self._needs("null")
            test: Node = Operation("is null", (node,))
            return Operation("not", (test,)) if denied else test
        denied = self._takes("not")
        if self._takes("in"):
            self._needs("(")
            test = Operation("in", (node, *self._list()))
        elif self._takes("between"):
            low = self._sum()
            self._needs("and")
            bounds = (Operation(">=", (node, low)), Operation("<=", (node, self._sum())))
            test = Operation("and", bounds)
        elif denied:
            raise SqlMistake(f"`in` or `between` is expected before `{self.shown()}`")
        else:
            return node
        return Operation("not", (test,)) if denied else test

    def _sum(self) -> Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._signed, "*", "/", "%")

    def _signed(self) -> Node:
        sign = False
        while mark := self._takes("-", "+"):
            sign = sign is not (mark == "-")
        node = self._primary()
        return Operation("negative", (node,)) if sign else node

    def _primary(self) -> Node:
        if self._takes("("):
            node = self.expression()
            self._needs(")")
            return node
        if word := self._takes("null", "true", "false"):
            return Literal({"null": None, "true": True, "false": False}[word])
        token = self.ahead()
        if token is None or token[0] in ("mark", "word"):
            raise SqlMistake(f"a value is expected before `{self.shown()}`")
        self._at += 1
        kind, value = token
        if kind == "number":
            return Literal(int(value) if value.isdigit() else float(value))
        if kind == "text":
            return Literal(value.replace("''", "'"))
        if kind == "name" and self._takes("("):
            return self._call(value.lower())
        return Column(value)

    def _call(self, name: str) -> Call:
        distinct = bool(self._takes("distinct"))
        if self._takes("*"):
            self._needs(")")
            arguments: tuple[Node, ...] = ()
        else:
            arguments = () if self._takes(")") else self._list()
        where = None
        if self._takes("filter"):
            self._needs("(")
            self._needs("where")
            where = self.expression()
            self._needs(")")
        return Call(name, arguments, distinct, where)

    def _list(self) -> tuple[Node, ...]:
        """Expressions up to the closing bracket, which is taken too."""
        found = [self.expression()]
        while self._takes(","):
            found.append(self.expression())
        self._needs(")")
        return tuple(found)
