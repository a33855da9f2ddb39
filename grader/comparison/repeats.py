"""One slip that was made in every block: told once, with the other places."""

from __future__ import annotations

from collections import defaultdict

from grader.comparison.records import Difference
from grader.comparison.wording import listing, unnumbered
from grader.graph import ModelGraph

__all__ = ["told_once"]

_FEW = 3  # differences that are each told by themselves
_SHOWN = 3  # further places that are named


def told_once(differences: list[Difference], reference: ModelGraph) -> list[Difference]:
    """Join differences that only say the same of different places, where there are more than a few.

    Each group stands where its first difference stood. Steps that are alike in words and set otherwise, such as
    a Conv2D with other filters, are not joined.
    """
    if len(differences) <= _FEW:
        return differences
    groups: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
    for difference in differences:
        layers = (reference.layers[reference.calls[call].layer] for call in difference.reference)
        settings = repr([(layer.class_name, layer.config) for layer in layers])
        groups[difference.kind, unnumbered(difference.message), settings].append(difference)
    return [_joined(group) for group in groups.values()]


def _joined(group: list[Difference]) -> Difference:
    first, *others = group
    if not others:
        return first
    places = list(dict.fromkeys(other.where for other in others))
    named = places[:_SHOWN]
    left = len(places) - len(named)
    if left > 0:
        named.append(f"in {left} more {'place' if left == 1 else 'places'}")
    return first.model_copy(
        update={
            "message": f"{first.message} The same holds {listing(named)}.",
            "student": tuple(call for one in group for call in one.student),
            "reference": tuple(call for one in group for call in one.reference),
            "places": len(group),
        }
    )
