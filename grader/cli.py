"""The command ``grader``: thin wrappers that parse, call, print, and choose the exit code.

Exit codes: 0 done (``compare``: the same architecture), 1 a negative answer (``compare``: not the same;
``grade``: a submission needs a look), 2 the input cannot be used.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from grader.errors import GraderError, UsageError
from grader.messages import shown

__all__ = ["app", "main"]

app = typer.Typer(
    name="grader",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
CourseDir = Annotated[
    Path,
    typer.Option(
        "--course",
        help="The course's root, the folder that holds nbgrader_config.py and units/.",
        show_default="the current folder, or course/ in it",
    ),
]
UnitName = Annotated[str, typer.Argument(help="The unit's folder name, for example 04_residual_connections.")]
ModelFile = Annotated[
    Path,
    typer.Argument(help="A saved model, or a .json file with what `grader describe --json` wrote of one."),
]
HERE = Path()


def main() -> None:
    """Run the command line; a ``GraderError`` becomes one clear line and exit code 2."""
    from grader.report.escape import plain

    try:
        app()
    except GraderError as error:
        sys.stderr.write(f"grader: {plain(str(error), 2000)}\n")
        raise SystemExit(2) from None


@contextmanager
def _interruptible(kept: str) -> Iterator[None]:
    """Say in one line that Ctrl-C was heard, and what that leaves; exit code 130."""
    try:
        yield
    except BaseException as error:
        # The second is how asyncio tells of it while a kernel runs; by name, since importing asyncio takes time.
        if not isinstance(error, KeyboardInterrupt) and type(error).__name__ != "CancelledError":
            raise
        typer.echo(f"grader: interrupted. {kept}", err=True)
        raise typer.Exit(130) from None


@app.callback()
def overview(context: typer.Context) -> None:
    """Read Keras models as graphs, compare them, and grade assignments with them.

    Example: grader compare student.keras reference.keras

    Exit codes: 0 done, 1 a negative answer, 2 the input cannot be used; COMMAND --help says more.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _course(folder: Path) -> Path:
    """Find the course's root: the folder given, or its subfolder ``course``."""
    from grader.errors import UsageError

    for candidate in (folder, folder / "course"):
        if (candidate / "units").is_dir():
            return candidate.resolve()
    place = "The current folder" if folder == HERE else shown(folder)
    raise UsageError(
        f"{place} is no course: it holds neither units/ nor course/units/. Run the command in the course's root, "
        "or name it with --course."
    )


@app.command()
def describe(file: ModelFile, as_json: AsJson = False) -> None:
    """Print a saved model's graph.

    Example: grader describe model.keras

    Exit codes: 0 read, 2 unusable file.
    """
    from grader.saved_models import read_models

    (graph,) = read_models([file])
    if as_json:
        typer.echo(graph.to_json())
    else:
        typer.echo(str(graph))


