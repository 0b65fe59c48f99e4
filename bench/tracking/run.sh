#!/bin/sh
# Log-metric requests a second, and the time of a filtered search: Ciclo beside `mlflow server` over SQLite, in one run.
#   bench/tracking/run.sh [path of ciclo] [seconds of each measurement, default 5]
# The peer is installed from PyPI into build/venvs/mlflow-3, once. Checks that what was acknowledged is there.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
ciclo=$(realpath "${1:-${CICLO_BIN:-$root/build/release/bin}/ciclo}")
seconds=${2:-5}
python="$root/build/venvs/mlflow-3/bin/python"
if [ ! -f "$root/build/venvs/mlflow-3/complete" ]; then
  python3 -m venv "$root/build/venvs/mlflow-3"
  "$root/build/venvs/mlflow-3/bin/pip" install --quiet 'mlflow>=3,<4' scikit-learn
  touch "$root/build/venvs/mlflow-3/complete"
fi

folder=$(mktemp -d)
server=
peer=
finish() {
  for process in $server $peer; do kill "$process" 2>/dev/null || true; done
  for process in $server $peer; do wait "$process" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT INT TERM

"$ciclo" server --data "$folder/data" --port 0 >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 200); do
  [ -s "$folder/data/server.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/server.log"; exit 1; }
  sleep 0.05
done
ours=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$folder/data/server.json")

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
theirs="http://127.0.0.1:$port"
# A session of its own, so that its workers end with it.
(cd "$folder" && exec setsid "$root/build/venvs/mlflow-3/bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 2 \
  --backend-store-uri "sqlite:///$folder/mlflow.db" --artifacts-destination "$folder/artifacts" >"$folder/mlflow.log" 2>&1) &
peer=$!
stop_peer() { kill -- "-$peer" 2>/dev/null || true; }
trap 'stop_peer; finish' EXIT INT TERM

MLFLOW_TRACKING_TOKEN=$(cat "$folder/data/admin.token") "$python" "$root/bench/tracking/load.py" "$ours" "$theirs" "$seconds"
