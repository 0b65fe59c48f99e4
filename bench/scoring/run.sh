#!/bin/bash
# Requests a second of POST /score with a small ONNX model beside nginx answering the same bytes from memory, in one run:
# server on core 0, wrk on core 1, with one and with 32 connections. Checks every kind of answer first, and the
# statuses of the load afterwards.
#
# usage: bench/scoring/run.sh [build folder, default build/release] [seconds for each measurement, default 5]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
seconds=${2:-5}
for program in wrk nginx jq curl taskset; do
  command -v "$program" >/dev/null || { echo "$program is missing: run scripts/setup" >&2; exit 1; }
done
for program in ciclo-scorer ciclo_scoring_test_models; do
  [ -x "$build/bin/$program" ] || { echo "$build/bin/$program is missing: build it first" >&2; exit 1; }
done

work=$(mktemp -d)
scorer_pid=
nginx_pid=
finish() {
  [ -z "$scorer_pid" ] || kill "$scorer_pid" 2>/dev/null || true
  [ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

"$build/bin/ciclo_scoring_test_models" "$work"
body='{"input_data":{"columns":["temp","wind","wet","city"],"index":[0],"data":[[20.5,3.0,0,"porto"]]}}'
expected='["sun"]'
sum=$(printf secret | sha256sum | cut -d' ' -f1)

wait_for() {  # <file>
  for _ in $(seq 200); do
    [ -s "$1" ] && return
    sleep 0.05
  done
  echo "$1 did not appear" >&2
  cat "$work"/*.log >&2
  exit 1
}

start_scorer() {  # <name> <collect: true or false>
  cat >"$work/$1.json" <<JSON
{"endpoint": "bench", "port_file": "$1.port", "auth": {"mode": "key", "keys_sha256": ["$sum"]},
 "deployments": [{"name": "blue", "model": {"path": "softmax"}, "collect": {"inputs": $2, "outputs": $2}}],
 "traffic": {"blue": 100}, "collection": {"folder": "collected"}}
JSON
  taskset -c 0 "$build/bin/ciclo-scorer" --config "$work/$1.json" 2>"$work/$1.log" &
  scorer_pid=$!
  wait_for "$work/$1.port"
  scorer_url="http://127.0.0.1:$(jq .port "$work/$1.port")/score"
  local answer
  answer=$(curl -sS -H 'Authorization: Bearer secret' -d "$body" "$scorer_url")
  [ "$answer" = "$expected" ] || { echo "wrong answer: $answer" >&2; exit 1; }
}

stop_scorer() {
  kill "$scorer_pid"
  wait "$scorer_pid" || true
  scorer_pid=
}

# nginx cannot choose a free port by itself.
nginx_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo 18089)
cat >"$work/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  server { listen 127.0.0.1:$nginx_port; location / { default_type application/json; return 200 '$expected'; } }
}
CONF
taskset -c 0 nginx -c "$work/nginx.conf" -p "$work" 2>"$work/nginx-start.log" &
nginx_pid=$!
wait_for "$work/nginx.pid"
nginx_url="http://127.0.0.1:$nginx_port/score"
[ "$(curl -sS -d "$body" "$nginx_url")" = "$expected" ] || { echo "nginx answers something else" >&2; exit 1; }

cat >"$work/post.lua" <<LUA
wrk.method = "POST"
wrk.body = '$body'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer secret"
LUA

load() {  # <url> <connections>: requests a second
  local out
  out=$(taskset -c 1 wrk -t1 -c"$2" -d"${seconds}s" -s "$work/post.lua" "$1")
  if grep -qE 'Non-2xx|Socket errors' <<<"$out"; then
    echo "$out" >&2
    exit 1
  fi
  awk '/Requests\/sec/ {print $2}' <<<"$out"
}

report() {  # <name> <ours> <peer> <peer's name>
  echo "RESULT $1 ours=$2 peer=$3 ratio=$(awk -v a="$2" -v b="$3" 'BEGIN {printf "%.3f", a / b}') unit=requests/s peer_name=$4"
}

start_scorer plain false
load "$scorer_url" 32 >/dev/null  # warm
ours_1=$(load "$scorer_url" 1)
peer_1=$(load "$nginx_url" 1)
ours_32=$(load "$scorer_url" 32)
peer_32=$(load "$nginx_url" 32)
stop_scorer
start_scorer collecting true
collecting_32=$(load "$scorer_url" 32)
stop_scorer
report score_rps_c1 "$ours_1" "$peer_1" nginx
report score_rps_c32 "$ours_32" "$peer_32" nginx
report score_collecting_rps_c32 "$collecting_32" "$ours_32" not_collecting
