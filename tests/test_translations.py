"""Every string on screen speaks all four languages."""

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
CATALOGUES = sorted((ROOT / "src" / "safar" / "locale").glob("*/LC_MESSAGES/safar.po"))


def test_every_string_is_in_every_catalogue_and_translated() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/translations.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"run scripts/translations.py and translate what is new:\n{done.stdout}"
    assert len(CATALOGUES) == 3


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_translations_keep_their_placeholders(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3])
    assert [(message.id, errors) for message, errors in catalogue.check()] == []
