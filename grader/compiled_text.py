"""What a model was compiled with, in words."""

from __future__ import annotations

from grader.graph import Compiled

__all__ = ["compile_text", "highest_rate"]

_SCHEDULES = (
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
)


def compile_text(compiled: Compiled, *, one_output: bool = False) -> str:
    """Say in one line what a model was compiled with: "Adam at 1e-05; box: mean_squared_error × 5".

    Where there is ``one_output`` it need not be named.
    """
    rate = highest_rate(compiled)
    parts = [
        compiled.optimizer + ("" if rate is None else f" at {'up to ' if compiled.schedule else ''}{rate:g}")
    ]
    for loss in compiled.losses:
        weight = "?" if loss.weight is None else f"{loss.weight:g}"
        name = "" if one_output else f"{loss.output}: "
        parts.append(f"{name}{loss.function}" + ("" if weight == "1" else f" × {weight}"))
    return "; ".join(parts if compiled.losses else [*parts, "no loss"])


def highest_rate(compiled: Compiled) -> float | None:
    """Return the rate, or the highest one that a schedule of Keras's names; ``None`` where nobody can tell."""
    schedule = compiled.schedule
    if not isinstance(schedule, dict):
        return compiled.learning_rate if schedule is None else None
    named = schedule.get("config")
    if not isinstance(named, dict) or schedule.get("class_name") not in _SCHEDULES:
        return None
    rates = [named.get(key) for key in ("initial_learning_rate", "warmup_target", "end_learning_rate")]
    steps = named.get("values")
    rates += steps if isinstance(steps, list) else []
    return max(
        (float(rate) for rate in rates if isinstance(rate, (int, float)) and abs(rate) < 1e9), default=None
    )
