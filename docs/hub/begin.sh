#!/bin/sh
# What JupyterHub runs for a learner, as the learner: bring the notebooks, then serve them.
set -u
course=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$course/.venv/bin:$PATH
LABS_NOTEBOOKS=$HOME/labs
export PATH LABS_NOTEBOOKS

# What a learner writes, others do not read; a group may, such as the instructors'.
umask 027
# A cell that asks for more memory than the hub grants gets a MemoryError, and its kernel lives.
# It holds for each process; under systemd the hub also limits all of a learner's together.
if [ -n "${MEM_LIMIT:-}" ]; then
    ulimit -d $((MEM_LIMIT / 1024))
fi

mkdir -p "$LABS_NOTEBOOKS" && cd "$LABS_NOTEBOOKS" || exit 1
labs update || echo "The notebooks are as they were; the server starts with them." >&2
exec jupyterhub-singleuser "$@"
