"""A text with formulas in the characters of a terminal: ``$x_1^2$`` as x₁², ``$\\frac{a}{b}$`` as a/b.

For the short formulas of self-tests; what has no character of its own is written as people type it.
"""

from __future__ import annotations

import re

from .answer import FORMULA

_BELOW = str.maketrans("0123456789+-=()aeijkmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₘₙₒₚᵣₛₜᵤᵥₓ")
_ABOVE = str.maketrans("0123456789+-=()nikjpst", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵏʲᵖˢᵗ")
_SYMBOLS = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "varepsilon": "ε", "epsilon": "ε", "eta": "η"},
    **{"theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ", "tau": "τ", "rho": "ρ"},
    **{"cdot": "·", "times": "×", "to": "→", "leftarrow": "←", "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈"},
    **{"partial": "∂", "nabla": "∇", "sum": "Σ", "infty": "∞", "pm": "±", "in": "∈", "propto": "∝", "ldots": "…"},
    **{"lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋", "left": "", "right": "", "quad": " ", "odot": "⊙"},
}
#: commands whose argument is written as it is
_DRESSES = re.compile(r"\\(?:text|mathbf|mathrm|operatorname\*?|mathit)(?:\s*\{([^{}]*)\}|\s+(\w))")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\w))\s*(?:\{([^{}]*)\}|(\w))")
_ROOT = re.compile(r"\\sqrt\s*(?:\{([^{}]*)\}|(\w))")
_ACCENT = re.compile(r"\\(hat|bar|tilde)\s*(?:\{(\w)\}|(\w))")
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_SCRIPT = re.compile(r"([_^])(?:\{([^{}]*)\}|(\\[a-zA-Z]+|[^\s{}\\]))")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")


def plain(text: str) -> str:
    """A text without LaTeX and without emphasis.

    >>> plain(r"**The** slope is $\\frac{1}{2}x_1^2$")
    'The slope is 1/2x₁²'
    """
    return FORMULA.sub(lambda m: _plain_formula((m[1] or m[2]).strip()), text).replace("**", "")


def _plain_formula(latex: str) -> str:
    """From the innermost braces outwards, until nothing changes."""
    found, before = latex.replace("{,}", ",").replace("\\|", "‖").replace("'", "′"), ""
    while found != before:
        before = found
        found = _DRESSES.sub(lambda m: m[1] or m[2], found)
        found = _ACCENT.sub(lambda m: (m[2] or m[3]) + _ACCENTS[m[1]], found)
        found = _SCRIPT.sub(_script, found)
        found = _ROOT.sub(lambda m: "√" + _grouped(m[1] or m[2]), found)
        found = _FRACTION.sub(lambda m: f"{_grouped(m[1] or m[2])}/{_grouped(m[3] or m[4])}", found)
    found = _COMMAND.sub(lambda m: _SYMBOLS.get(m[1], m[1]), re.sub(r"\\[,;:! ]", " ", found))
    found = re.sub(r"(?<=[∂∇⌈⌊])\s+|\s+(?=[⌉⌋])", "", re.sub(r"[{}\\]", "", found))
    return re.sub(r"\s+", " ", found).replace("-", "−")


def _script(match: re.Match[str]) -> str:
    """An index or an exponent in small characters, if there are some for all of it."""
    content = _SYMBOLS.get((match[2] or match[3] or "").lstrip("\\"), match[2] or match[3] or "")
    small = content.translate(_BELOW if match[1] == "_" else _ABOVE)
    if not set(small) & set(content):
        return small
    return f"{match[1]}{_grouped(content)}"


def _grouped(content: str) -> str:
    """In brackets, unless it is one thing."""
    return content if re.fullmatch(r"[\w.,∂]+|\\[a-zA-Z]+", content) else f"({content})"
