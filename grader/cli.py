"""The command ``grader``: thin wrappers that parse, call, print, and choose the exit code.

Exit codes: 0 done (``compare``: the same architecture), 1 a negative answer (``compare``: not the same;
``grade``: a submission needs a look), 2 the input cannot be used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.errors import GraderError

__all__ = ["app", "main"]

app = typer.Typer(
    name="grader",
    help="Read Keras models as graphs, compare them, and grade assignments with them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
CourseDir = Annotated[
    Path,
    typer.Option("--course", help="The course's root, the folder of nbgrader_config.py.", show_default=True),
]
UnitName = Annotated[str, typer.Argument(help="The unit's folder name, for example 04_residual_connections.")]
HERE = Path()


def main() -> None:
    """Run the command line; a ``GraderError`` becomes one clear line and exit code 2."""
    try:
        app()
    except GraderError as error:
        sys.stderr.write(f"grader: {error}\n")
        raise SystemExit(2) from None


def _course(folder: Path) -> Path:
    """Find the course's root: the folder given, or its subfolder ``course``."""
    from grader.errors import UsageError

    for candidate in (folder, folder / "course"):
        if (candidate / "units").is_dir():
            return candidate.resolve()
    raise UsageError(
        f"{folder.resolve().name or folder} holds no folder 'units'. Run the command in the course's root, "
        "or name it with --course."
    )


@app.command()
def describe(file: Path, as_json: AsJson = False) -> None:
    """Print a saved model's graph.

    Example: grader describe model.keras --json. Exit codes: 0 read, 2 unusable file.
    """
    from grader.comparison import count
    from grader.saved_models import read_models

    (graph,) = read_models([file])
    if as_json:
        typer.echo(graph.to_json())
        return
    counts = count(graph)
    typer.echo(f"{graph.name}: {graph.api}, {len(graph.calls)} calls of {len(graph.layers)} layers")
    typer.echo(f"parameters: {counts.total:,} ({counts.trainable:,} trainable)")
    for call in graph.calls:
        shapes = ", ".join(str(graph.tensors[tensor].shape) for tensor in call.outputs)
        typer.echo(f"  {graph.layers[call.layer].class_name} → {shapes}")


@app.command()
def compare(student: Path, reference: Path, as_json: AsJson = False) -> None:
    """Compare two saved models as architectures.

    Example: grader compare student.keras reference.keras --json. Exit codes: 0 equivalent, 1 not
    equivalent, 2 unusable file.
    """
    from grader.comparison import analyse, summarize
    from grader.misconceptions import diagnose
    from grader.saved_models import read_models

    ours, theirs = read_models([student, reference])
    analysis = analyse(ours, theirs)
    result = summarize(analysis, diagnose(analysis))
    if as_json:
        chosen = {
            "equivalent",
            "differences",
            "diagnoses",
            "same_wiring",
            "student_counts",
            "reference_counts",
        }
        typer.echo(result.model_dump_json(include=chosen))
    elif result.equivalent:
        typer.echo("Equivalent: the same architecture.")
    else:
        typer.echo("Not equivalent:")
        for number, difference in enumerate(result.differences, start=1):
            typer.echo(f"  {number}. {difference.message}")
        for diagnosis in result.diagnoses:
            typer.echo(f"{diagnosis.id}: {diagnosis.title}. {diagnosis.fix}")
    raise typer.Exit(0 if result.equivalent else 1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, what is missing, and which isolation is in force.

    Example: grader doctor. Exit codes: 0 nothing is in the way, 1 something has to be mended.
    """
    from grader import doctor as checkup

    findings = checkup.doctor()
    if as_json:
        typer.echo("[" + ",".join(finding.to_json() for finding in findings) + "]")
    else:
        typer.echo(checkup.render(findings))
    raise typer.Exit(1 if any(finding.status is checkup.Status.FAIL for finding in findings) else 0)
