#!/usr/bin/env bash
# Breaks a simulated Online Boutique and lets AEGIS mend it. Needs no network once the crates are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

scenario=${1:-online-boutique-oom}
out=${2:-runs/demo-$(date +%Y%m%d-%H%M%S)}

echo "Builds the aegis binary (release: 4 minutes on two cores from nothing, seconds when built),"
echo "then runs $scenario: 20 simulated minutes in about a second."
need_rust
need_c_compiler
timed build cargo build --release -p aegis
aegis=${CARGO_TARGET_DIR:-target}/release/aegis

# Exit code 1 says that an objective was missed: a result to look at, not a failure of the demo.
status=0
"$aegis" run "$scenario" --out "$out" || status=$?
if [ "$status" -gt 1 ]; then
    exit "$status"
fi

echo
echo "What the run left in $out:"
(cd "$out" && wc -c -- *)
echo
echo "Open in a browser: file://$(cd "$out" && pwd)/report.html"
