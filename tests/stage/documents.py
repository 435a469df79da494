"""Documents as people read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest


def read(pdf: bytes, folder: Path) -> str:
    """Return the text of a PDF, its marks of direction left out; without poppler-utils skip the test."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    path = folder / "document.pdf"
    path.write_bytes(pdf)
    found = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True)
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", found.stdout)
