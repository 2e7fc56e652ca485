"""Numbers people can dial: short codes stay as they are, letters become digits, what nobody can dial is refused."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import shortnumberinfo

from directory.records import Phone

CELL_LIMIT = 100
# Short codes are three to six digits, now and then behind a star (ITU-T E.164 gives no list; *4141 in Chile).
_SHORT = re.compile(r"\*?\d{3,6}")
_PRESS = re.compile(r",?\s*(?:then\s+)?(?:press|option)\s+(\d{1,3})$", re.IGNORECASE)
_EXTENSION = re.compile(r",?\s*(?:extension|ext\.?|x|;ext=)\s*(\d{1,8})$", re.IGNORECASE)
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_TWO = re.compile(r"\d\s*(?:/|;|,|\bor\b|\band\b|&)\s*[+(]?\d", re.IGNORECASE)
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_NORTH_AMERICA = 1
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})


def dialable(text: str, country: str) -> Phone:
    """Return a phone number people in ``country`` (ISO 3166-1 alpha-2) can dial.

    E.164, or a bare short code: 988, 741741 and 116 123 stay as they are, for a crisis line must never become something
    that does not ring. Vanity letters become digits. "ext 115" and "press 1" at the end are kept apart.

    Raises:
        ValueError: "is not a phone number", "is two numbers", ...; finishes the sentence "'ring us' ...".
    """
    if len(text) > CELL_LIMIT:
        raise ValueError(f"is too long for a phone number ({CELL_LIMIT} characters at most)")
    body = unicodedata.normalize("NFKC", text).strip().removeprefix("tel:").strip()
    if _DAMAGED.fullmatch(body):
        raise ValueError(f"is a number a spreadsheet damaged ({body}); write all its digits")
    press = extension = None
    if found := _PRESS.search(body):
        press, body = found[1], body[: found.start()]
    if found := _EXTENSION.search(body):
        extension, body = found[1], body[: found.start()]
    if _TWO.search(body):
        raise ValueError("is two numbers; write one, and put the other into the description")
    return Phone(_number(_spelt_out(body), country), extension, press)


def sms_number(text: str, country: str) -> str:
    """Return a number people in ``country`` can text: E.164 or a bare short code.

    Raises:
        ValueError: as ``dialable``; an extension or a menu cannot be texted.
    """
    phone = dialable(text, country)
    if phone.extension or phone.press:
        raise ValueError("cannot be texted; write the number alone, and the word to send into sms_keyword")
    return phone.number


def tel_href(phone: Phone) -> str:
    """Return the ``tel:`` link (RFC 3966); a short code is never dressed as an international number.

    A choice in a menu follows two pauses, as iOS and Android dial ``,`` (Apple URL Scheme Reference, Phone Links).
    """
    link = "tel:" + phone.number
    if phone.extension:
        link += f";ext={phone.extension}"
    return link + f",,{phone.press}" if phone.press else link


def sms_href(number: str, keyword: str | None) -> str:
    """Return the ``sms:`` link with the word to send (RFC 5724)."""
    return f"sms:{number}?body={keyword}" if keyword and keyword.isalnum() and keyword.isascii() else f"sms:{number}"


def display(phone: Phone, country: str) -> str:
    """Return a number grouped as people of ``country`` read it: "1-800-662-4357", "116 123", "988, then press 1"."""
    shown = phone.number
    if shown.startswith("+"):
        parsed = phonenumbers.parse(shown)
        digits = str(parsed.national_number)
        if parsed.country_code == _NORTH_AMERICA and len(digits) == 10 and digits[:3] in _TOLL_FREE:
            shown = f"1-{digits[:3]}-{digits[3:6]}-{digits[6:]}"
        else:
            home = parsed.country_code == phonenumbers.country_code_for_region(country)
            style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
            shown = phonenumbers.format_number(parsed, style)
    elif len(shown) == 6 and shown.startswith("116"):
        shown = f"116 {shown[3:]}"
    if phone.extension:
        shown += f" ext. {phone.extension}"
    return f"{shown}, then press {phone.press}" if phone.press else shown


def is_fictional(phone: Phone) -> bool:
    """Return whether this is one of the North American numbers kept for fiction, 555-0100 to 555-0199."""
    return re.fullmatch(r"\+1\d{3}55501\d\d", phone.number) is not None


def is_emergency(number: str, country: str) -> bool:
    """Return whether libphonenumber holds ``number`` for an emergency number of ``country``."""
    return bool(phonenumbers.is_emergency_number(number, country))


def _spelt_out(body: str) -> str:
    """Turn vanity letters into digits ("800.662.HELP (4357)" is one number); refuse a letter that slipped in."""
    if not any(c.isalpha() for c in body):
        return body
    found = re.fullmatch(
        r"([+\d][\d\s().\-]*?[\s.\-)])([A-Za-z][A-Za-z\-. ]{2,12})((?:\s*\(?[\d\s\-]+\)?)?)", body.strip()
    )
    if found is None:
        if re.search(r"\d[oO]|[oO]\d", body):
            raise ValueError("has the letter O where a zero belongs")
        raise ValueError("is not a phone number")
    digits = "".join(c for c in found[2].upper().translate(_KEYPAD) if c.isdigit())
    rest = "".join(c for c in found[3] if c.isdigit())
    return found[1] + digits + ("" if digits.endswith(rest) else rest)


def _number(body: str, country: str) -> str:
    if re.fullmatch(r"\s*\+?[\d\s().\-/*‐-―]+", body) is None:
        raise ValueError("is not a phone number")
    digits = "".join(c for c in body if c.isdigit())
    if not digits or set(digits) == {"0"} or len(digits) > 15:
        raise ValueError("is not a number anybody can dial")
    plus, star = body.lstrip().startswith("+"), body.lstrip().startswith("*")
    code = phonenumbers.country_code_for_region(country)
    if plus:
        return _international(digits, code)
    try:
        parsed = phonenumbers.parse(body, country)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is not None and not star and phonenumbers.is_valid_number(parsed) and parsed.country_code == code:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    short = ("*" if star else "") + digits
    if _SHORT.fullmatch(short):
        return short
    if parsed is not None and not star and _is_longer_free_number(parsed, country):
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    raise ValueError(
        f"is not a number people in {country} can dial; check its digits, or write it with + and country code"
    )


def _international(digits: str, code: int) -> str:
    try:
        parsed = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        raise ValueError("is not a number anybody can dial") from None
    national = digits.removeprefix(str(code))
    if digits.startswith(str(code)) and _SHORT.fullmatch(national) and not phonenumbers.is_valid_number(parsed):
        region = phonenumbers.region_code_for_country_code(code)
        if shortnumberinfo.is_possible_short_number_for_region(phonenumbers.parse(national, region), region):
            raise ValueError(f"is the short code {national} dressed as an international number; write {national}")
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("is not a number anybody can dial")
    if parsed.country_code != code:
        raise ValueError(f"is a number of another country (+{parsed.country_code})")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _is_longer_free_number(parsed: phonenumbers.PhoneNumber, country: str) -> bool:
    """Tell whether a number begins as the country's free numbers do and has a length possible there.

    libphonenumber's patterns for free numbers lag behind in small countries (Samoa's 800-LIFE has one digit more).
    """
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.TOLL_FREE)
    if example is None:
        return False
    possible = phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
    return possible and str(parsed.national_number)[:3] == str(example.national_number)[:3]
