#!/usr/bin/env bash
# What a graph executor adds to the nodes that it calls: ours beside LangGraph's, in one session on one machine.
#
# A line of 900 nodes that count. Takes the fastest of some runs; says what else the machine does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

need_rust
need_c_compiler
target=${CARGO_TARGET_DIR:-target}
parts=$target/langgraph
if ! "$parts/bin/python" -c 'import langgraph.checkpoint.sqlite' 2>/dev/null; then
    rm -rf "$parts"
    python3 -m venv "$parts"
    "$parts/bin/pip" install --quiet --disable-pip-version-check \
        langgraph==1.2.22 langgraph-checkpoint-sqlite==3.1.2
fi
cargo build --quiet --release -p aegis-benches --example overhead

echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) cores, $("$parts/bin/python" --version)"
"$target/release/examples/overhead"
"$parts/bin/python" scripts/bench-graph.py
