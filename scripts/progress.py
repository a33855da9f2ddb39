"""Say what a long command is doing: a line a step and, on a terminal, a line that keeps moving.

Part of the set-up, so it parses on old Pythons and uses the standard library only.
"""

from __future__ import print_function

import shutil
import sys
import threading
import time


def duration(seconds):
    """Return seconds as a person says them: ``8 s``, ``3 min 5 s``."""
    seconds = round(seconds)
    if seconds < 60:
        return "%d s" % seconds
    return "%d min %d s" % divmod(seconds, 60)


def say(text):
    """Print a line at once, also where the output goes to a file."""
    print(text)
    sys.stdout.flush()


class Ticker(object):
    """A line on a terminal, painted anew every second, with what is going on and for how long.

    Where the output is not a terminal nothing is painted, so that a log file keeps to one line a step.
    """

    def __init__(self, describe, interval=1.0):
        """Ask ``describe()`` for the words of the moment at each tick."""
        self.describe = describe
        self.interval = interval
        self.began = time.time()
        self.shown = sys.stdout.isatty()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        # Ctrl+C must end the program, not wait for this line.
        self.thread.daemon = True

    def __enter__(self):
        """Begin to tick."""
        if self.shown:
            self.thread.start()
        return self

    def __exit__(self, *_):
        """Wipe the line away."""
        if self.shown:
            self.stop.set()
            self.thread.join()
            print("\r\033[K", end="")
            sys.stdout.flush()

    def _run(self):
        while not self.stop.is_set():
            text = "      %s  (%s)" % (self.describe(), duration(time.time() - self.began))
            print("\r\033[K" + text[: shutil.get_terminal_size().columns - 1], end="")
            sys.stdout.flush()
            self.stop.wait(self.interval)
