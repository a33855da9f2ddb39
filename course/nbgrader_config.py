"""nbgrader for this course: its root is this folder, its source the units, its exchange local."""

from pathlib import Path

c = get_config()  # nbgrader puts get_config into this file's names

COURSE = Path(__file__).resolve().parent

c.CourseDirectory.course_id = "keras-plumbing"
c.CourseDirectory.root = str(COURSE)
c.CourseDirectory.source_directory = "units"
# What a unit's author needs must not travel with a release.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "design.md",
    "feedback",
    "keys",
    "samples",
    "tasks.py",
]

c.Exchange.root = str(COURSE / "exchange")
c.Exchange.cache = str(COURSE / "exchange" / ".cache")
# Fetched assignments land where self-paced ones do.
c.Exchange.assignment_dir = str(COURSE / "work")
