#!/usr/bin/env bash
# The same input gives the same bits: hashes of worlds, compared between builds and numbers of threads.
#
# `testkit/examples/bits.rs` prints a line of hashes for fixed worlds after fixed numbers of ticks,
# with as many threads as RAYON_NUM_THREADS says. Its output must not depend on anything here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

echo "Builds the world three ways (debug, release, x86-64-v3) and compares hashes; about 6 minutes on two cores from nothing."
need_rust
need_c_compiler

target=${CARGO_TARGET_DIR:-target}
reference=
compared=0

# Runs one build in one setting and compares its hashes with those of the first.
compare() {
    local title=$1 said
    shift
    said=$(env "$@")
    compared=$((compared + 1))
    if [ -z "$said" ]; then
        echo "$title: no hash was printed" >&2
        exit 1
    fi
    if [ -z "$reference" ]; then
        reference=$said
        printf '%s\n' "$said"
    elif [ "$said" != "$reference" ]; then
        echo "$title: other bits" >&2
        diff <(echo "$reference") <(echo "$said") >&2 || true
        exit 1
    fi
    echo "same: $title"
}

# One build with 1 and 2 threads, and with the C library told that the processor is older.
compare_build() {
    local title=$1 binary=$2 threads
    for threads in 1 2; do
        compare "$title, $threads threads" RAYON_NUM_THREADS="$threads" "$binary"
    done
    compare "$title, no FMA" GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2 "$binary"
}

build() {
    cargo build --quiet -p aegis-testkit --example bits "$@"
}

build
compare_build debug "$target/debug/examples/bits"
build --release
compare_build release "$target/release/examples/bits"
if grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then
    RUSTFLAGS='-C target-cpu=x86-64-v3' build --profile bits
    compare_build x86-64-v3 "$target/bits/examples/bits"
else
    echo "not compared: x86-64-v3, this processor lacks AVX2 or FMA"
fi
echo "$compared runs gave the same bits"
