#!/usr/bin/env bash
# Every property that is tried on hostile input, on a million cases each; `cargo test` tries a few.
# `FUZZ_CASES` in the environment sets another number. Needs no nightly compiler; takes two hours on two
# cores.
#
# With cargo-fuzz and a nightly compiler: cargo +nightly fuzz run jsonl_lines (see fuzz/Cargo.toml).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export FUZZ_CASES=${FUZZ_CASES:-1000000} CARGO_TERM_COLOR=never
# Files that are rewritten a million times are better in memory than on a disk.
[[ -d /dev/shm ]] && export TMPDIR=${TMPDIR:-/dev/shm}

# Package, the target that cargo tests, and the properties in it.
targets=(
    "ode-core --test=propagation fuzz"
    "ode-exporters --test=jsonl fuzz"
    "ode-exporters --test=jsonl properties"
    "ode-exporters --test=otlp_encode fuzz"
    "ode-exporters --test=otlp_encode properties"
    "ode-exporters --test=otlp_encode quick"
    "ode-rs --test=flags hostile"
    "ode-rs --lib environment::any"
)

failed=()
for target in "${targets[@]}"; do
    read -r package test filter <<<"$target"
    printf '\n=== %s %s %s: %s cases of each property (after %d s)\n' \
        "$package" "$test" "$filter" "$FUZZ_CASES" "$SECONDS"
    output=$(mktemp)
    if ! cargo test --locked --quiet --release -p "$package" "$test" -- "$filter" 2>&1 | tee "$output"; then
        failed+=("$target")
    # A filter that matches nothing has tried nothing.
    elif ! grep -q '^test result: ok\. [1-9]' "$output"; then
        failed+=("$target (no property)")
    fi
    rm -f "$output"
done

if ((${#failed[@]})); then
    printf '\nscripts/fuzz.sh: failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
printf '\nscripts/fuzz.sh: all of it held (%d s)\n' "$SECONDS"
