#!/bin/sh
# Runs the MLflow client suites with the newest 2.x and 3.x packages against a real server.
#   tests/clients/mlflow_run.sh <path of ciclo> [2|3 …]
# SUITES='tracking …' runs only those of tests/clients/mlflow_suite.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
ciclo=$(realpath "${1:?give the path of the program ciclo}")
shift
[ $# -gt 0 ] || set -- 2 3
venvs=${CICLO_VENVS:-$root/build/venvs}
for major in "$@"; do "$root/tests/clients/mlflow_environment.sh" "$major"; done

folder=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT INT TERM

"$ciclo" server --data "$folder/data" --port 0 >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 1200); do
  [ -s "$folder/data/server.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/server.log"; exit 1; }
  sleep 0.05
done
CICLO_URL=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$folder/data/server.json")
MLFLOW_TRACKING_TOKEN=$(cat "$folder/data/admin.token")
CICLO_BIN=$(dirname "$ciclo")
# What the clients leave behind (models' environments, configuration) goes with the folder.
HOME=$folder
export HOME CICLO_URL CICLO_BIN MLFLOW_TRACKING_TOKEN MLFLOW_HTTP_REQUEST_MAX_RETRIES=0 GIT_PYTHON_REFRESH=quiet PYTHONWARNINGS=ignore
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MPLBACKEND=Agg MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false PYTHONDONTWRITEBYTECODE=1
cd "$folder"

status=0
suites() { # <major> <prefix of the tracking URI> [suite …]
  venv="$venvs/mlflow-$1" uri="$CICLO_URL$2" name="$1$(echo "$2" | tr -c 'a-z\n' '-')"
  shift 2
  echo "$("$venv/bin/mlflow" --version), $uri: ${*:-all suites}"
  MLFLOW_TRACKING_URI="$uri" "$venv/bin/python" "$root/tests/clients/mlflow_client_test.py" "$name" "$@" || status=1
}
for major in "$@"; do
  # By the bare root, and what differs there by a workspace's own prefix.
  # shellcheck disable=SC2086  # a list of words
  suites "$major" "" ${SUITES:-}
  [ -n "${SUITES:-}" ] || suites "$major" /workspaces/default artifacts models tracking
done
[ $status -eq 0 ] || tail -20 "$folder/server.log"
exit $status
