"""JupyterLab behind Carrel's edge: at the root of a hostname of its own, with TLS terminated at the edge."""

import os

c = get_config()  # noqa: F821 (defined by Jupyter)

# Anybody who reaches the port and has the token is this lab's learner. Without a token, Jupyter would generate its own,
# which the edge would not know; with an empty one, access would be open.
token = os.environ.get("JUPYTER_TOKEN", "")
if not token:
    raise SystemExit("JUPYTER_TOKEN is not set: the broker gives every lab a token of its own; by hand, use any random text")
c.IdentityProvider.token = token
c.PasswordIdentityProvider.allow_password_change = False

c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 8888
# On any port but the published one, nobody could reach the lab.
c.ServerApp.port_retries = 0
c.ServerApp.base_url = "/"
c.ServerApp.root_dir = "/home/learner"

# Host is the session's public hostname, and only the edge knows that the browser uses TLS.
c.ServerApp.allow_remote_access = True
c.ServerApp.trust_xheaders = True

c.ServerApp.open_browser = False
c.ServerApp.terminals_enabled = True

# The broker decides when a lab ends: it knows about activity, reservations and warnings.
c.ServerApp.quit_button = False
c.ServerApp.shutdown_no_activity_timeout = 0

# Labs make no requests to the outside on their own, and learners cannot install an update.
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
