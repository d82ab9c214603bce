"""How large a large file is."""

import pytest

from service.domain.imports.files import uploads
from tests.imports.large import LARGE


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the small size the worker takes care of smaller files, too."""
    assert uploads.IN_REQUEST == 500
    monkeypatch.setattr(uploads, "IN_REQUEST", LARGE - 1)
