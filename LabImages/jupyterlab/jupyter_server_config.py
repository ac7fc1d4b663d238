"""How JupyterLab runs behind Carrel's edge: at the root of a hostname of its own, TLS ended in front of it."""

import os

c = get_config()  # noqa: F821 (defined by Jupyter)

# Everybody who reaches the port and knows the token is this lab's learner. Without one, Jupyter would make up its own,
# which the edge would not know; with an empty one, the door would stand open.
token = os.environ.get("JUPYTER_TOKEN", "")
if not token:
    raise SystemExit("JUPYTER_TOKEN is not set: the broker gives every lab a token of its own; by hand, use any random text")
c.IdentityProvider.token = token
c.PasswordIdentityProvider.allow_password_change = False

c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 8888
# Another port than the published one would be a lab that nobody reaches.
c.ServerApp.port_retries = 0
c.ServerApp.base_url = "/"
c.ServerApp.root_dir = "/home/learner"

# The Host it sees is the session's public hostname, and only the edge knows that the browser speaks TLS.
c.ServerApp.allow_remote_access = True
c.ServerApp.trust_xheaders = True

c.ServerApp.open_browser = False
c.ServerApp.terminals_enabled = True

# The end of a lab is the broker's decision: it knows activity, reservations and warnings.
c.ServerApp.quit_button = False
c.ServerApp.shutdown_no_activity_timeout = 0

# No lab asks the outside world for anything by itself, and learners cannot act on an update.
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
