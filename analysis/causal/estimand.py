"""The effect without the do: what the data would have to be asked, in symbols and in words (Pearl 2009, chapter 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.causal.identification import Identification, Mediator
from words import Phrase, listed, phrase

MOST_MEDIATORS = 2
"""Ways in between whose expressions are written out."""


@dataclass(frozen=True)
class Expression:
    """One identified quantity: what it is, the same in `symbols` (plain text, columns by name) and in `words`."""

    name: Phrase
    symbols: str
    words: Phrase


def expressions(found: Identification) -> tuple[Expression, ...]:
    """Everything that the graph lets one write without `do`: the effect by each way, then direct and indirect effects.

    Empty where nothing is identified.
    """
    if found.status in ("no path", "not recorded"):
        return ()
    ways = []
    if found.recommended is not None:
        ways.append(_backdoor(found))
    if found.front_door:
        ways.append(_front_door(found))
    if found.instruments:
        ways.append(_instrument(found))
    separable = [one for one in found.mediators if one.separable]
    return (*ways, *(_mediation(found, one) for one in separable[:MOST_MEDIATORS]))


def _backdoor(found: Identification) -> Expression:
    x, y, names = found.treatment, found.outcome, found.recommended or ()
    name, facts = phrase("graph.formula.backdoor"), {"treatment": x, "outcome": y}
    if not names:
        return Expression(name, f"P({y} | do({x})) = P({y} | {x})", phrase("graph.formula.plain_words", **facts))
    z, legend = _short("z", names)
    symbols = f"P({y} | do({x})) = Σ[{z}]  P({y} | {x}, {z}) · P({z}){legend}"
    return Expression(name, symbols, phrase("graph.formula.backdoor_words", names=listed(names), **facts))


def _front_door(found: Identification) -> Expression:
    x, y, names = found.treatment, found.outcome, listed(found.front_door)
    m, legend = _short("m", found.front_door)
    symbols = f"P({y} | do({x})) = Σ[{m}]  P({m} | {x}) · Σ[{x}′]  P({y} | {x}′, {m}) · P({x}′){legend}"
    words = phrase("graph.formula.front_door_words", treatment=x, outcome=y, names=names)
    return Expression(phrase("graph.formula.front_door"), symbols, words)


def _instrument(found: Identification) -> Expression:
    x, y, z = found.treatment, found.outcome, found.instruments[0]
    symbols = f"(E[{y} | {z} = 1] − E[{y} | {z} = 0]) / (E[{x} | {z} = 1] − E[{x} | {z} = 0])"
    words = phrase("graph.formula.instrument_words", treatment=x, outcome=y, name=z)
    return Expression(phrase("graph.formula.instrument"), symbols, words)


def _mediation(found: Identification, between: Mediator) -> Expression:
    x, y, m = found.treatment, found.outcome, between.name
    z, legend = _short("z", between.given)
    held, over, weight = (f", {z}", f"{m}, {z}", f" · P({z})") if z else ("", m, "")
    direct = f"Σ[{over}]  (E[{y} | {x} = 1, {m}{held}] − E[{y} | {x} = 0, {m}{held}]) · P({m} | {x} = 0{held}){weight}"
    indirect = f"Σ[{over}]  E[{y} | {x} = 0, {m}{held}] · (P({m} | {x} = 1{held}) − P({m} | {x} = 0{held})){weight}"
    words = phrase("graph.formula.mediation_words", treatment=x, outcome=y, name=m)
    return Expression(phrase("graph.formula.mediation", name=m), f"NDE = {direct}\nNIE = {indirect}{legend}", words)


def _short(letter: str, names: Sequence[str]) -> tuple[str, str]:
    """How a set is written in an expression, and the line that says so; one name stands for itself."""
    if len(names) < 2:
        return "".join(names), ""
    return letter, f"\n{letter} = ({', '.join(names)})"
