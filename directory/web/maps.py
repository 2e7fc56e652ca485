"""What the script of the map asks for once somebody presses "Show map". What they searched is not asked for again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from directory.web.site import Site
from directory.wording import _


def blueprint(site: Site) -> Blueprint:
    """Return the route of what the script of the map asks for: words, files, tiles. It is the same for everybody."""
    routes = Blueprint("maps", __name__)

    @routes.get("/map.json")
    def settings() -> dict[str, Any]:
        tiles, own = site.config.map_tiles, site.static_address
        return {
            "leaflet": own("leaflet/leaflet.js"),
            "styles": [own("leaflet/leaflet.css"), own("map/map.css")],
            "drawing": own("map/drawing.js"),
            "tiles": tiles,
            "outlines": [] if tiles else [own("map/world.json"), own("map/us.json")],
            "words": {
                "label": _("Map of the places in the list"),
                "keys": _("Press Tab to go to a place, and Enter to go to its entry. Arrow keys move the map."),
                "pin": _("The place itself"),
                "area": _("Somewhere in this area: we know only the ZIP or city, or the address is kept private"),
                "searched": _("Where you searched"),
                "entry": _("On the map: {number}", number="{number}"),
                "nearer": _("Zoom in"),
                "farther": _("Zoom out"),
                "hide": _("Hide map"),
                "credit": site.config.map_tiles_credit
                if tiles
                else _("Outlines: Natural Earth and U.S. Census Bureau (world-atlas, us-atlas). Drawn by Leaflet."),
            },
        }

    return routes
