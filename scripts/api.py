#!/usr/bin/env python3
"""What ode promises to those who depend on it, as lists that a change of it has to change.

    scripts/api.py            documents the libraries and compares them with docs/api/*.txt
    scripts/api.py --accept   writes the lists anew
    scripts/api.py --read     does not run cargo, but reads what `cargo doc --all-features` left

A list has one line for each item, field, variant, method and implemented trait that rustdoc shows:
with every feature, and without what is hidden, which nobody is promised. Signatures are as rustdoc
writes them, so the lists belong to one release of the compiler, as the texts of the macro tests do.
"""

import difflib
import html
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTS = ROOT / "docs/api"
# The crate, and the package that is documented for it.
LIBRARIES = {
    "ode": "ode-rs",
    "ode_core": "ode-core",
    "ode_exporters": "ode-exporters",
    "ode_macros": "ode-macros",
}
# What a type is by itself counts as promised where these are concerned.
AUTO_TRAITS = ("Send", "Sync")
# Said in one line for each type.
PLAIN_TRAITS = (
    "Clone", "Copy", "Debug", "Default", "Display", "Eq", "Error", "Hash", "Ord", "PartialEq",
    "PartialOrd", *AUTO_TRAITS,
)


def target():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


def document():
    packages = [argument for package in LIBRARIES.values() for argument in ("-p", package)]
    command = ["cargo", "doc", "--locked", "--no-deps", "--all-features", "--quiet", *packages]
    subprocess.run(command, cwd=ROOT, check=True)


def plain(markup):
    """Text without tags, in one line."""
    # Numbers of methods not shown, notes on must-use traits: neither is code.
    markup = re.sub(r'<a [^>]*class="(?:src|tooltip|doc-anchor)[^>]*>.*?</a>', "", markup, flags=re.S)
    markup = markup.replace('<div class="where', ' <div class="where')
    markup = re.sub(r'<(?:details|summary)[^>]*>|</(?:details|summary)>', " ", markup)
    text = html.unescape(re.sub(r"<[^>]+>", "", markup))
    text = re.sub(r"//[^\n]*", "", text)
    text = " ".join(text.split())
    text = re.sub(r"(#\[[^]]*\])(?=\S)", r"\1 ", text)
    return text.replace("( ", "(").replace(", )", ")").replace("ⓘ", "").strip()


def section(page, start, ends):
    """The part of a page from one heading to the next of `ends`."""
    begin = page.find(f'id="{start}"')
    if begin < 0:
        return ""
    found = [page.find(f'id="{end}"', begin) for end in ends]
    stop = min((at for at in found if at >= 0), default=len(page))
    return page[begin:stop]


def headers(part, level):
    pattern = rf'<h{level} class="code-header">(.*?)</h{level}>'
    return [plain(found) for found in re.findall(pattern, part, flags=re.S)]


def declaration(page):
    found = re.search(r'<pre class="rust item-decl"><code>(.*?)</code></pre>', page, flags=re.S)
    return plain(found.group(1)) if found else ""


def traits(path, name, page):
    """What a type implements, by hand or by itself, but not what everything does."""
    after = ("synthetic-implementations", "blanket-implementations")
    found = headers(section(page, "trait-implementations", after), 3)
    auto = re.compile(rf"\b(?:{'|'.join(AUTO_TRAITS)}) for ")
    by_itself = headers(section(page, "synthetic-implementations", after[1:]), 3)
    found += [header for header in by_itself if auto.search(header)]
    plainly = [trait for trait in PLAIN_TRAITS if f"impl {trait} for {name}" in found]
    lines = [f"{path} is {' + '.join(plainly)}"] if plainly else []
    said = {f"impl {trait} for {name}" for trait in (*plainly, "StructuralPartialEq")}
    return lines + [f"{path} {header}" for header in found if header not in said]


def item(path, kind, page):
    """The lines of one item."""
    *_, module, name = path.split("::")
    # What is only another way to something is there, and that is all.
    if module == "prelude" or kind in ("macro", "attr", "derive"):
        return [f"{path}: {kind}"]
    lines = [f"{path}: {declaration(page)}"]
    if kind in ("struct", "enum", "type", "union"):
        rest = ("trait-implementations", "synthetic-implementations", "blanket-implementations")
        own = headers(section(page, "implementations", rest), 4)
        lines += [f"{path} {method}" for method in own] + traits(path, name, page)
    if kind == "trait":
        others = section(page, "foreign-impls", ("implementors",))
        lines += [f"{path} {header}" for header in headers(others, 3)]
    return lines


def pages(crate):
    """Each page of a crate's documentation, with the path of its module."""
    docs = target() / "doc" / crate
    for file in sorted(docs.rglob("*.html")):
        module = "::".join([crate, *file.parent.relative_to(docs).parts])
        page = file.read_text()
        # The guide is no code, and some pages only lead to others.
        if "::_guide" not in module and 'http-equiv="refresh"' not in page:
            yield module, file.stem, page


def listed(crate):
    """The lines of each item of a crate, by its path and kind."""
    items = {}
    for module, stem, page in pages(crate):
        kind, _, name = stem.partition(".")
        if stem == "index":
            uses = re.findall(r"<code>(pub use .*?)</code>", page, flags=re.S)
            items[module, "mod"] = [f"{module}: mod", *(f"{module}: {plain(use)}" for use in uses)]
        elif name and not stem.endswith("!"):
            items[f"{module}::{name}", kind] = item(f"{module}::{name}", kind, page)
    return items


def all_listed():
    """The lines of each crate. What `ode` shows of `ode_core` is said there."""
    lists = {crate: listed(crate) for crate in LIBRARIES}
    core = lists["ode_core"]
    # At the root of the core by one more `use`.
    again = {line.rpartition("::")[2].rstrip(";") for line in core["ode_core", "mod"] if "::" in line}

    def is_of_core(path, kind):
        there = path.replace("ode", "ode_core", 1)
        return path != "ode" and ((there, kind) in core or path.removeprefix("ode::") in again)

    lists["ode"] = {key: lines for key, lines in lists["ode"].items() if not is_of_core(*key)}
    lists["ode"]["ode", "mod"].append("ode: pub use ode_core::*;")
    return {
        crate: sorted({f"{line}\n" for lines in items.values() for line in lines})
        for crate, items in lists.items()
    }


def main():
    arguments = sys.argv[1:]
    if set(arguments) - {"--accept", "--read"}:
        sys.exit(__doc__)
    if "--read" not in arguments:
        document()
    changed = False
    for crate, now in all_listed().items():
        path = LISTS / f"{crate}.txt"
        if len(now) < 2:
            sys.exit(f"{crate} is not documented below {target() / 'doc'}")
        if "--accept" in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(now))
            continue
        before = path.read_text().splitlines(keepends=True)
        name = path.relative_to(ROOT)
        difference = list(difflib.unified_diff(before, now, f"{name}", "the code", n=0))
        sys.stdout.writelines(difference)
        changed = changed or bool(difference)
    if changed:
        sys.exit("The public API is not what docs/api says. Where it is meant: scripts/api.py --accept")


main()
