"""JupyterLab in this project: no news, no update notices, nothing written outside."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from scripts.contents import CourseContents  # the project's root has to be on the path first

c = get_config()  # Jupyter puts get_config into this file's names

# As on the command line of `make lab`, which the extensions' own messages do not heed.
c.LabApp.log_level = "WARN"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# The course runs in an environment of pinned packages, so extensions are not added by hand.
c.LabApp.extension_manager = "readonly"
# Looking for language servers starts npm, which leaves files in the user's home; the course needs none.
c.LanguageServerManager.autodetect = False
c.ServerApp.contents_manager_class = CourseContents

# Kernels talk encrypted, and do not warn that they do not.
c.KernelManager.transport_encryption = "auto"
# Jupyter's own default is longer than the interval between pings, of which each connection would warn.
c.ServerApp.tornado_settings = {"ws_ping_timeout": 30_000}
