#!/bin/sh
# Everything at once for a while, with its memory, threads and open files watched: 600 seconds, or as
# many as are asked for. Fails when something grows.
set -eu
cd "$(dirname "$0")/.."
export ODE_TEST_SOAK_SECONDS="${1:-600}"
exec cargo test --locked --release --package ode-rs --test reliability -- \
    --exact soak::everything_for_a_while_grows_nothing --nocapture
