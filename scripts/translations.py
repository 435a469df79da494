"""Bring the catalogues up to date with the strings on screen: `uv run python scripts/translations.py [fa …]`.

Collects `_()`, `N_()`, `ngettext()`, `pgettext()` and template strings, and the messages of errors (their
docstrings).
`--check` changes nothing and fails when a string is missing, obsolete or untranslated.
"""

import ast
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parent.parent / "src" / "safar"
LANGUAGES = ("pt_BR", "fa", "hi")
_METHODS = [("**/static/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
_METHODS += [("**/templates/**.txt", "jinja2")]
_JINJA = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do"}
_OPTIONS = {"**/templates/**.html": _JINJA, "**/templates/**.txt": _JINJA}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def strings() -> Catalog:
    """Return every string that a person can see, with where it stands."""
    catalogue = Catalog(project="safar")
    found = extract_from_dir(PACKAGE, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS)
    for file, line, message, comments, context in found:
        if not message:
            continue
        catalogue.add(message, locations=[(file, line)], auto_comments=comments, context=context)
    for file, line, message in error_messages():
        catalogue.add(message, locations=[(file, line)])
    return catalogue


def error_messages() -> list[tuple[str, int, str]]:
    """Return the docstrings of error classes, those with a `code`: they are what people read."""
    found = []
    for path in sorted(PACKAGE.glob("**/*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body if "code = " in source else ():
            if isinstance(node, ast.ClassDef) and _has_code(node) and (text := ast.get_docstring(node)):
                message = " ".join(text.split("\n\n")[0].split())
                found.append((str(path.relative_to(PACKAGE)), node.lineno, message))
    return found


def _has_code(node: ast.ClassDef) -> bool:
    return any(
        isinstance(line, ast.Assign) and [getattr(t, "id", "") for t in line.targets] == ["code"]
        for line in node.body
    )


def main() -> int:
    check = "--check" in sys.argv
    template = strings()
    problems = 0
    chosen = [argument for argument in sys.argv[1:] if argument in LANGUAGES] or LANGUAGES
    for language in chosen:
        path = PACKAGE / "locale" / language / "LC_MESSAGES" / "safar.po"
        catalogue = Catalog(locale=language, project="safar", fuzzy=False)
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
        before = {(message.id, message.context) for message in catalogue if message.id}
        catalogue.update(template, no_fuzzy_matching=True)
        missing = [m for m in catalogue if m.id and not _translated(m.string)]
        added = {(message.id, message.context) for message in catalogue if message.id} - before
        problems += len(missing) + len(added) * check
        print(f"{language}: {len(catalogue)} strings, {len(missing)} to translate")
        if check:
            for message in missing[:10]:
                print(f"  {message.locations[:1]} {message.id!r}")
            continue
        catalogue.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, sort_by_file=True, omit_header=False, include_lineno=False)
    return 1 if problems and check else 0


def _translated(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


if __name__ == "__main__":
    sys.exit(main())
