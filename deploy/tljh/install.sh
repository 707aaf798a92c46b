#!/bin/bash
# Sets up this course on The Littlest JupyterHub: sudo bash deploy/tljh/install.sh INSTRUCTOR   (may be run again)
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: bash install.sh INSTRUCTOR, which is the instructor's name on the hub" >&2
  exit 2
fi

account="jupyter-$1"  # what the hub calls the account of that name
hub=/opt/tljh/user
exchange=/srv/nbgrader/exchange

if [ "$(id -u)" -ne 0 ]; then
  echo "install.sh: not root; try: sudo bash $0 $1" >&2
  exit 2
fi
if [ ! -x "$hub/bin/python" ]; then
  echo "install.sh: there is no $hub/bin/python: install The Littlest JupyterHub first" >&2
  exit 2
fi
home=$(getent passwd "$account" | cut -d: -f6)
repository="$home/backprop"
if [ -z "$home" ] || [ ! -f "$repository/nbgrader_config.py" ]; then
  echo "install.sh: expected this repository in the home of $account, as backprop/" >&2
  exit 2
fi

# The answers, the submissions and the gradebook are for the instructor alone.
chown -R "$account:" "$repository"
chmod 700 "$repository"

# All but the project itself, which requirements.txt installs as a link into a folder that learners cannot enter.
others=$(mktemp)
grep -v '^-e ' "$repository/requirements.txt" > "$others"
"$hub/bin/python" "$repository/tools/set_up.py" "$others"
"$hub/bin/python" -m pip install --no-deps --force-reinstall "$repository"
rm "$others"

install -D -m 644 "$repository/deploy/tljh/nbgrader_config.py" "$hub/etc/jupyter/nbgrader_config.py"
install -d -o "$account" "$home/.jupyter"
install -o "$account" -m 644 "$repository/deploy/tljh/instructor_nbgrader_config.py" "$home/.jupyter/nbgrader_config.py"

# Everybody may put things here; it is nbgrader that says what may be read.
install -d -o "$account" /srv/nbgrader
install -d -o "$account" -m 777 "$exchange"

# Learners have no use for what makes and grades assignments.
for extension in formgrader create-assignment course-list; do
  "$hub/bin/jupyter" labextension disable --level=sys_prefix "@jupyter/nbgrader:$extension"
done
for extension in formgrader course_list; do
  "$hub/bin/jupyter" server extension disable --sys-prefix "nbgrader.server_extensions.$extension"
done
for extension in formgrader create-assignment; do
  sudo -Hu "$account" "$hub/bin/jupyter" labextension enable --level=user "@jupyter/nbgrader:$extension"
done
sudo -Hu "$account" "$hub/bin/jupyter" server extension enable --user nbgrader.server_extensions.formgrader

tljh-config reload
echo "Done. The instructor works in $repository"
