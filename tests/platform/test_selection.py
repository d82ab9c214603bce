"""`-k name` imports the files that say the name, and no test of that name is lost."""

import pytest

from tests.fixtures import selection


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("pick", ["pick"]),
        ("Cora and picks", ["cora", "picks"]),
        ("(pick or draft) and offers", ["pick", "draft", "offers"]),
        ("pick and not draft", []),  # what fits may have any other word
        ("not pick", []),
        ("", []),
    ],
)
def test_the_words_of_an_expression(expression: str, words: list[str]) -> None:
    assert selection.words_of(expression) == words


def test_files_are_found_by_text_and_path() -> None:
    here = {file.name for file in selection.files_with(["test_the_words_of_an_expression"])}
    assert here == {"test_selection.py"}
    assert "test_selection.py" in {file.name for file in selection.files_with(["selection"])}
    assert selection.files_with(["no-such-" + "word"]) == set()


def test_every_quick_place_has_tests() -> None:
    """A file that is moved is not lost from it."""
    files = selection.quick_files()
    for place in selection.QUICK:
        assert any(file.is_relative_to(selection.TESTS / place) for file in files), place
