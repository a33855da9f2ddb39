"""Set the project up: a virtual environment, the pinned packages, the grader, and the digits.

``make setup`` starts this with whatever Python it finds. The file therefore uses the standard
library only and parses on Pythons far older than the ones the course runs on, so that each of
them can say what is wrong in one line.
"""

from __future__ import print_function

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

SUPPORTED = ((3, 11), (3, 12), (3, 13))
NEEDED_GB = 5.0
PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAMP = "keras-plumbing.json"

NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|NameResolutionError"
    r"|Temporary failure in name resolution|Network is unreachable|Connection refused|Connection reset"
    r"|SSLError|CERTIFICATE_VERIFY_FAILED|Max retries exceeded|Could not fetch URL"
    # All pip says where it may not retry; every pinned package has versions on an index that answers.
    r"|\(from versions: none\)"
)
DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|Errno 28")


class SetupError(Exception):
    """What stops the set-up, told in one line: what happened, what was expected, how to fix it."""


def check_python(version, executable):
    """Refuse a Python the pinned packages do not support."""
    if tuple(version[:2]) in SUPPORTED:
        return
    raise SetupError(
        "Python %d.%d (%s) cannot run the course, which needs Python 3.11, 3.12 or 3.13: install one "
        "of these, then say which, for example `make setup PYTHON=python3.12`."
        % (version[0], version[1], executable)
    )


