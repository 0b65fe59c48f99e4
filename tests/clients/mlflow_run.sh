#!/bin/sh
# Runs the MLflow client suite with the newest 2.x and 3.x packages against a real server.
#   tests/clients/mlflow_run.sh <path of ciclo> [2|3 …]
# The virtual environments are made once, in build/venvs, and kept.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
ciclo=$(realpath "${1:?give the path of the program ciclo}")
shift
[ $# -gt 0 ] || set -- 2 3

environment() { # <major>: makes build/venvs/mlflow-<major> unless it is complete
  venv="$root/build/venvs/mlflow-$1"
  [ -f "$venv/complete" ] && return
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "mlflow>=$1,<$(($1 + 1))" scikit-learn
  touch "$venv/complete"
}

folder=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT INT TERM

for major in "$@"; do environment "$major"; done

"$ciclo" server --data "$folder/data" --port 0 >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 200); do
  [ -s "$folder/data/server.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/server.log"; exit 1; }
  sleep 0.05
done
url=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$folder/data/server.json")
MLFLOW_TRACKING_TOKEN=$(cat "$folder/data/admin.token")
export MLFLOW_TRACKING_TOKEN MLFLOW_HTTP_REQUEST_MAX_RETRIES=0 GIT_PYTHON_REFRESH=quiet PYTHONWARNINGS=ignore
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MPLBACKEND=Agg

status=0
for major in "$@"; do
  # By the bare root, and by a workspace's own prefix.
  for prefix in "" /workspaces/default; do
    echo "mlflow $major.x, $url$prefix"
    MLFLOW_TRACKING_URI="$url$prefix" "$root/build/venvs/mlflow-$major/bin/python" \
      "$root/tests/clients/mlflow_client_test.py" "$major$(echo "$prefix" | tr -c 'a-z\n' '-')" || status=1
  done
done
[ $status -eq 0 ] || tail -20 "$folder/server.log"
exit $status
