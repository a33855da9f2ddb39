"""JupyterLab in this project: no news, no update notices, nothing written outside."""

import logging
import sys
from pathlib import Path

# The classes named below lie in the project's root.
sys.path.append(str(Path(__file__).resolve().parent.parent))

c = get_config()  # Jupyter puts get_config into this file's names

# As on the command line of `make lab`, which the extensions' own messages do not heed.
c.LabApp.log_level = "WARN"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# The course runs in an environment of pinned packages, so extensions are not added by hand.
c.LabApp.extension_manager = "readonly"
# Looking for language servers starts npm, which leaves files in the user's home; the course needs none.
c.LanguageServerManager.autodetect = False
c.ServerApp.contents_manager_class = "scripts.contents.CourseContents"
# The lessons' kernel starts at once, like those of the backends.
c.ServerApp.kernel_spec_manager_class = "grader.execution.kernelspecs.WarmKernelSpecs"
# JupyterLab drops the cells that are run before a kernel is there, so none is waited for.
c.WarmKernelSpecs.wait = False
# Formgrader would show all these settings above the list of units, and complain where it cannot print them.
c.FormgradeExtension.debug = False
# Kernels talk encrypted, and do not warn that they do not.
c.KernelManager.transport_encryption = "auto"
# Jupyter gives Tornado, which counts seconds, its milliseconds; Tornado says so once and goes on with what it can.
logging.getLogger("tornado.general").addFilter(lambda line: "websocket_ping_timeout" not in line.getMessage())
