#!/bin/sh
# Makes the virtual environment of the newest MLflow of a major version, unless it is complete.
#   tests/clients/mlflow_environment.sh <2|3>
# It lies in $CICLO_VENVS (build/venvs) and is kept; remove the folder to get what is newest today.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
major=$1
venv="${CICLO_VENVS:-$root/build/venvs}/mlflow-$major"
packages="mlflow>=$major,<$((major + 1)) scikit-learn psutil matplotlib pillow onnx onnxruntime skl2onnx"
# The last 2.x ends no span with newer ones.
if [ "$major" = 2 ]; then packages="$packages opentelemetry-sdk<1.34"; fi
[ "$(cat "$venv/complete" 2>/dev/null)" = "$packages" ] && exit 0
python3 -m venv "$venv"
# shellcheck disable=SC2086  # a list of words
"$venv/bin/pip" install --quiet $packages
echo "$packages" >"$venv/complete"
