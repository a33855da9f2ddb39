"""Set the project up: a virtual environment, the pinned packages, the grader, and the digits.

``make setup`` starts this with whatever Python it finds. The file and the two it imports therefore
use the standard library only and parse on Pythons far older than the ones the course runs on, so
that each of them can say what is wrong in one line.
"""

from __future__ import print_function

import glob
import hashlib
import json
import os
import subprocess
import sys
import time

from scripts.preconditions import (
    NEEDED_GB,
    SUPPORTED,
    SetupError,
    check_disk,
    check_python,
    check_venv_module,
    explain_pip,
    find_python,
)
from scripts.progress import Ticker, duration, say

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAMP = "keras-plumbing.json"


def digest(*paths):
    """Return a digest of these files' contents."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def read_stamp(venv):
    """Return what an earlier set-up finished in this environment; empty when nothing did."""
    try:
        with open(os.path.join(venv, STAMP)) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv, stamp):
    """Remember what is finished."""
    with open(os.path.join(venv, STAMP), "w") as file:
        json.dump(stamp, file)


def environment_python(venv):
    """Return the path of the environment's Python."""
    return os.path.join(venv, "bin", "python")


def works(python):
    """Tell whether this Python starts, has pip, and is of a supported version."""
    if not os.path.exists(python):
        return False
    probe = "import pip, sys; sys.exit(tuple(sys.version_info[:2]) not in %r)" % (SUPPORTED,)
    return subprocess.call([python, "-c", probe], stderr=subprocess.DEVNULL) == 0


def run_pip(python, arguments, log, total=0):
    """Run pip, keep what it writes in the log, and count packages on a terminal."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    folder = os.path.dirname(log)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    pip = subprocess.Popen(
        command + ["--progress-bar", "off"] + arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        cwd=PROJECT,
    )
    lines = []
    with open(log, "a") as file, Ticker(lambda: describe_pip(lines, python, total)):
        for line in pip.stdout:
            file.write(line)
            lines.append(line)
    pip.stdout.close()
    if pip.wait() != 0:
        raise SetupError(explain_pip("".join(lines), os.path.relpath(log)))


def describe_pip(lines, python, total):
    """Say how far pip has come, from what it wrote and from the packages it has put in place."""
    if not total:
        return "pip is working"
    if any(line.startswith("Installing collected packages") for line in lines):
        # Unpacking takes longest, and pip says nothing meanwhile.
        packages = os.path.join(os.path.dirname(os.path.dirname(python)), "lib", "python*", "site-packages")
        there = len(glob.glob(os.path.join(packages, "*.dist-info")))
        return "unpacked %d of about %d packages" % (min(there, total), total)
    named = [line.split()[1] for line in lines if line.startswith("Collecting ")]
    if not named:
        return "asking the package index"
    return "fetching %d of about %d: %s" % (len(named), total, named[-1].split("==")[0])


def make_environment(venv, python):
    """Make the virtual environment."""
    parent = os.path.dirname(os.path.abspath(venv))
    if not os.path.isdir(parent):
        os.makedirs(parent)
    if subprocess.call([python, "-m", "venv", "--clear", venv]) != 0:
        raise SetupError(
            "Python's venv module could not make an environment in %s, and the packages need one: see its "
            "message above, mend that, and run the command again." % venv
        )


def wanted_stamp(venv, requirements=None):
    """Return what the stamp says once all is installed.

    ``requirements`` names the file of pins; without it an environment keeps to the one it was made from.
    """
    name = requirements or read_stamp(venv).get("file", "requirements.txt")
    # requirements-gpu.txt takes its versions from requirements.txt, so both count.
    pins = [os.path.join(PROJECT, file) for file in sorted({name, "requirements.txt"})]
    return {
        "file": name,
        "requirements": digest(*pins),
        "package": digest(os.path.join(PROJECT, "pyproject.toml")),
        "project": PROJECT,
    }


def installation_steps(venv, log, requirements=None, fresh=False):
    """Return the steps that install what the stamp does not vouch for, or all in a fresh environment."""
    wanted = wanted_stamp(venv, requirements)
    # A broken environment is made anew, and what its stamp vouches for goes with it.
    stamp = {} if fresh else read_stamp(venv)
    if stamp == wanted:
        return []
    python = environment_python(venv)
    steps = []
    # Conda has installed the pins itself, from environment.yml.
    by_conda = os.path.isdir(os.path.join(venv, "conda-meta"))
    if stamp.get("requirements") != wanted["requirements"] and not by_conda:
        with open(os.path.join(PROJECT, "requirements.txt")) as file:
            total = sum(1 for line in file if "==" in line)
        arguments = ["-r", os.path.join(PROJECT, wanted["file"])]
        steps.append(
            (
                "Installing %d packages, which takes longest (pip's own words: %s)"
                % (total, os.path.relpath(log)),
                lambda: run_pip(python, arguments, log, total),
            )
        )

    def install_grader():
        run_pip(python, ["--no-deps", "--no-build-isolation", "-e", PROJECT], log)
        write_stamp(venv, wanted)

    steps.append(("Installing the grader itself", install_grader))
    return steps


def write_digits(venv, target):
    """Convert the digits once."""
    if subprocess.call([environment_python(venv), "-m", "scripts.digits", target], cwd=PROJECT) != 0:
        raise SetupError(
            "The digits could not be converted to course/data/digits.npz, which lessons read: see the "
            "message above; `make clean` and `make setup` begin again."
        )


def kernels_are_current(venv):
    """Tell whether the environment has the course's kernels, its own Python in them, as the code writes them now."""
    source = os.path.join(PROJECT, "grader", "execution", "kernelspecs.py")
    for backend in ("tensorflow", "jax", "torch"):
        path = os.path.join(venv, "share", "jupyter", "kernels", "keras-" + backend, "kernel.json")
        try:
            with open(path) as file:
                interpreter = json.load(file)["argv"][0]
            if interpreter != environment_python(venv) or os.path.getmtime(path) < os.path.getmtime(source):
                return False
        except (OSError, ValueError, LookupError, TypeError):
            return False
    return True


