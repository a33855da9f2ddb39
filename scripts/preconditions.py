"""What the set-up needs, and the one line it says for each thing that is missing.

Part of the set-up, so it parses on old Pythons and uses the standard library only.
"""

from __future__ import print_function

import re
import shutil
import subprocess

SUPPORTED = ((3, 11), (3, 12), (3, 13))
NEEDED_GB = 5.0

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
