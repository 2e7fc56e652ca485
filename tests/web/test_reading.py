"""What the pages say reads as the sixth grade does, in both languages, and is safe to say."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import textstat
from babel.messages.pofile import read_po

from directory import clean
from directory.web.languages import FOLDER

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import translations


def sentence(text: str) -> str:
    bare = re.sub(r"<[^>]*>", "", re.sub(r"\{[^}]*\}", "one", text)).strip()
    return bare[:1].upper() + bare[1:] + ("" if bare.endswith((".", "?", "!")) else ".")


def several(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[-1]


def test_all_words_of_the_pages_read_as_the_sixth_grade_does() -> None:
    textstat.set_lang("en")
    english = " ".join(sentence(several(message.id)) for message in translations.words() if message.id)
    assert textstat.flesch_kincaid_grade(english) <= 6


def test_so_do_the_spanish_ones() -> None:
    textstat.set_lang("es")
    with (FOLDER / "es" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        spanish = " ".join(sentence(several(message.string)) for message in read_po(file) if message.id)
    assert textstat.fernandez_huerta(spanish) >= 70


def test_no_words_of_the_pages_are_unsafe_to_say() -> None:
    for message in translations.words():
        if message.id:
            assert clean.safe_messaging_warning(several(message.id)) is None
