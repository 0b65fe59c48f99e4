#!/bin/sh
# 10,000 decisions for a principal in 20 groups: Ciclo beside pycasbin (RBAC with groups, the same policy and questions),
# in one run. The peer is installed from PyPI into build/venvs/casbin, once. Fails when the two differ in any answer.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
programs=${CICLO_BIN:-$root/build/release/bin}
python="$root/build/venvs/casbin/bin/python"
if [ ! -f "$root/build/venvs/casbin/complete" ]; then
  python3 -m venv "$root/build/venvs/casbin"
  "$root/build/venvs/casbin/bin/pip" install --quiet 'casbin>=1.30,<2'
  touch "$root/build/venvs/casbin/complete"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
"$programs/ciclo_bench_access" "$folder"
"$python" "$root/bench/access/peer.py" "$folder"
