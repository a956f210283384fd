"""Writes rollout-vectors.tsv: salt, key, bucket of the gate, bucket of the variant.

A second implementation of the buckets, from their description in `ship/rollout/bucket.rs` and not
from its code: whole numbers of any size, masked, where Rust wraps.

    python3 rollout-vectors.py > rollout-vectors.tsv
"""

import sys

MASK = 2**64 - 1


def fnv1a(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def fmix64(state):
    state ^= state >> 33
    state = (state * 0xFF51AFD7ED558CCD) & MASK
    state ^= state >> 33
    state = (state * 0xC4CEB9FE1A85EC53) & MASK
    return state ^ (state >> 33)


def bucket(purpose, salt, key):
    data = b"\0".join(part.encode() for part in ("ode1", purpose, salt, key))
    return fmix64(fnv1a(data)) * 1_000_000 // 2**64


SALTS = ["new_codec", "compress", "a", "2026-11", "Größe", "jobs.compress/v2"]
KEYS = [f"user-{n}" for n in range(12)]
KEYS += [str(n) for n in (0, 1, 9, 10, 99, 2**32, 2**63, 2**64 - 1)]
KEYS += [f"{n:08x}-0000-4000-8000-{n * n:012x}" for n in range(1, 9)]
KEYS += ["", " ", "  ", "00", "null", "none", "-", ".", "*", "\\", "'", '"', "a b", "A", "a", "aa"]
KEYS += ["ä", "a\u0308", "ß", "Ω", "日本語", "Ελλάδα", "🦀", "👩‍👩‍👧", "\u200b", "\u00a0", "\ufeff"]
KEYS += ["ada@example.com", "ADA@EXAMPLE.COM", "/tenants/7", "urn:app:7", "x" * 255, "y" * 1024]

out = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n")
for salt in SALTS:
    for key in KEYS:
        out.write(f"{salt}\t{key}\t{bucket('gate', salt, key)}\t{bucket('variant', salt, key)}\n")
