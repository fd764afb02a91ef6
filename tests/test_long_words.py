"""Words longer than a line: on paper they are broken inside the page, and are whole again when the text is read."""

from __future__ import annotations

import pytest

import pdf_pages
from infusecalc.cli import run
from infusecalc.output import formats, pdf
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Pairs, Rows, Sources
from support import slow, table

MM = 72 / 25.4
DIGITS = "0123456789abcdef" * 8  # 128 hex digits, as a hash has
REASON = "Specialist-agreed".replace("-", "") * 20
LINE = "infliximab crohns --weight 70kg --start 2026-12-01 --has active-tb"
PAPERS = {"a4": (210, 297), "letter": (215.9, 279.4)}


MARGINS = {"clinic": 16, "patient": 13}  # mm
# a page takes seconds to set and to read back: one is quick
PAGES = [("clinic", "a4"), slow("patient", "letter"), slow("clinic", "letter"), slow("patient", "a4")]


def assert_inside(content: bytes, paper: str, sheet: str) -> None:
    """No letter is more than 1 mm beyond the margins (as dates of a line of time are), or near an edge."""
    least = (MARGINS[sheet] - 1) * MM
    for wide, high, letters in pdf_pages.letters(content):
        assert (wide, high) == pytest.approx([each * MM for each in PAPERS[paper]], abs=1)
        for found in letters:
            assert found.left >= least
            assert found.right <= wide - least
            assert 4 * MM <= found.bottom <= found.top <= high - 4 * MM


def joined(content: bytes) -> list[str]:
    """The text of each page without spaces and line ends."""
    return ["".join(page.split()) for page in pdf_pages.texts(content)]


def without_feet(pages: list[str], id_: str) -> str:
    """The text of all pages without what stands at the end of each."""
    foot = f"Regimentable{table().version}"
    assert all(foot in page and page.count(id_) for page in pages)
    return "".join(page.rpartition(foot)[0] for page in pages)


def made(folder, *more: str) -> bytes:
    assert run(["schedule", *LINE.split(), "-o", str(folder / "plan.pdf"), "--quiet", *more]) == 0
    return (folder / "plan.pdf").read_bytes()


@pytest.mark.parametrize(("sheet", "paper"), PAGES)
def test_a_long_id_and_a_long_reason_stay_on_the_page_and_are_whole(sheet, paper, tmp_path):
    more = ["--patient-id", DIGITS, "--accept", f"contraindicated:active-tb={REASON}", "--sheet", sheet]
    content = made(tmp_path, *more, "--paper", paper)
    assert_inside(content, paper, sheet)
    pages = joined(content)
    assert [page.count(DIGITS) for page in pages] == [2] + [1] * (len(pages) - 1), (
        "on top, and at the foot of each page"
    )
    assert without_feet(pages, DIGITS).count(REASON) == (sheet == "clinic")


@pytest.mark.parametrize("sheet", ["clinic", "patient"])
def test_a_long_id_and_a_long_reason_fit_80_columns_and_are_whole_in_markdown(sheet, capfd):
    more = ["--patient-id", DIGITS, "--accept", f"contraindicated:active-tb={REASON}", "--sheet", sheet]
    found = []
    for form in ("table", "md"):
        assert run(["schedule", *LINE.split(), *more, "--format", form]) == 0
        found.append(capfd.readouterr().out)
    assert max(map(len, found[0].splitlines())) <= 80
    assert DIGITS in "".join(found[0].split())
    assert DIGITS in found[1]
    assert [REASON in "".join(text.split()) for text in found] == [sheet == "clinic"] * 2


@pytest.mark.parametrize("letter", ["W", "i"])
def test_the_longest_id_leaves_room_for_the_page(letter, tmp_path):
    accept = ["--accept", "contraindicated:active-tb=agreed"]
    content = made(tmp_path, "--patient-id", letter * 500, *accept, "--sheet", "patient")
    assert_inside(content, "a4", "patient")
    pages = joined(content)
    assert len(pages) <= 4
    assert all(letter * 500 in page for page in pages)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("x" * 501, 501),
        ("\u202e" * 84, 504),  # spelled out in six letters
        ("\U0001f600" * 51, 510),  # spelled out in ten
    ],
    ids=["letters", "marks", "pictures"],
)
def test_an_id_that_would_fill_every_page_is_refused(name, taken, tmp_path, capfd):
    more = ["--accept", "contraindicated:active-tb=agreed", "--patient-id", name, "-o", str(tmp_path / "plan.pdf")]
    assert run(["schedule", *LINE.split(), *more]) == 2
    assert f"is too long for a PDF: {taken} characters (allowed: up to 500)" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_reason_longer_than_a_page_goes_on_to_the_next(tmp_path):
    reason = "W" * 4000  # a page holds some 2,500
    content = made(tmp_path, "--patient-id", "17", "--accept", f"contraindicated:active-tb={reason}")
    assert_inside(content, "a4", "clinic")
    assert reason in without_feet(joined(content), "17")


@pytest.mark.parametrize(("sheet", "paper"), PAGES)
def test_long_words_are_broken_wherever_they_stand(sheet, paper):
    def word(number: int, times: int = 3) -> str:
        """One that is wider than a page, or with `times` of 1 wider than a column alone."""
        return f"{number:02}" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" * times

    blocks: list[Block] = [
        Heading(word(1), TITLE),
        Lines((f"before {word(2)} after", word(3)), listed=True),
        Heading(word(4)),
        Pairs((("name", word(5)), (word(6), "text"), (word(7, 1), word(8, 1)))),
        Rows(("#", word(9), "day"), (("1", word(10), word(11)),), right=(1,)),
        Rows(tuple("abcdefgh"), (tuple(word(12 + each, 1) for each in range(8)),)),
        Rows(("#", "sign"), ((word(20), ""),), boxes=True),
        Rows(("number", "day"), ((word(21), word(22)),), large=True),
        Sources(((word(23), "label", word(24)),)),
    ]
    content = pdf.draw(blocks, f"foot {word(25)}", sheet, formats.PAPERS[paper], word(26))
    assert_inside(content, paper, sheet)
    text = "".join(page.rpartition("foot25")[0] for page in joined(content))
    for number in range(1, 7):
        assert word(number) in text
    for letter in "AMZ":  # what stands beside each other is read page by page: no letter of the 24 words is lost
        assert text.count(letter) == 14 * 3 + 10


def test_ordinary_words_are_not_broken():
    said = "Contraindicated in patients with severe hypersensitivity to murine proteins; thrombocytopenia. " * 20
    content = pdf.draw([Heading("Title", TITLE), Lines((said,))], "foot", "patient", "a4")
    [text] = pdf_pages.texts(content)
    assert said.strip() in text