def install_kernels(venv):
    """Give JupyterLab a kernel for each backend."""
    command = [environment_python(venv), "-c", "from grader.cli import main; main()", "kernels"]
    if subprocess.call(command, cwd=PROJECT, stdout=subprocess.DEVNULL) != 0:
        raise SetupError(
            "The kernels that JupyterLab offers for each backend could not be installed: see the message above, "
            "mend that, and run the command again."
        )


def steps_to_do(venv, version, executable, requirements=None, needed_gb=NEEDED_GB):
    """Return what is still to be done, as pairs of a line to show and a function to call.

    What would stop the first step is found out here, before anything is made.
    """
    steps = []
    fresh = not works(environment_python(venv))
    if fresh:
        check_python(version, executable)
        check_venv_module(executable, version)
        # The folder may have to be made, too.
        parent = os.path.dirname(os.path.abspath(venv))
        while not os.path.isdir(parent):
            parent = os.path.dirname(parent)
        check_disk(parent, needed_gb)
        steps.append(
            (
                "Making a virtual environment with Python %d.%d" % (version[0], version[1]),
                lambda: make_environment(venv, executable),
            )
        )
    steps += installation_steps(venv, os.path.join(PROJECT, "build", "setup.log"), requirements, fresh)
    if fresh or not kernels_are_current(venv):
        steps.append(
            ("Installing a Jupyter kernel for each backend", lambda: install_kernels(venv)),
        )
    digits = os.path.join(PROJECT, "course", "data", "digits.npz")
    if not os.path.exists(digits):
        steps.append(
            (
                "Converting 5,000 handwritten digits to course/data/digits.npz",
                lambda: write_digits(venv, digits),
            )
        )
    return steps


def set_up(venv, version, executable, requirements=None, quiet=False):
    """Do whatever is still to be done; with ``quiet``, say nothing when that is nothing."""
    began = time.time()
    steps = steps_to_do(venv, version, executable, requirements)
    if not steps:
        if not quiet:
            say("Ready: nothing to do.")
        return
    if len(steps) > 2:
        say(
            "Setting up in %s, once: about %.0f GB, and two to five minutes on a fast network"
            % (os.path.relpath(venv), NEEDED_GB)
        )
    for number, (line, do) in enumerate(steps, start=1):
        say("%d/%d %s" % (number, len(steps), line))
        do()
    say("Ready after %s." % duration(time.time() - began))


def main(arguments):
    """Set up the environment the first argument names, with the pins of the file the second names."""
    quiet = "--quiet" in arguments
    places = [argument for argument in arguments if argument != "--quiet"]
    venv = os.path.abspath(places[0] if places else os.path.join(PROJECT, ".venv"))
    requirements = places[1] if len(places) > 1 and places[1] else None
    try:
        if sys.version_info[0] < 3:
            check_python(sys.version_info, sys.executable)
        if tuple(sys.version_info[:2]) not in SUPPORTED and not works(environment_python(venv)):
            better = find_python()
            if better is not None:
                command = [better, "-m", "scripts.setup", venv, requirements or ""]
                return subprocess.call(command + ["--quiet"] * quiet, cwd=PROJECT)
        set_up(venv, sys.version_info, sys.executable, requirements, quiet)
    except SetupError as error:
        print(str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Running the same command again goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
