# Shortcuts; each is a line that works without `just` too.

# Every check, as CI runs it.
test:
    bash scripts/test.sh

# An Online Boutique incident, to its recovery.
demo:
    bash scripts/demo.sh

# The rules of the house.
tidy:
    cargo run -q -p xtask -- tidy

fmt:
    cargo fmt --all

clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# The same bits in debug, release, on a wider processor, on 1 and 2 threads.
bits:
    bash scripts/bits.sh

# Everything on many seeds, about an hour: docs/soak.md.
soak:
    AEGIS_SOAK=1 cargo test --release -p aegis-testkit --no-fail-fast -- --nocapture --test-threads 1
    cargo nextest run --workspace --release --run-ignored ignored-only -E 'not binary(asking)'
    AEGIS_SOAK=1 bash scripts/test.sh

# Every figure of docs/performance.md, in minutes.
bench:
    bash scripts/bench.sh
