#!/usr/bin/env bash
# Embedding, probes and variant scores on a GPU, in under ten minutes, without a network:
#   bash benchmarks/gpu.sh                              # writes data/results/perf/gpu.csv and glm.csv
#   bash benchmarks/gpu.sh --device cpu --scale 0.1     # the same at a tenth of the size
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] || make setup
exec timeout 580 .venv/bin/python -m benchmarks.gpu "$@"
