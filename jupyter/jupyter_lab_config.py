"""JupyterLab in this project: no news, no update notices, nothing written outside."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from scripts.saving import keep_unedited  # the project's root has to be on the path first

c = get_config()  # Jupyter puts get_config into this file's names

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# The course runs in an environment of pinned packages, so extensions are not added by hand.
c.LabApp.extension_manager = "readonly"
# Looking for language servers starts npm, which leaves files in the user's home; the course needs none.
c.LanguageServerManager.autodetect = False
c.ContentsManager.pre_save_hook = keep_unedited
