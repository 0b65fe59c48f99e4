#!/bin/sh
# Ciclo beside `mlflow server` and FastTrackML, both over SQLite, in one run: see bench.py.
#   bench/tracking/run.sh [--quick] [--only log_metric,search]
# The peers are installed from PyPI into build/venvs, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
export CICLO_BIN="${CICLO_BIN:-$root/build/release/bin}"
install() { # name, packages
  venv="$root/build/venvs/$1"
  shift
  [ -f "$venv/complete" ] && return
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "$@"
  touch "$venv/complete"
}
"$root/tests/clients/mlflow_environment.sh" 3
install fasttrackml 'fasttrackml==0.6.0'
exec python3 "$root/bench/tracking/bench.py" "$@"
