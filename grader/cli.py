"""The command ``grader``: thin wrappers that parse, call, print, and choose the exit code.

Exit codes: 0 done (``compare``: the same architecture), 1 a negative answer (``compare``: not the same;
``grade``: a submission needs a look), 2 the input cannot be used.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.errors import GraderError

if TYPE_CHECKING:
    from rich.table import Table

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


@app.command()
def release(
    unit: UnitName,
    course: CourseDir = HERE,
    learner: Annotated[
        bool, typer.Option("--learner", help="Write course/work/UNIT for a self-paced learner.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the student version of a unit: for a class, or for yourself as a learner.

    Example: grader release 04_residual_connections. Exit codes: 0 released, 2 the unit cannot be
    released; the message says why.
    """
    from grader.nbgrader_plugin.release import release_unit

    with _quiet_nbgrader():
        done = release_unit(unit, _course(course), self_paced=learner)
    if as_json:
        typer.echo(done.to_json())
        return
    typer.echo(f"{unit} is in {_shown(Path(done.folder))}: {', '.join(done.files)}")
    for name in done.kept:
        typer.echo(f"  {name} has work in it and was left as it is.")
    for name in done.beside:
        typer.echo(f"  The new version lies beside it: {name}")


@app.command()
def grade(
    unit: UnitName,
    course: CourseDir = HERE,
    student: Annotated[
        list[str] | None, typer.Option("--student", help="Grade this student only; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Grade the submissions of a unit.

    Example: grader grade 04_residual_connections --json. Exit codes: 0 graded, 1 graded, but some
    submission needs a look, 2 nothing could be graded.
    """
    from grader.nbgrader_plugin.grade import grade_unit
    from grader.results_table import results_table

    with _quiet_nbgrader(), _progress(f"Grading {unit}") as advance:
        results = grade_unit(unit, _course(course), students=student, progress=advance)
    if as_json:
        typer.echo("[" + ",".join(result.to_json() for result in results) + "]")
    else:
        _print_table(results_table([(result.student, result) for result in results], "student"))
    raise typer.Exit(1 if any(result.needs_look for result in results) else 0)


@app.command()
def feedback(unit: UnitName, course: CourseDir = HERE, as_json: AsJson = False) -> None:
    """Write the HTML feedback of a graded unit.

    Example: grader feedback 04_residual_connections. Exit codes: 0 written, 2 nothing is graded yet.
    """
    from grader.nbgrader_plugin.grade import feedback_unit

    with _quiet_nbgrader():
        folders = feedback_unit(unit, _course(course))
    if as_json:
        typer.echo(json.dumps({name: str(folder) for name, folder in folders.items()}))
        return
    for name, folder in folders.items():
        typer.echo(f"{name}: {_shown(folder)}")


@app.command()
def demo(
    unit: Annotated[
        str, typer.Argument(help="The unit whose samples are graded.")
    ] = "04_residual_connections",
    course: CourseDir = HERE,
    into: Annotated[Path, typer.Option(help="Where the demonstration course is made.")] = Path("build/demo"),
) -> None:
    """Release a unit, turn its samples into submissions, grade them, and write feedback.

    Example: grader demo. Works on a copy of the course. Exit codes: 0 every sample got what it
    should, 1 one did not, 2 the unit cannot be released.
    """
    from grader import demo as demonstration
    from grader import doctor as checkup
    from grader.results_table import results_table

    with _quiet_nbgrader(), _progress(f"Grading the samples of {unit}") as advance:
        shown = demonstration.run_demo(unit, _course(course), into, advance)
    _print_table(results_table(list(shown.results), "sample"))
    for problem in shown.problems:
        typer.echo(f"NOT AS IT SHOULD BE: {problem}")
    typer.echo(f"isolation: {checkup.check_isolation().found}")
    for name, path in shown.places.items():
        typer.echo(f"{name}: {_shown(path)}")
    raise typer.Exit(1 if shown.problems else 0)


def _shown(path: Path) -> str:
    """Write a path as seen from here, where it lies below."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@contextmanager
def _quiet_nbgrader() -> Iterator[None]:
    """Keep nbgrader's log lines off the screen; what matters comes back in the results."""
    from sqlalchemy.exc import SAWarning

    with _silenced("traitlets"), _silenced("nbgrader"), warnings.catch_warnings():
        # nbgrader 0.9.6 asks SQLAlchemy 2.1 for more than it may while it adds a submission; nothing is lost
        warnings.simplefilter("ignore", SAWarning)
        yield


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on stderr while submissions are graded."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task(title, total=None)

        def advance(student: str, number: int, total: int) -> None:
            bar.update(line, description=f"{title}: {student}", completed=number - 1, total=total)

        yield advance


def _print_table(table: Table) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=150)  # a pipe has no width of its own; rows should not be cut to 80
    console.print(table)