def find_python(search_path=None):
    """Return the first supported Python on the search path, or None."""
    for name in ("python3.13", "python3.12", "python3.11"):
        path = shutil.which(name, path=search_path)
        if path is None:
            continue
        # A version manager's shim is found by name and may still lead nowhere.
        probe = "import sys; sys.exit(tuple(sys.version_info[:2]) not in %r)" % (SUPPORTED,)
        if subprocess.call([path, "-c", probe], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def check_venv_module(executable, version):
    """Refuse a Python that cannot make a virtual environment with pip in it."""
    probe = subprocess.Popen(
        [executable, "-c", "import venv, ensurepip"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    probe.communicate()
    if probe.returncode == 0:
        return
    raise SetupError(
        "Python %d.%d (%s) has no venv module with pip, which the set-up needs to make an environment: "
        "install it (Debian and Ubuntu: `sudo apt install python%d.%d-venv`) and run the command again."
        % (version[0], version[1], executable, version[0], version[1])
    )


def check_disk(folder, needed_gb=NEEDED_GB, free_bytes=None):
    """Refuse a disk with less room than the packages take."""
    if free_bytes is None:
        free_bytes = shutil.disk_usage(folder).free
    free_gb = free_bytes / 1e9
    if free_gb >= needed_gb:
        return
    raise SetupError(
        "Only %.1f GB of disk are free in %s, and the packages need about %.0f GB: free some space, or "
        "put the environment on another disk with `make setup VENV=/other/disk/keras-plumbing`."
        % (free_gb, folder, needed_gb)
    )


def explain_pip(output, log):
    """Turn what a failed pip wrote into one line."""
    if DISK_FULL.search(output):
        return (
            "The disk filled up while packages were being installed; they need about %.0f GB, and more "
            "where pip chooses CUDA builds: free some space and run the command again (details in %s)."
            % (NEEDED_GB, log)
        )
    if NO_NETWORK.search(output):
        return (
            "The package index cannot be reached, and the packages have to be downloaded once: check the "
            "network or the proxy (HTTPS_PROXY, PIP_INDEX_URL) and run the command again (details in %s)."
            % log
        )
    errors = [line.strip() for line in output.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1][len("ERROR:") :].strip() if errors else "it gave no reason"
    return (
        "pip could not install the packages that requirements.txt pins (%s): mend that and run the "
        "command again (details in %s)." % (reason, log)
    )


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
    count = 0
    show = sys.stdout.isatty() and total
    with open(log, "a") as file:
        for line in pip.stdout:
            file.write(line)
            lines.append(line)
            if show and line.startswith("Collecting "):
                count += 1
                print("\r  %3d of about %d: %-50s" % (count, total, line.split()[1][:50]), end="")
            elif show and line.startswith("Installing collected packages"):
                print("\r  %-70s" % "downloaded; now unpacking, the longest part", end="")
            sys.stdout.flush()
    if show:
        print("\r%-75s\r" % "", end="")
    pip.stdout.close()
    if pip.wait() != 0:
        raise SetupError(explain_pip("".join(lines), os.path.relpath(log)))


def make_environment(venv, python, version, needed_gb):
    """Make the virtual environment, unless a working one is there."""
    if works(environment_python(venv)):
        return
    check_venv_module(python, version)
    parent = os.path.dirname(os.path.abspath(venv))
    if not os.path.isdir(parent):
        os.makedirs(parent)
    check_disk(parent, needed_gb)
    print("Making a virtual environment with Python %d.%d in %s" % (version[0], version[1], venv))
    sys.stdout.flush()
    if subprocess.call([python, "-m", "venv", "--clear", venv]) != 0:
        raise SetupError(
            "Python's venv module could not make an environment in %s, and the packages need one: see its "
            "message above, mend that, and run the command again." % venv
        )


def install(venv, log, requirements=None):
    """Install what the stamp does not already vouch for; return whether anything was done.

    ``requirements`` names the file of pins; without it an environment keeps to the one it was made from.
    """
    stamp = read_stamp(venv)
    name = requirements or stamp.get("file", "requirements.txt")
    # requirements-gpu.txt takes its versions from requirements.txt, so both count.
    pins = [os.path.join(PROJECT, file) for file in sorted({name, "requirements.txt"})]
    wanted = {
        "file": name,
        "requirements": digest(*pins),
        "package": digest(os.path.join(PROJECT, "pyproject.toml")),
        "project": PROJECT,
    }
    if stamp == wanted:
        return False
    python = environment_python(venv)
    # Conda has installed the pins itself, from environment.yml.
    by_conda = os.path.isdir(os.path.join(venv, "conda-meta"))
    if stamp.get("requirements") != wanted["requirements"] and not by_conda:
        with open(os.path.join(PROJECT, "requirements.txt")) as file:
            total = sum(1 for line in file if "==" in line)
        print("Installing %d pinned packages; on a fast network this takes two to five minutes" % total)
        sys.stdout.flush()
        run_pip(python, ["-r", os.path.join(PROJECT, name)], log, total)
    print("Installing the grader itself")
    sys.stdout.flush()
    run_pip(python, ["--no-deps", "--no-build-isolation", "-e", PROJECT], log)
    write_stamp(venv, wanted)
    return True


def write_digits(venv):
    """Convert the digits once; return whether that was needed."""
    target = os.path.join(PROJECT, "course", "data", "digits.npz")
    if os.path.exists(target):
        return False
    print("Converting 5,000 MNIST digits to course/data/digits.npz")
    sys.stdout.flush()
    if subprocess.call([environment_python(venv), "-m", "scripts.digits", target], cwd=PROJECT) != 0:
        raise SetupError(
            "The digits could not be converted to course/data/digits.npz, which lessons read: see the "
            "message above; `make clean` and `make setup` begin again."
        )
    return True


def set_up(venv, version, executable, requirements=None, needed_gb=NEEDED_GB):
    """Do whatever is still to be done."""
    log = os.path.join(PROJECT, "build", "setup.log")
    if not works(environment_python(venv)):
        check_python(version, executable)
    make_environment(venv, executable, version, needed_gb)
    done = [install(venv, log, requirements), write_digits(venv)]
    if any(done):
        print("Ready.")


def main(arguments):
    """Set up the environment the first argument names, with the pins of the file the second names."""
    venv = os.path.abspath(arguments[0] if arguments else os.path.join(PROJECT, ".venv"))
    requirements = arguments[1] if len(arguments) > 1 and arguments[1] else None
    try:
        if sys.version_info[0] < 3:
            check_python(sys.version_info, sys.executable)
        if tuple(sys.version_info[:2]) not in SUPPORTED and not works(environment_python(venv)):
            better = find_python()
            if better is not None:
                return subprocess.call([better, os.path.abspath(__file__), venv, requirements or ""])
        set_up(venv, sys.version_info, sys.executable, requirements)
    except SetupError as error:
        print(str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Running the same command again goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
