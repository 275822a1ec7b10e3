"""Formulas in the characters of a terminal."""

from __future__ import annotations

import pytest

from sklon.lab.plain import plain


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"$x_1^2 + x_1x_2$", "x₁² + x₁x₂"),
        (r"$\frac{f(x+h)-f(x)}{h}$", "(f(x+h)−f(x))/h"),
        (r"$\frac{1}{K}$ of $\frac12$", "1/K of 1/2"),
        (r"$0{,}1$", "0,1"),
        (r"$10^{-8}$", "10⁻⁸"),
        (r"$\lambda_{\max}$", "λ_max"),
        (r"$\sqrt{\sigma^2+\varepsilon}$", "√(σ²+ε)"),
        (r"$1-\sqrt2$", "1−√2"),
        (r"$\frac{p}{1-p}\sum_i (w_i x_i)^2$", "p/(1−p)Σᵢ (wᵢ xᵢ)²"),
        (r"$\partial f/\partial x_1$", "∂f/∂x₁"),
        (r"$\lceil N/B \rceil$", "⌈N/B⌉"),
        (r"$\hat m = g$", "m\u0302 = g"),
        (r"$\mathbf 1$ and $\text{relu}(x)$", "1 and relu(x)"),
        (r"$GL_{10}$", "GL₁₀"),
        (r"$\eta\,\operatorname{sign}(g)$", "η sign(g)"),
        (r"$e^{-s}$", "e⁻ˢ"),
        (r"a **bold** word, `code_x` and $y'$", "a bold word, `code_x` and y′"),
    ],
)
def test_formulas(latex: str, shown: str) -> None:
    assert plain(latex) == shown
