"""JupyterLab in this project: no news, no update notices, nothing written outside."""

c = get_config()  # noqa: F821  # Jupyter puts get_config into this file's names

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# The course runs in an environment of pinned packages, so extensions are not added by hand.
c.LabApp.extension_manager = "readonly"
