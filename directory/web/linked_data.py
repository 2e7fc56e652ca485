"""A resource for machines that read schema.org, and the list of pages for search engines (https://schema.org, sitemaps.org)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from directory import matches
from directory.clean import safe_url
from directory.records import Kind
from directory.web.languages import NAMES

IN_A_SITEMAP = 10_000
_TYPES = {str(Kind.THERAPIST): "MedicalBusiness", str(Kind.TREATMENT_PROGRAM): "MedicalBusiness"}
_PRECISE = frozenset({"source", "address"})


def resource(row: Mapping[str, Any], address: str, at: datetime) -> dict[str, Any]:
    """Return a page about one resource as JSON-LD: what its page says, and never more.

    No street of a confidential place; no position that is only an area's centre; nothing about cost or hours, which grow
    old; when it was last checked only if anybody did.
    """
    place = {
        "@type": "PostalAddress",
        "streetAddress": None if row["confidential_location"] else row["address_1"],
        "addressLocality": row["city"],
        "addressRegion": row["region"],
        "postalCode": None if row["confidential_location"] else row["postal_code"],
        "addressCountry": row["country"],
    }
    is_exact = row["latitude"] is not None and row["precision"] in _PRECISE and not row["confidential_location"]
    thing = {
        "@type": _TYPES.get(row["kind"], "Organization"),
        "name": row["name"],
        "description": row["description"],
        "url": safe_url(row["url"]),
        "telephone": row["phone"],
        "email": row["email"],
        "address": _present(place) if row["city"] or row["address_1"] else None,
        "geo": {"@type": "GeoCoordinates", "latitude": row["latitude"], "longitude": row["longitude"]}
        if is_exact
        else None,
        "knowsLanguage": list(row["languages"]) or None,
    }
    page = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "url": address,
        "lastReviewed": row["last_checked"].isoformat()
        if row["last_checked"] and not matches.is_stale(row, at)
        else None,
        "mainEntity": _present(thing),
    }
    return _present(page)


def sitemap_index(host: str, last_id: int) -> Iterator[str]:
    """Yield the index of all sitemaps: one of the pages, and one for each 10,000 ids of resources."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    for number in range(last_id // IN_A_SITEMAP + 2):
        yield f"<sitemap><loc>{escape(host)}/sitemaps/{number}.xml</loc></sitemap>\n"
    yield "</sitemapindex>\n"


def sitemap(host: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield a sitemap of pages, each with its address in every language."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
    )
    for path in paths:
        alternates = "".join(
            f'<xhtml:link rel="alternate" hreflang="{tag}" href="{escape(f"{host}/{tag}{path}")}"/>' for tag in NAMES
        )
        yield f"<url><loc>{escape(host + path)}</loc>{alternates}</url>\n"
    yield "</urlset>\n"


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}
