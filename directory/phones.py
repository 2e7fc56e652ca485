"""Numbers people can dial: short codes stay as they are, letters become digits, what nobody can dial is refused."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult, shortnumberinfo

from directory.records import Phone
from directory.wording import _

CELL_LIMIT = 100
# Numbers of resources whose links and groups are kept in memory.
_KEPT = 10_000
_NORTH_AMERICA = 1
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_MISREAD = str.maketrans("OoIl", "0011")
_ALIKE = str.maketrans({**dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("\u200b\u200e\u200f\u202a\u202c\u2060\ufeff")})
_PRESS = re.compile(r"[\s,;(]*(?:then\s+)?(?:press|option)\s+(\d{1,3})\)?$", re.IGNORECASE)
_EXTENSION = re.compile(r"[\s,;(]*(?:extension|extn?\.?|x|ext=)\s*(\d{1,8})\)?$", re.IGNORECASE)
_DAMAGED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+|\d{7,}[.,]0+")
_BETWEEN = re.compile(r"\s*(?:[/;,|&\n]|\bor\b|\band\b)\s*", re.IGNORECASE)
_NO_DIGITS = re.compile(r"[^0-9]+")
_FICTIONAL = re.compile(r"\+1\d{3}55501\d\d")
_NUMBER = re.compile(r"[+*]?[\d\s().\-/]+")


def dialable(text: str, country: str) -> Phone:
    """Return a phone number people in ``country`` (ISO 3166-1 alpha-2) can dial.

    E.164, or a bare short code: 988, 741741 and 116 123 stay as they are, for a crisis line must never become something
    that does not ring. Vanity letters become digits. "ext 115" and "press 1" at the end are kept apart.

    Raises:
        ValueError: "is not a phone number", "is two numbers", ...; finishes the sentence "'ring us' ...".
    """
    if len(text) > CELL_LIMIT:
        raise ValueError(f"is too long for a phone number ({CELL_LIMIT} characters at most)")
    body = unicodedata.normalize("NFKC", text).translate(_ALIKE)
    if not body.isascii():
        body = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in body)
    body = body.strip().removeprefix("tel:").strip()
    if _DAMAGED.fullmatch(body):
        digits = "ten digits" if phonenumbers.country_code_for_region(country) == _NORTH_AMERICA else "its digits"
        raise ValueError(f"is a number a spreadsheet damaged ({body}); write all {digits}")
    press = extension = None
    if found := _PRESS.search(body):
        press, body = found[1], body[: found.start()]
    if found := _EXTENSION.search(body):
        extension, body = found[1], body[: found.start()]
    body = _alone(body, country)
    number = _vanity(body, country) if any(c.isalpha() for c in body) else _number(body, country)
    return Phone(number, extension, press)


def sms_number(text: str, country: str) -> str:
    """Return a number people in ``country`` can text: E.164 or a bare short code.

    Raises:
        ValueError: as ``dialable``; an extension or a menu cannot be texted.
    """
    phone = dialable(text, country)
    if phone.extension or phone.press:
        raise ValueError("cannot be texted; write the number alone, and the word to send into sms_keyword")
    return phone.number


@lru_cache(maxsize=_KEPT)
def tel_href(phone: Phone) -> str:
    """Return the ``tel:`` link that really rings.

    A short code is never dressed as an international number, and a number that cannot be called from abroad (13 11 14
    in Australia) is dialled as at home. Extension and menu follow two pauses (a comma is two seconds on Android and
    iOS): RFC 3966's ``;ext=115`` is sent by Android as the tones 398115, letters taken for digits.
    """
    number = phone.number
    if number.startswith("+"):
        parsed = phonenumbers.parse(number)
        if not phonenumbers.can_be_internationally_dialled(parsed):
            number = re.sub(r"\D", "", phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
    return ",,".join(part for part in (f"tel:{number}", phone.extension, phone.press) if part)


def sms_href(number: str, keyword: str | None = None) -> str:
    """Return the ``sms:`` link, with the word to send where there is one.

    RFC 5724 says ``?body=``; iOS wants ``&body=``; both read ``?&body=``.
    """
    return f"sms:{number}?&body={quote(keyword, safe='')}" if keyword else f"sms:{number}"


def display(phone: Phone, country: str) -> str:
    """Return a number grouped as people of ``country`` read it: "1-800-662-4357", "116 123", "988, then press 1"."""
    shown = _grouped(phone.number, country)
    if phone.extension:
        shown = _("{number} ext. {extension}", number=shown, extension=phone.extension)
    return _("{number}, then press {key}", number=shown, key=phone.press) if phone.press else shown


@lru_cache(maxsize=_KEPT)
def _grouped(number: str, country: str) -> str:
    if not number.startswith("+"):
        return f"116 {number[3:]}" if len(number) == 6 and number.startswith("116") else number
    parsed = phonenumbers.parse(number)
    digits = str(parsed.national_number)
    if parsed.country_code == _NORTH_AMERICA and len(digits) == 10 and digits[:3] in _TOLL_FREE:
        return f"1-{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    home = parsed.country_code == phonenumbers.country_code_for_region(country)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL)


def is_fictional(phone: Phone) -> bool:
    """Return whether this is one of the North American numbers kept for fiction, 555-0100 to 555-0199."""
    return _FICTIONAL.fullmatch(phone.number) is not None


def is_emergency(number: str, country: str) -> bool:
    """Return whether libphonenumber holds ``number`` for an emergency number of ``country``."""
    return bool(phonenumbers.is_emergency_number(number, country))


def _alone(body: str, country: str) -> str:
    """The one number of a cell: digits said twice ("800.662.HELP (4357)") are one, "0800/1110111" is one in Germany."""
    said, _, again = body.rstrip(" )").rpartition("(")
    if said.strip() and again and _keyed(said).endswith(_keyed(again)) and len(_keyed(again)) > 2:
        body = said.strip()
    parts = [part for part in _BETWEEN.split(body) if part]
    if sum(len(_digits(part)) > 2 for part in parts) > 1 and not _is_valid(_digits(body), country):
        raise ValueError("is two numbers; write one, and put the other into the description")
    return body


def _vanity(body: str, country: str) -> str:
    """Letters as digits: 1-800-273-TALK, 13YARN. Digits stand before them, and together they are a whole number."""
    for word in re.findall(r"[A-Za-z\d]+", body):
        letters = set(word) - set("0123456789")
        if letters and letters <= set("OoIl") and (len(letters) < len(set(word)) or len(word) < 3):
            raise ValueError(f"has the letter {min(letters)} where a digit belongs; write {word.translate(_MISREAD)}")
    if not body.isascii() or re.match(r"\+?\(?\d[\d\s().\-]*\d", body) is None:
        raise ValueError("is not a phone number")
    try:
        number = _number(body.upper().translate(_KEYPAD), country)
    except ValueError:
        number = ""
    if not number.startswith("+"):
        raise ValueError("is not a phone number; write its letters as digits")
    return number


def _number(body: str, country: str) -> str:
    body = body.strip()
    digits = _digits(body)
    if not digits or _NUMBER.fullmatch(body) is None:
        raise ValueError("is not a phone number")
    if len(digits) > 15:
        two = len(list(phonenumbers.PhoneNumberMatcher(body, country))) > 1
        raise ValueError("is two numbers; write one, and put the other into the description" if two else _UNDIALABLE)
    if body.startswith("*"):
        return _star_code(digits, country)
    if body.startswith("+"):
        return _international(digits, country)
    # 000 rings in Australia and 111 in Vietnam; 0000 and 999999 nowhere.
    same = len(set(digits)) == 1 and (len(digits) > 4 or digits[0] == "0")
    if same and not _is_known_short_code(digits, country):
        raise ValueError(_UNDIALABLE)
    parsed = _parsed(body, country)
    if parsed is not None and _is_home_number(parsed, country):
        return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if _is_short_code(digits, parsed, country):
        return digits
    raise ValueError(_why_not(parsed, country))


_UNDIALABLE = "is not a number anybody can dial"


def _why_not(parsed: PhoneNumber | None, country: str) -> str:
    reason = None if parsed is None else phonenumbers.is_possible_number_with_reason(parsed)
    if reason == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return "has no area code"
    if reason == ValidationResult.TOO_SHORT:
        return f"has too few digits for a number in {country}"
    if reason == ValidationResult.TOO_LONG:
        return f"has too many digits for a number in {country}"
    return f"is not a number people in {country} can dial; check its digits"


def _parsed(body: str, country: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(body, country)
    except phonenumbers.NumberParseException:
        return None


def _is_valid(digits: str, country: str) -> bool:
    parsed = _parsed(digits, country)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _is_home_number(parsed: PhoneNumber, country: str) -> bool:
    if parsed.country_code != phonenumbers.country_code_for_region(country):
        return False
    # Most are of this very region, which is asked in half the time.
    is_valid = phonenumbers.is_valid_number_for_region(parsed, country) or phonenumbers.is_valid_number(parsed)
    return is_valid or _is_longer_free_number(parsed, country)


def _is_longer_free_number(parsed: PhoneNumber, country: str) -> bool:
    """Whether a number begins as the country's free numbers do, and only its length, possible there, is unknown.

    libphonenumber's patterns for free numbers lag behind in small countries (Samoa's 800-LIFE has one digit more).
    """
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.TOLL_FREE)
    if example is None or phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return False
    number, known = str(parsed.national_number), str(example.national_number)
    return number[:3] == known[:3] and len(number) > len(known)


def _is_short_code(digits: str, parsed: PhoneNumber | None, country: str) -> bool:
    """Whether a bare number is dialled as it stands. libphonenumber knows some codes, of others only the length.

    Taken besides: the services of social value, 116 and three digits, in Europe (Decision 2007/116/EC), and, outside the US
    and Canada where every code is listed, codes of three to five digits too short for a number (1056 in Greece, 14416 in
    India; three in the Caribbean).
    """
    if parsed is None or parsed.country_code != phonenumbers.country_code_for_region(country):
        return False
    is_european = str(parsed.country_code)[0] in "34"  # the zones of Europe among country calling codes (ITU-T E.164)
    if _is_known_short_code(digits, country) or (is_european and re.fullmatch(r"116\d{3}", digits)):
        return True
    prefix = phonenumbers.ndd_prefix_for_region(country, True)
    bare = digits.removeprefix(prefix) if prefix else digits
    if bare != digits and _is_known_short_code(bare, country):
        raise ValueError(f"is the short code {bare} behind a {prefix}, which does not ring; write {bare}")
    if parsed.country_code == _NORTH_AMERICA:
        return country not in {"US", "CA"} and len(digits) == 3
    return 3 <= len(digits) <= 5


def _is_known_short_code(digits: str, country: str) -> bool:
    parsed = _parsed(digits, country)
    return parsed is not None and shortnumberinfo.is_valid_short_number_for_region(parsed, country)


def _star_code(digits: str, country: str) -> str:
    """A code behind a star (*4141 in Chile); in North America those are settings of the telephone, not services."""
    if 3 <= len(digits) <= 5 and phonenumbers.country_code_for_region(country) not in (0, _NORTH_AMERICA):
        return f"*{digits}"
    raise ValueError(_UNDIALABLE)


def _international(digits: str, country: str) -> str:
    parsed = _parsed("+" + digits, country)
    if parsed is None:
        raise ValueError(_UNDIALABLE)
    code = parsed.country_code or 0
    national = digits.removeprefix(str(code))
    home = code == phonenumbers.country_code_for_region(country)
    if not (_is_home_number(parsed, country) if home else phonenumbers.is_valid_number(parsed)):
        known = any(_is_known_short_code(national, each) for each in phonenumbers.region_codes_for_country_code(code))
        if known or re.fullmatch(r"116\d{3}" if code == _NORTH_AMERICA else r"116\d{3}|\d{3,5}", national):
            raise ValueError(f"is the short code {national} dressed as an international number; write {national}")
        raise ValueError(_UNDIALABLE)
    if not home:
        raise ValueError(f"is a number of another country (+{code})")
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def _keyed(text: str) -> str:
    return _digits(text.upper().translate(_KEYPAD))


def _digits(text: str) -> str:
    return _NO_DIGITS.sub("", text)
