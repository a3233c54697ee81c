"""JupyterHub for a room of learners on one Linux machine; README.md beside it says how to use it.

Load it from a configuration of your own, and set there what is yours::

    load_subconfig("/srv/labs/docs/hub/jupyterhub_config.py")
    c.Authenticator.admin_users = {"ada"}

Variables of the environment, all optional:

- ``LABS_HUB_CODE``: a trial. Whoever knows this code signs in under any name; all run as the user
  who started the hub. So it is refused on any address but loopback.
- ``LABS_HUB_PORT``: where browsers connect; default 8000.
- ``LABS_HUB_CERT`` and ``LABS_HUB_KEY``: files of a certificate. With them the hub answers on all
  addresses, encrypted; without them on loopback alone.
- ``LABS_HUB_STATE``: a folder for the hub's database and secrets; default ``/var/lib/labs-hub``, in
  a trial ``~/.local/share/labs-hub``.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub gives it

HERE = Path(__file__).resolve().parent
COURSE = HERE.parents[1]
CODE = os.environ.get("LABS_HUB_CODE")
CERT, KEY = os.environ.get("LABS_HUB_CERT"), os.environ.get("LABS_HUB_KEY")
SYSTEMD = Path("/run/systemd/system").is_dir()  # as sd_booted(3) asks

if CODE is not None and len(CODE) < 8:
    raise ValueError("LABS_HUB_CODE is shorter than 8 characters. Choose a longer one.")
if CODE is not None and os.geteuid() == 0:
    raise ValueError(
        "LABS_HUB_CODE is for a trial. Start it as an ordinary user, not as root."
    )
if bool(CERT) != bool(KEY):
    raise ValueError(
        "LABS_HUB_CERT and LABS_HUB_KEY belong together: set both, or neither."
    )
if CODE and CERT:
    raise ValueError(
        "A class code is for a trial on loopback: unset LABS_HUB_CERT and LABS_HUB_KEY, or unset "
        "LABS_HUB_CODE and choose an authenticator."
    )

# Where it answers ----------------------------------------------------------------------------

port = int(os.environ.get("LABS_HUB_PORT", "8000"))
c.JupyterHub.bind_url = f"https://:{port}" if CERT else f"http://127.0.0.1:{port}"
if CERT:
    c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = CERT, KEY

# npm install in this folder puts the proxy here.
c.ConfigurableHTTPProxy.command = [str(HERE / "node_modules/.bin/configurable-http-proxy")]
# Two more ports, on loopback: the proxy's own and the hub's.
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 1}"
c.JupyterHub.hub_port = port + 2

# What it remembers ---------------------------------------------------------------------------

default = Path.home() / ".local/share/labs-hub" if CODE else Path("/var/lib/labs-hub")
state = Path(os.environ.get("LABS_HUB_STATE") or default)
state.mkdir(mode=0o700, parents=True, exist_ok=True)
c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")

# Who may sign in -----------------------------------------------------------------------------

# A name becomes a folder's or a unix user's.
c.Authenticator.username_pattern = r"[a-z][a-z0-9_-]{0,31}"
if CODE:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = CODE
    c.Authenticator.allow_all = True
else:
    # The users of this machine that are in the group labs; README.md names other ways.
    c.JupyterHub.authenticator_class = "pam"
    c.LocalAuthenticator.allowed_groups = {"labs"}

# What a learner gets -------------------------------------------------------------------------

if CODE:
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = f"{state}/homes/{{username}}"
elif SYSTEMD:
    c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
    c.SystemdSpawner.isolate_tmp = True
    # Learners share what is free: a limit alone would leave cores idle.
    c.SystemdSpawner.unit_extra_properties = {"CPUWeight": "100", "TasksMax": "512"}
else:
    c.JupyterHub.spawner_class = "localprocess"

c.Spawner.cmd = ["/bin/sh", str(HERE / "begin.sh")]
c.Spawner.environment = {"PATH": f"{COURSE}/.venv/bin:/usr/local/bin:/usr/bin:/bin"}
c.Spawner.notebook_dir = "~/labs"
c.Spawner.default_url = "/lab/tree/00_start_here.ipynb"
c.Spawner.mem_limit = "2G"  # the heaviest lab, its server and one more kernel
c.Spawner.cpu_limit = 2.0
# In a room that signs in at once all servers start at once, and slowly.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300

# What nobody uses ----------------------------------------------------------------------------

# A kernel whose page is closed, and which computes nothing, ends after half an hour.
c.Spawner.args = [
    "--LabApp.extension_manager=readonly",
    "--MappingKernelManager.cull_idle_timeout=1800",
    "--MappingKernelManager.cull_interval=300",
]
# A server on which nothing runs ends after two hours. Files and progress stay.
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=7200"],
    }
]
