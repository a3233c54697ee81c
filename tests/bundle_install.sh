#!/usr/bin/env bash
# Makes a bundle for this machine, installs it from its own folder alone, and works in it.
# Needs the `labs` command; takes two to three minutes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
labs bundle "$folder/course" --no-solutions
cd "$folder/course"

# No index, no extra places to look, no cache: the folder has to be enough.
unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL PYTHONPATH
export PIP_NO_CACHE_DIR=1
eval "$(sed -n 's/^    //p' INSTALL.md)" >pip.log 2>&1 || { tail pip.log; exit 1; }

labs doctor
labs run start
labs reset start
test ! -e notebooks/solutions
echo "The bundle installs without a network."
