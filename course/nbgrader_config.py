"""nbgrader for this course: its root is this folder, its source the units, its exchange local."""

from pathlib import Path

from grader.nbgrader_plugin import configure

c = get_config()  # nbgrader puts get_config into this file's names

# Releases, grading and feedback go through the grader.
configure(c)

COURSE = Path(__file__).resolve().parent

c.CourseDirectory.course_id = "keras-plumbing"
c.CourseDirectory.root = str(COURSE)
c.CourseDirectory.source_directory = "units"

c.Exchange.root = str(COURSE / "exchange")
c.Exchange.cache = str(COURSE / "exchange" / ".cache")
# Fetched assignments land where self-paced ones do.
c.Exchange.assignment_dir = str(COURSE / "work")