@app.command()
def compare(
    student: ModelFile,
    reference: ModelFile,
    mind: Annotated[
        list[str] | None,
        typer.Option(
            help="Compare this too; may be repeated: names, initializers, trainable, compile, merge_order, "
            "concatenate_order."
        ),
    ] = None,
    free: Annotated[
        list[str] | None,
        typer.Option(
            help="Leave this to the student; may be repeated: order (of inputs and outputs), sharing, or a "
            "setting, as in rate, Dense.units or '*_regularizer'."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two saved models as architectures, and what they compute where these differ.

    Example: grader compare student.keras reference.keras --free Dropout.rate

    Exit codes: 0 equivalent, 1 not equivalent, 2 unusable file or option.
    """
    from grader.comparison import analyse, summarize
    from grader.misconceptions import diagnose
    from grader.options import named_options, refuse_unknown_settings
    from grader.report.escape import plain
    from grader.saved_models import compare_runs, read_models

    options = named_options(mind or [], free or [])
    ours, theirs = read_models([student, reference])
    refuse_unknown_settings(options.free_settings, (ours, theirs))
    analysis = analyse(ours, theirs, options)
    behaviour = compare_runs(analysis, options, student, reference)
    result = summarize(analysis, diagnose(analysis, behaviour), behaviour)
    if as_json:
        chosen = {
            "equivalent",
            "differences",
            "diagnoses",
            "same_wiring",
            "student_counts",
            "reference_counts",
            "parameter_detail",
            "behaviour",
        }
        typer.echo(result.model_dump_json(include=chosen))
    else:
        typer.echo(plain(str(result), 100_000, lines=True))
    raise typer.Exit(0 if result.equivalent else 1)


@app.command()
def parity(
    file: ModelFile,
    full: Annotated[
        bool, typer.Option("--full", help="Compare training too, and save and load in every direction.")
    ] = False,
    backend: Annotated[
        list[str] | None,
        typer.Option(help="Compare these alone; may be repeated: tensorflow, jax, torch. Without it, all."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="How far outputs may lie apart, as a part of the largest. Without it, what rounding may do."
        ),
    ] = None,
    code: Annotated[
        list[Path] | None,
        typer.Option(help="A Python file that defines classes of the model; may be repeated. It is run."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the differences along the model into this file: .svg or .png.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a saved model computes the same on TensorFlow, JAX and PyTorch.

    Example: grader parity model.keras --full --code my_layers.py

    Exit codes: 0 every check passed, 1 one failed or could not be made, 2 unusable file or option.
    """
    from grader.portability import BACKENDS, parity_of_file
    from grader.report.escape import plain

    if plot is not None and plot.suffix not in (".svg", ".png"):
        raise UsageError(f"--plot {plot}: expected a name that ends in .svg or .png.")
    report = parity_of_file(
        file,
        backend or BACKENDS,
        level="full" if full else "quick",
        tolerance=tolerance,
        code=code or (),
    )
    if plot is not None and report.layers:
        picture = report.picture()
        plot.write_bytes(picture.png if plot.suffix == ".png" else picture.svg.encode())
    if as_json:
        typer.echo(report.to_json())
    else:
        typer.echo(plain(str(report), 100_000, lines=True))
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, what is missing, and which isolation is in force.

    Example: grader doctor

    Exit codes: 0 nothing is in the way, 1 something has to be mended.
    """
    from grader import doctor as checkup
    from grader.execution.kernel_findings import check_kernel_start, check_kernels, check_limits

    findings = (*checkup.doctor(), check_kernels(), check_kernel_start(), check_limits())
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

    Example: grader release 04_residual_connections

    Exit codes: 0 released, 2 the unit cannot be released; the message says why.
    """
    from grader.console import quiet_nbgrader
    from grader.nbgrader_plugin.release import release_unit

    with _interruptible("The same command begins anew."), quiet_nbgrader():
        done = release_unit(unit, _course(course), self_paced=learner)
    if as_json:
        typer.echo(done.to_json())
        return
    typer.echo(f"{unit} is in {shown(Path(done.folder))}: {', '.join(done.files)}")
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
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Submissions to run at a time.", show_default="as many as there are cores"),
    ] = None,
    afresh: Annotated[
        bool,
        typer.Option("--afresh", help="Run again what was graded before, in place of giving what is kept."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Grade the submissions of a unit, several at a time.

    What was graded before is kept and not run again unless something it depends on has changed; a run that was
    interrupted or killed goes on where it was.

    Example: grader grade 04_residual_connections --jobs 4

    Exit codes: 0 graded, 1 graded, but some submission needs a look, 2 nothing could be graded, 130 interrupted.
    """
    root = _course(course)
    with _interruptible("What was done is kept: the same command goes on from there."):
        # Of a unit that was graded before, most is kept and needs no kernel.
        if afresh or not (root / "private" / "verdicts" / unit).is_dir():
            from grader.execution.native_logs import QUIET
            from grader.execution.zygotes import start_in_background

            # While nbgrader is imported here, what the kernels are forked from imports Keras.
            start_in_background(os.environ | QUIET, owner=os.getpid())
        from grader.console import print_table, progress, quiet_nbgrader
        from grader.nbgrader_plugin.grade import grade_unit, misplaced_submissions
        from grader.nbgrader_plugin.place import grading_places
        from grader.nbgrader_plugin.release import course_api
        from grader.results_table import points_for_a_person, results_table

        with quiet_nbgrader(), progress(f"Grading {unit}") as advance:
            results = grade_unit(unit, root, students=student, jobs=jobs, afresh=afresh, progress=advance)
            misplaced = [] if student else misplaced_submissions(unit, root)
    if as_json:
        typer.echo("[" + ",".join(result.to_json() for result in results) + "]")
    else:
        print_table(results_table([(result.student, result) for result in results], "student"))
        if waiting := points_for_a_person(results):
            typer.echo(waiting)
        _print_places(grading_places(course_api(root).coursedir))
        where = "" if course == HERE else f" --course {course}"
        typer.echo(f"`grader feedback {unit}{where}` writes the feedback.")
    for sentence in misplaced:
        typer.echo(f"not graded: {sentence}", err=as_json)
    raise typer.Exit(1 if misplaced or any(result.needs_look for result in results) else 0)


@app.command()
def feedback(unit: UnitName, course: CourseDir = HERE, as_json: AsJson = False) -> None:
    """Write the HTML feedback of a graded unit.

    Example: grader feedback 04_residual_connections

    Exit codes: 0 written, 1 written, but some submission has none, 2 nothing is graded yet.
    """
    from grader.console import quiet_nbgrader
    from grader.nbgrader_plugin.feedback import feedback_unit

    with _interruptible("Pages that were written stay; the same command writes them all."), quiet_nbgrader():
        written = feedback_unit(unit, _course(course))
    if as_json:
        typer.echo(json.dumps({name: str(folder) for name, folder in written.folders.items()}))
    else:
        for name, folder in written.folders.items():
            note = " (not judged yet, and the page says so)" if name in written.unjudged else ""
            typer.echo(f"{name}: {shown(folder)}{note}")
    for name, reason in written.missing.items():
        typer.echo(f"{name}: no feedback: {reason}", err=as_json)
    raise typer.Exit(1 if written.missing else 0)


@app.command()
def kernels(
    user: Annotated[bool, typer.Option("--user", help="For you alone, in every environment.")] = False,
    prefix: Annotated[
        Path | None,
        typer.Option(help="An environment's folder.", show_default="that of the Python that runs this"),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove them instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Install a Jupyter kernel for each backend: Keras (TensorFlow), Keras (JAX) and Keras (PyTorch).

    In JupyterLab, choosing one is choosing a backend. On Linux they start at once, forked from a process that
    has imported Keras; elsewhere they start as any kernel does.

    Example: grader kernels

    Exit codes: 0 done, 2 the folder cannot be written to.
    """
    from grader.errors import UsageError
    from grader.execution.kernelspecs import install_kernels, kernels_folder, remove_kernels

    if user and prefix is not None:
        raise UsageError("--user and --prefix name two places: choose one.")
    folder = kernels_folder(user=user) if prefix is None else prefix / "share" / "jupyter" / "kernels"
    places = (remove_kernels if remove else install_kernels)(folder)
    if as_json:
        typer.echo(json.dumps({place.name: str(place) for place in places}))
        return
    for place in places:
        typer.echo(f"{'removed' if remove else 'installed'}: {place.name} in {shown(folder)}")
    if not places:
        typer.echo(f"none there: {shown(folder)}")


@app.command()
def demo(
    unit: Annotated[
        str, typer.Argument(help="The unit whose samples are graded.")
    ] = "04_residual_connections",
    course: CourseDir = HERE,
    into: Annotated[Path, typer.Option(help="Where the demonstration course is made.")] = Path("build/demo"),
    as_json: AsJson = False,
) -> None:
    """Release a unit in a copy of the course, turn its samples into submissions, grade them, and write feedback.

    Example: grader demo

    Exit codes: 0 every sample got what it should, 1 one did not, 2 the unit cannot be released.
    """
    from grader import demo as demonstration
    from grader import doctor as checkup
    from grader.console import print_table, progress, quiet_nbgrader
    from grader.results_table import points_for_a_person, results_table

    with quiet_nbgrader(), progress(f"Grading the samples of {unit}") as advance:
        outcome = demonstration.run_demo(unit, _course(course), into, advance)
    if as_json:
        samples = {name: json.loads(result.to_json()) for name, result in outcome.results}
        places = {name: str(place) for name, place in outcome.places.items()}
        typer.echo(json.dumps({"samples": samples, "problems": list(outcome.problems), "places": places}))
        raise typer.Exit(1 if outcome.problems else 0)
    print_table(results_table(list(outcome.results), "sample"))
    if waiting := points_for_a_person([result for _, result in outcome.results]):
        typer.echo(waiting)
    for problem in outcome.problems:
        typer.echo(f"NOT AS IT SHOULD BE: {problem}")
    typer.echo(f"isolation: {checkup.check_isolation().found}")
    _print_places(outcome.places)
    raise typer.Exit(1 if outcome.problems else 0)


def _print_places(places: dict[str, str | Path]) -> None:
    for name, place in places.items():
        typer.echo(f"{name}: {shown(place) if isinstance(place, Path) else place}")
