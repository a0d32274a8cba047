#!/usr/bin/env bash
# Measures kdad-edge and the same method in PyTorch in turns on this machine, and writes the tables of docs/benchmarks.md:
#   bench/compare.sh [PAIRS [--quick]]      5 pairs when left out, a minute each, and twenty minutes for the rest; build before
# It needs Mosquitto, too.
# KDAD_PYTHON is a Python with torch, KDAD_REFERENCE the program in PyTorch, KDAD_PAGE the page to write to. Both train on KDAD_DATASET with
# KDAD_TEACHER, where these are there.
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${1:-5}
python=${KDAD_PYTHON:-python3}
reference=${KDAD_REFERENCE:-../shared/bench/reference_stfpm.py}
dataset=${KDAD_DATASET-../shared/data/bottle}
teacher=${KDAD_TEACHER:-../shared/teacher/resnet18-imagenet.safetensors}

fail() {
  echo "bench/compare.sh: $1" >&2
  exit 4
}
[[ $pairs =~ ^[1-9][0-9]*$ ]] || fail "expected a number of pairs, not \"$pairs\""
[ -f dist/main.js ] || fail 'dist/main.js is missing: run npm run build'
[ -f "$reference" ] || fail "$reference is missing: name the program in PyTorch with KDAD_REFERENCE"
"$python" -c 'import numpy, torch' 2>/dev/null || fail "$python has no torch to compare with. Install it, and name that Python:
  python3 -m venv torch && torch/bin/pip install torch==2.13.0 numpy && KDAD_PYTHON=torch/bin/python bench/compare.sh"
if [ -d "$dataset" ] && [ -f "$teacher" ]; then
  "$python" -c 'import PIL, safetensors, scipy, sklearn' 2>/dev/null ||
    fail "$python lacks what the reference trains with: pip install pillow safetensors scipy scikit-learn, or KDAD_DATASET= to leave training out"
else
  echo "bench/compare.sh: no training to an AUROC: $dataset or $teacher is missing" >&2
  dataset=
fi
command -v mosquitto >/dev/null || fail 'mosquitto is missing: apt install mosquitto'

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TORCH_THREADS=${TORCH_THREADS:-$(nproc)}
say() { echo "== $1" >&2; }

say 'a small model'
node bench/compare/make-model.js "$folder"
for pair in $(seq "$pairs"); do
  say "pair $pair of $pairs"
  node dist/main.js bench --json --only inference,training --model "$folder/model" >"$folder/kdad-edge-$pair.json"
  "$python" "$reference" speed >"$folder/reference-$pair.json"
done
if [ -n "$dataset" ]; then
  for seed in 0 1 2; do
    say "training to an AUROC, seed $seed"
    node bench/time-to-auroc.js --data "$dataset" --teacher "$teacher" --seeds "$seed" >>"$folder/auroc-kdad-edge.jsonl"
    "$python" "$reference" train "$dataset" --teacher "$teacher" --seed "$seed" >>"$folder/auroc-reference.jsonl"
  done
fi
say 'resolution and cameras'
node bench/scaling.js --model "$folder/model" >"$folder/scaling.json"
say 'from a camera to the broker'
seconds=$([ "${2:-}" = --quick ] && echo 5 || echo 30)
node bench/latency.js --scene "$folder/scene" --seconds "$seconds" >"$folder/latency-one.txt"
node bench/latency.js --scene "$folder/scene" --seconds "$seconds" --cameras 4 --size 1280x720 --starts 0 >"$folder/latency-four.txt"
say 'what this box can do'
node dist/main.js bench "${@:2}" >"$folder/bench.txt"
node bench/compare/write.js "$folder" "${KDAD_PAGE:-docs/benchmarks.md}"
