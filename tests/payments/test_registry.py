"""One provider is one folder, registered once."""

from importlib import import_module
from pathlib import Path

from safar.payments import providers
from safar.payments.books import names
from safar.payments.registry import KINDS

FOLDERS = sorted(path.parent.name for path in Path(providers.__file__ or "").parent.glob("*/__init__.py"))


def test_every_folder_of_a_provider_is_registered_under_a_name_of_the_books() -> None:
    kinds = [import_module(f"safar.payments.providers.{folder}.kind").KIND for folder in FOLDERS]
    assert sorted(kind.name for kind in kinds) == sorted(KINDS)
    known = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    assert set(KINDS) == known


def test_notices_come_in_below_the_paths_that_are_believed_for_their_signature() -> None:
    from safar.payments.public import SIGNED_PATHS

    paths = [
        route.path  # type: ignore[attr-defined]
        for kind in KINDS.values()
        if kind.notices
        for route in kind.notices.routes(lambda _request: None)  # type: ignore[arg-type,return-value]
    ]
    assert len(paths) >= 3
    assert all(path.startswith(SIGNED_PATHS) for path in paths)
