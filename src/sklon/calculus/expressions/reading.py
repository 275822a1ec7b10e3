"""How a formula is read: the grammar, and the reader that follows it by hand. Nothing is ever executed.

::

    formula     = [ side "=" ] sum                       side: y, or f(x, y); it gives the order of variables
    sum         = ["+"|"-"] term { ("+"|"-") term }
    term        = factor { ("*" | "/" | nothing) factor }        from left to right
    factor      = { "+"|"-" } power
    power       = atom { superscript } [ "^" exponent ]
    exponent    = { "+"|"-" } power                      a^b^c is a^(b^c); 2^-1
    atom        = number | name | "(" sum ")" | "[" sum "]" | "{" sum "}" | "|" sum "|"
                | "√" power | function
    function    = name [ "^" exponent | superscript ] ( "(" sum { "," sum } ")" | bare )
                | "where" "(" condition "," sum "," sum ")"
                | "{" condition ":" sum { ";" condition ":" sum } ";" "else" sum "}"
    bare        = { "+"|"-" } power { power }            ends before a function and before + - * /
    condition   = sum relation sum { relation sum }      < <= > >= = != ≤ ≥ ≠

What may surprise, each told by a note in the answer where it occurs:

- −x² is −(x²). 1/2x is (1/2)·x: what stands side by side is a product like any other. e^2x is e²·x.
- sin 2x is sin(2x), sin x² is sin(x²), sin x cos x is sin(x)·cos(x), sin x/2 is sin(x)/2; sin²x and sin^2 x are
  (sin x)²; sin⁻¹x is refused, because it means two things. sin(x)y is sin(x)·y. √2x is √2·x, √x² is √(x²).
- A run of letters is one name: xy is a variable. It is the product x·y if x and y are named on the left side, or
  each stands alone in the same formula. A run that is a function and one more letter is that function: sinx, lnx;
  several of them are a product: xsinx, sinxcosx.
- [x] and {x} are brackets like ( ), neither a whole nor a fractional part.
- x1, x₁ and x_1 are one variable. e and π (pi) are the constants, unless the left side names them. E, i, j are
  ordinary variables.
- log is the natural logarithm. log_a x, log(x, a) and log(x; a) have the base a.
- A comma between digits is decimal where no list of arguments stands, as in 0,5x and sin(0,5x), and everywhere if
  the formula holds a semicolon: max(1,5; x). max(1,5) has two arguments.
- A Cyrillic letter that looks like a Latin one is refused among Latin names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sklon._base.errors import InputError

from .faults import fault
from .nodes import Call, Compare, Constant, Negative, Node, Number, Power, Product, Quotient, Sum, Variable, Where
from .text import plain
from .tokens import Token, value_of

#: brackets, powers and functions within each other; deeper ones would exhaust Python's stack in SymPy
MOST_NESTED = 40
CLOSING = {"(": ")", "[": "]", "{": "}"}
#: what brackets mean in some books, and how that is written here
PARTS = {"[": "write floor(x) for the whole part", "{": "write x - floor(x) for the fractional part"}
RELATIONS = ("<", "<=", ">", ">=", "=", "!=")


@dataclass(slots=True)
class Reader:
    """Reads the tokens of a formula in which each name has been given its meaning.

    A token of kind ``function``, ``constant`` or ``variable`` comes from ``meanings``.
    """

    text: str
    tokens: list[Token]
    semicolons: bool
    notes: dict[str, None] = field(default_factory=dict)
    at: int = 0
    depth: int = 0
    #: how many bars |…| are open in this bracket
    bars: int = 0
    #: whether a comma separates arguments here
    listing: bool = False

    # ---- moving
    @property
    def now(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    def sees(self, *signs: str) -> bool:
        """Whether one of these signs comes next."""
        return self.now.kind == "sign" and self.now.text in signs

    def take(self) -> Token:
        """The next token, which is passed."""
        self.at += 1
        return self.tokens[self.at - 1]

    def fault(self, problem: str, repair: str, token: Token | None = None) -> InputError:
        """An error at a token, the next one if none is given."""
        return fault(self.text, (token or self.now).place, problem, repair)

    def note(self, told: str) -> None:
        """Tell how something ambiguous was read, once."""
        self.notes[told] = None

    def note_reading(self, start: Token, node: Node, advice: str) -> None:
        """Tell how what stands from ``start`` to here was read."""
        self.note(f"{self.text[start.place : self.tokens[self.at - 1].end]} was read as {plain(node)}; {advice}")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of brackets, powers or functions."""
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise self.fault(
                f"the formula is nested deeper than {MOST_NESTED} levels here", "name its parts, or write Python"
            )
        yield
        self.depth -= 1

    @contextmanager
    def bracket(self, listing: bool) -> Iterator[None]:
        """Inside a bracket, where bars begin anew; ``listing``: it holds arguments."""
        before = self.bars, self.listing
        self.bars, self.listing = 0, listing
        yield
        self.bars, self.listing = before

    # ---- sums and terms
    def formula(self) -> Node:
        """All of it."""
        node = self.sum()
        if self.now.kind != "end":
            raise self.unexpected()
        return node

    def sum(self) -> Node:
        """Terms with + and − between them."""
        sign = self.take().text if self.sees("+", "-") else "+"
        terms = [self._signed(sign, self.term())]
        while self.sees("+", "-"):
            terms.append(self._signed(self.take().text, self.term()))
        return Sum(tuple(terms)) if len(terms) > 1 else terms[0]

    @staticmethod
    def _signed(sign: str, node: Node) -> Node:
        return Negative(node) if sign == "-" else node

    def term(self) -> Node:
        """Factors with *, / or nothing between them, from left to right."""
        start = self.now
        factors, divided, doubtful = [self.factor()], False, False
        while True:
            if self.sees("*", "/"):
                divided = self.take().text == "/"
                factor = self.factor()
                factors = [Quotient(_product(factors), factor)] if divided else [*factors, factor]
            elif self.starts_factor():
                doubtful |= divided
                factors.append(self.power())
            else:
                node = _product(factors)
                if doubtful:
                    self.note_reading(start, node, "write brackets, as in 1/(2x), if more stands below the line")
                return node

    def starts_factor(self) -> bool:
        """Whether what comes next is one more factor, written without a sign."""
        if self.now.kind in ("variable", "constant", "function", "where"):
            return True
        if self.now.kind == "number":
            raise self.fault("a number follows another factor without a sign", "write * or + between them")
        return self.sees("(", "[", "{", "√", "∛") or (self.sees("|") and not self.bars)

    def factor(self) -> Node:
        """A power, with signs before it."""
        negative = False
        while self.sees("+", "-"):
            negative ^= self.take().text == "-"
        power = self.power()
        return Negative(power) if negative else power

    # ---- powers
    def power(self) -> Node:
        """An atom and its exponents."""
        with self.deeper():
            node = self.atom()
            while self.now.kind == "superscript":
                node = Power(node, _whole(self.take()))
            if self.sees("^"):
                self.take()
                node = Power(node, self.exponent())
            return node

    def exponent(self) -> Node:
        """What stands after ^."""
        start = self.now
        node = self.factor()
        follows = self.now.kind in ("variable", "constant") and not self.now.spaced
        if start.kind == "number" and isinstance(node, Number) and follows:
            name = self.now.text
            self.note(
                f"the exponent {start.text} ends before {name}; write ^({start.text}{name}) if the product is meant"
            )
        return node

    # ---- atoms
    def atom(self) -> Node:
        """A number, a name, a bracket, a root, an absolute value, or a function with its arguments."""
        token = self.now
        match token.kind:
            case "number":
                return self.number()
            case "variable":
                return Variable(self.take().name)
            case "constant":
                return Constant(self.take().text)
            case "function" | "where":
                from .calls import call, where  # they read sums in turn

                return where(self) if token.kind == "where" else call(self)
        if self.sees("(", "[", "{"):
            return self.grouped()
        if self.sees("|"):
            return self.absolute()
        if self.sees("√", "∛"):
            return self.root()
        raise self.unexpected()

    def number(self) -> Number:
        """A number, with a comma or a point."""
        token = self.take()
        if not self._decimal_comma(token):
            return Number(token.value, "." in token.text or "e" in token.text.lower())
        self.take()
        rest = self.take()
        digits = f"{token.text}.{rest.text}"
        self.note(f"{token.text},{rest.text} was read as the number {digits}")
        value = value_of(digits)
        if value is None:
            raise self.fault(f"the number {digits[:40]} is beyond what float64 holds", "use a smaller one", token)
        return Number(value, True)

    def _decimal_comma(self, number: Token) -> bool:
        """Whether the number that was just read goes on after a comma."""
        comma, rest = self.now, self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        tight = comma.place == number.end and rest.place == comma.end
        if not (self.sees(",") and tight and rest.kind == "number" and number.text.isdecimal()) or "." in rest.text:
            return False
        if self.listing and not self.semicolons:
            self.note(
                f"{number.text},{rest.text} among arguments was read as two arguments; separate arguments with ; to "
                "write decimal commas"
            )
            return False
        return True

    def grouped(self) -> Node:
        """A sum in brackets, or cases in braces."""
        opening = self.take()
        with self.bracket(listing=False):
            node, is_cases = self.sum(), opening.text == "{" and self.sees(*RELATIONS)
            if is_cases:
                node = self.cases(node)
            self.close(opening)
        if opening.text in PARTS and not is_cases:
            self._note_part(opening)
        return node

    def _note_part(self, opening: Token) -> None:
        """Tell that [x] and {x} are brackets like any others; around others, and in exponents, nobody doubts it."""
        first = next(i for i, token in enumerate(self.tokens) if token.place == opening.place)
        inside, before = self.tokens[first + 1 : self.at - 1], self.tokens[first - 1] if first else opening
        if before.text not in ("^", "√", "∛") and not any(t.kind == "sign" and t.text in CLOSING for t in inside):
            written = self.text[opening.place : self.tokens[self.at - 1].end]
            self.note(f"the brackets of {written} were read like ( ); {PARTS[opening.text]}")

    def close(self, opening: Token) -> None:
        """Pass the bracket that closes ``opening``."""
        wanted = CLOSING[opening.text]
        if self.sees(wanted):
            self.take()
        elif self.now.kind == "end":
            raise self.fault(f"a {opening.text!r} is not closed", f"write {wanted} where it ends", opening)
        elif self.sees(")", "]", "}"):
            raise self.fault(f"{self.now.text!r} closes {opening.text!r}", f"write {wanted} here")
        else:
            raise self.unexpected()

    def absolute(self) -> Node:
        """|sum|."""
        opening = self.take()
        self.bars += 1
        node = self.sum()
        self.bars -= 1
        if not self.sees("|"):
            if self.now.kind == "end":
                raise self.fault("a '|' is not closed", "close it, or write abs(...)", opening)
            raise self.unexpected()
        self.take()
        return Call("abs", (node,))

    def root(self) -> Node:
        """√ or ∛ of a power."""
        start = self.take()
        bracketed = self.sees("(", "[", "{")
        under = self.power()
        node = Call("sqrt" if start.text == "√" else "cbrt", (under,))
        if isinstance(under, Power):
            self.note_reading(start, node, f"write ({start.text}x)^2 for the power of a root")
        elif not bracketed and self.starts_factor():
            self.note_reading(start, node, f"write {start.text}(…) if it reaches further")
        return node

    # ---- conditions
    def conditions(self, left: Node | None = None) -> tuple[Compare, ...]:
        """Comparisons, perhaps several in a row: 0 < x < 1."""
        left = self.sum() if left is None else left
        if not self.sees(*RELATIONS):
            raise self.fault("a condition compares two numbers", "write for instance x > 0")
        found: list[Compare] = []
        while self.sees(*RELATIONS):
            relation = self.take().text
            right = self.sum()
            found.append(Compare(left, relation, right))
            left = right
        return tuple(found)

    def cases(self, left: Node) -> Node:
        """condition: sum; …; else sum — of which the first condition is being read."""
        cases, conditions = [], self.conditions(left)
        while True:
            self._expect(":", "a condition is followed by a colon and a value, as in {x > 0: x; else 0}")
            cases.append((conditions, self.sum()))
            self._expect(";", "cases are separated by semicolons and end with one for all else: {x > 0: x; else 0}")
            if self.now.kind == "otherwise":
                break
            conditions = self.conditions()
        self.take()
        if self.sees(":"):
            self.take()
        node = self.sum()
        for conditions, value in reversed(cases):
            node = Where(conditions, value, node)
        return node

    def _expect(self, sign: str, repair: str) -> None:
        if not self.sees(sign):
            raise self.fault(f"{sign!r} is missing", repair)
        self.take()

    # ---- what does not fit
    def unexpected(self) -> InputError:
        """The error for a token that cannot stand here."""
        before = self.tokens[self.at - 1] if self.at else None
        if self.now.kind == "end":
            if before is None:
                return self.fault("the formula is empty", "write for instance x^2 + 3x")
            return self.fault(f"something is missing after {before.text!r}", "write what follows, or delete it")
        if self.sees(*RELATIONS):
            return self.fault(
                f"{self.now.text!r} compares: this is a condition or an equation, no function",
                "bring everything to one side of an equation; write where(x > 0, a, b) for cases",
            )
        if self.sees(",") or self.sees(";"):
            return self.fault(
                f"{self.now.text!r} separates arguments, but no list of arguments stands here",
                "give one formula, with a point in decimal numbers",
            )
        if self.sees(")", "]", "}"):
            empty = before is not None and before.text in CLOSING
            what = "the brackets are empty" if empty else f"{self.now.text!r} closes no bracket"
            if before is not None and before.text in ("+", "-", "*", "/", "^"):
                what = f"something is missing after {before.text!r}"
            return self.fault(what, "write a formula before it, or delete it")
        if self.sees(":"):
            return self.fault("':' cannot stand here", "write / for a division")
        return self.fault(f"{self.now.text!r} cannot stand here", "write a number, a name or a bracket before it")


def _product(factors: list[Node]) -> Node:
    return Product(tuple(factors)) if len(factors) > 1 else factors[0]


def _whole(token: Token) -> Node:
    """The exponent that a superscript writes."""
    size = Number(abs(token.value))
    return Negative(size) if token.value < 0 else size
