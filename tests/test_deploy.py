"""What is in deploy/ is held to today's settings and files, and read by systemd where there is one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safar.settings import Settings

pytestmark = pytest.mark.finding("security-27")
_ROOT = Path(__file__).parent.parent
_DEPLOY = _ROOT / "deploy"


@pytest.mark.parametrize("name", ["safar.service", "Dockerfile"])
def test_every_setting_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"SAFAR_(\w+)", (_DEPLOY / name).read_text(encoding="utf-8")))
    assert named
    assert {one.lower() for one in named} <= set(Settings.model_fields)


def test_the_image_copies_what_there_is_listens_where_we_do_and_has_no_root() -> None:
    text = (_DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (.+)$", text, flags=re.MULTILINE):
        for source in line.split()[:-1]:
            assert (_ROOT / source).exists(), source
    ports = {Settings.model_fields["front_port"].default, Settings.model_fields["console_port"].default}
    assert {int(port) for port in re.search(r"^EXPOSE (.+)$", text, flags=re.MULTILINE)[1].split()} == ports  # type: ignore[index]
    users = re.findall(r"^USER (\w+)$", text, flags=re.MULTILINE)
    assert users == ["safar"]
    assert text.index("\nUSER safar") < text.index("\nCMD ")
    assert f"http://127.0.0.1:{Settings.model_fields['front_port'].default}/health" in text
    wanted = re.search(
        r'requires-python = ">=(3\.\d+)', (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    image = re.search(r"^FROM python:(3\.\d+)-", text, flags=re.MULTILINE)
    assert wanted is not None
    assert image is not None
    assert tuple(map(int, image[1].split("."))) >= tuple(map(int, wanted[1].split(".")))


def test_the_unit_is_what_systemd_understands(tmp_path: Path) -> None:
    unit = (_DEPLOY / "safar.service").read_text(encoding="utf-8")
    for line in ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert re.search(f"^{line}$", unit, flags=re.MULTILINE), line
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("no systemd here")
    copy = tmp_path / "safar.service"
    copy.write_text(unit.replace("/opt/safar/.venv/bin/safar", sys.executable), encoding="utf-8")
    found = subprocess.run([tool, "verify", str(copy)], capture_output=True, text=True, check=False)
    said = [line for line in found.stderr.splitlines() if "safar.service" in line]
    assert (found.returncode, said) == (0, [])
