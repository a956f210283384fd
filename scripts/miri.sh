#!/usr/bin/env bash
# The pure parts under Miri, which needs a nightly compiler:
#   rustup toolchain install nightly --component miri rust-src
#
# ode forbids `unsafe` code, so this looks at what its dependencies do with what ode gives them, and
# at leaks. What talks to the system, to files or to the network is left out: Miri has neither.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=never MIRIFLAGS=${MIRIFLAGS:--Zmiri-disable-isolation}
# A few cases: every step takes a thousand times as long.
export FUZZ_CASES=${FUZZ_CASES:-8} PROPTEST_CASES=${PROPTEST_CASES:-8}

if ! cargo +nightly miri --version; then
    echo 'scripts/miri.sh: there is no Miri here; the first lines of this file say what to install' >&2
    exit 1
fi
cargo +nightly miri test -p ode-core --lib -- event:: record:: redact:: pipeline::next pipeline::backoff propagation::
cargo +nightly miri test -p ode-exporters --no-default-features --lib -- write:: jsonl::draft jsonl::encode
