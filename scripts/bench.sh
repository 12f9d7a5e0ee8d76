#!/usr/bin/env bash
# Every figure of docs/performance.md, measured anew: benches with their references, then the binary.
#
# Prints for each bench that has a reference what it costs as a multiple of it. Takes the fastest of
# the samples: a machine that does other things makes samples slower, never faster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

echo "Builds for release and measures; about 6 minutes on two cores from nothing, 1 when built."
need_rust
need_c_compiler

target=${CARGO_TARGET_DIR:-target}
log=$(mktemp)
runs=$(mktemp -d)
trap 'rm -rf "$log" "$runs"' EXIT

cargo build --quiet --release -p aegis
cargo bench --quiet -p aegis-benches | tee "$log"

echo
echo "each bench by its reference (fastest of both)"
LC_ALL=C awk '
    BEGIN { scale["ns"] = 1; scale["us"] = 1e3; scale["ms"] = 1e6; scale["s"] = 1e9 }
    {
        gsub(/µs/, "us"); gsub(/[^ -~]/, " ")
        if ($1 !~ /^[a-z]/ || $2 !~ /^[0-9.]+$/ || !($3 in scale)) next
        cost[$1] = $2 * scale[$3]; order[++count] = $1
    }
    END {
        for (i = 1; i <= count; i++) {
            name = order[i]; reference = name "_reference"
            if (reference in cost)
                printf "  %-34s %12.1f ns %12.1f ns %8.2f x\n", name, cost[name], cost[reference], cost[name] / cost[reference]
        }
    }' "$log"

# Fewest milliseconds of some runs of a command.
fastest() {
    local times=$1 best='' start end took
    shift
    while [ "$times" -gt 0 ]; do
        start=${EPOCHREALTIME/./} && "$@" >/dev/null && end=${EPOCHREALTIME/./}
        took=$((end - start)) times=$((times - 1))
        if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
    done
    echo "$((best / 1000)).$((best % 1000 / 100)) ms"
}

# An incident with its artifacts, each in a folder of its own.
incident() {
    "$target/release/aegis" run online-boutique-oom --seed 7 --data-dir "$runs" 2>/dev/null
}

echo
echo "the binary"
echo "  size, stripped: $(($(wc -c <"$target/release/aegis") / 1000)) kB"
echo "  start, aegis version: $(fastest 20 "$target/release/aegis" version)"
echo "  incident, artifacts written: $(fastest 5 incident)"
