"""Writes rollout-vectors.tsv: salt, key, bucket of the gate, bucket of the variant.

A second implementation of the buckets, from their description in `ship/rollout/bucket.rs` and not
from its code, with the hash of the reference implementation in C (the package `xxhash`).

    python3 rollout-vectors.py > rollout-vectors.tsv
"""

import sys

from xxhash import xxh3_64_intdigest as xxh3


def bucket(purpose, salt, key):
    seed = xxh3(salt.encode(), seed=xxh3(purpose.encode()))
    return xxh3(key.encode(), seed=seed) * 1_000_000 // 2**64


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
