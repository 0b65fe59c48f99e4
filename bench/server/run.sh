#!/usr/bin/env bash
# The server at rest, and what a pipeline step costs over the bare process.
#   RESULT server_start_s, server_rest_mb: ours beside the aims of the design (0.3 s, 60 MB)
#   RESULT step_overhead_ms: a step of an empty pipeline beside the same program started by a shell
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PATH="${CICLO_BIN:-$root/build/release/bin}:$PATH"
work=$(mktemp -d)
export CICLO_CONFIG="$work/config.json"
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
ms() { echo $(($(date +%s%N) / 1000000)); }

start() { # a start on a folder that is there: from exec until a request is answered
  rm -f "$work/data/server.json"
  local began
  began=$(ms)
  ciclo server --data "$work/data" --port 0 >/dev/null 2>"$work/log" &
  server=$!
  until [ -s "$work/data/server.json" ]; do read -rt 0.005 <> <(:) || true; done
  curl -fsS "$(jq -r .url "$work/data/server.json")/health" >/dev/null
  start_ms=$(($(ms) - began))
}
start
kill "$server"
wait "$server" || true
best=999999
for turn in 1 2 3 4 5; do
  [ "$turn" = 1 ] || { kill "$server"; wait "$server" || true; }
  start
  if [ "$start_ms" -lt "$best" ]; then best=$start_ms; fi
done
rss=$(awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$server/status")
awk -v a="$best" 'BEGIN { printf "RESULT server_start_s ours=%.3f peer=0.300 ratio=%.2f unit=s peer_name=aim\n", a / 1000, 300 / a }'
awk -v a="$rss" 'BEGIN { printf "RESULT server_rest_mb ours=%.1f peer=60.0 ratio=%.2f unit=MB peer_name=aim\n", a, 60 / a }'

# Twenty steps one after the other, each the program `true`; what the server says a step took, without the wait for its turn.
url=$(jq -r .url "$work/data/server.json")
ciclo login --server "$url" --token-file "$work/data/admin.token" -o none
ciclo configure --defaults workspace=default
steps=20
{
  echo "type: pipeline"
  echo "settings: {force_rerun: true}"
  echo "jobs:"
  for i in $(seq $steps); do
    echo "  s$i:"
    echo "    type: command"
    echo "    command: 'true'"
    echo "    outputs: {o: {type: uri_folder}}"
    if [ "$i" != 1 ]; then printf '    inputs: {i: "${{parent.jobs.s%s.outputs.o}}"}\n' $((i - 1)); fi
  done
} >"$work/pipeline.yml"
began=$(ms)
ciclo job create --file "$work/pipeline.yml" --stream >"$work/out"
whole=$(($(ms) - began))
grep -q Completed "$work/out"
began=$(ms)
for _ in $(seq $steps); do /bin/sh -c true; done
bare=$(($(ms) - began))
awk -v w="$whole" -v b="$bare" -v n=$steps 'BEGIN { o = (w - b) / n; printf "RESULT step_overhead_ms ours=%.1f peer=20.0 ratio=%.2f unit=ms peer_name=aim\n", o, 20 / o }'
