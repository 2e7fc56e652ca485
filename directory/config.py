"""Settings: one frozen object, read once from DIRECTORY_* variables; a misspelt one is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from directory.errors import BadSetting

PREFIX = "DIRECTORY_"
_POSTGRESQL = ("postgresql://", "postgresql+psycopg://")
# The host of a tile address goes into the content policy, so nothing but a plain name and port may stand there.
_TILES = re.compile(r"https://[a-z0-9.-]+(:\d+)?/[^\s;,'\"]*")


def shipped_folder(name: str) -> Path:
    """Return the folder ``data`` or ``templates`` as shipped: beside the package in a checkout, inside it in a wheel.

    An editable install does not see the ``package_dir`` mapping of setup.cfg, so the checkout is looked at first.
    """
    package = Path(str(resources.files("directory")))
    beside = package.parent / name
    return beside if (package.parent / "setup.cfg").is_file() and beside.is_dir() else package / name


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting. Each field is read from the variable DIRECTORY_<FIELD>; docs/settings.md describes them."""

    database_url: str = "sqlite:///instance/directory.sqlite3"
    read_url: str = ""
    country: str = "US"
    data_folder: Path = field(default_factory=lambda: shipped_folder("data"))
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    trusted_hosts: tuple[str, ...] = ()
    https: bool = False
    geocoder_contact: str = ""
    exit_url: str = "https://www.weather.gov/"
    map_tiles: str = ""
    map_tiles_credit: str = ""

    def __post_init__(self) -> None:
        if not (len(self.country) == 2 and self.country.isalpha() and self.country.isupper()):
            raise BadSetting(
                f"DIRECTORY_COUNTRY is '{self.country}'; write two capital letters, such as US", field="country"
            )
        if not 0 <= self.port <= 65535:
            raise BadSetting(f"DIRECTORY_PORT is {self.port}; write a number from 0 to 65535", field="port")
        if not 1 <= self.workers <= 64:
            raise BadSetting(f"DIRECTORY_WORKERS is {self.workers}; write a number from 1 to 64", field="workers")
        if self.exit_url and not (
            urlsplit(self.exit_url).scheme in {"http", "https"} and urlsplit(self.exit_url).netloc
        ):
            raise BadSetting(
                f"DIRECTORY_EXIT_URL is '{self.exit_url}'; write a web address, such as https://www.weather.gov/, or nothing",
                field="exit_url",
            )
        if not self.data_folder.is_dir():
            raise BadSetting(f"DIRECTORY_DATA_FOLDER: there is no folder {self.data_folder}", field="data_folder")
        if not self.database_url.startswith(("sqlite:///", *_POSTGRESQL)):
            raise BadSetting("DIRECTORY_DATABASE_URL must begin with sqlite:/// or postgresql://", field="database_url")
        if self.read_url and not (self.read_url.startswith(_POSTGRESQL) and self.database_url.startswith(_POSTGRESQL)):
            raise BadSetting(
                "DIRECTORY_READ_URL is for replicas of PostgreSQL: it and DIRECTORY_DATABASE_URL must begin with postgresql://",
                field="read_url",
            )
        if self.map_tiles and not _is_tile_address(self.map_tiles):
            raise BadSetting(
                f"DIRECTORY_MAP_TILES is '{self.map_tiles}'; write one https address with {{z}}, {{x}} and {{y}}, such as "
                "https://tiles.example.org/{z}/{x}/{y}.png",
                field="map_tiles",
            )
        if self.map_tiles and not self.map_tiles_credit:
            raise BadSetting("DIRECTORY_MAP_TILES needs DIRECTORY_MAP_TILES_CREDIT beside it", field="map_tiles_credit")

    @property
    def map_tiles_host(self) -> str:
        """Return the host (and port) that map tiles come from, "" when there are none."""
        return urlsplit(self.map_tiles).netloc

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Config:
        """Return the settings in ``environ``; what is not set keeps its default.

        Raises:
            BadSetting: a DIRECTORY_* variable nobody knows, or a value that cannot be used.
        """
        known = {PREFIX + each.name.upper(): each for each in fields(cls)}
        values: dict[str, object] = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            if variable not in known:
                near = get_close_matches(variable, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise BadSetting(f"there is no setting {variable}{hint}", field=variable)
            values[known[variable].name] = _parse(variable, known[variable].type, text)
        return cls(**values)  # type: ignore[arg-type]


def _is_tile_address(text: str) -> bool:
    return _TILES.fullmatch(text) is not None and set(re.findall(r"\{(.*?)\}", text)) in ({"z", "x", "y"}, {*"zxyr"})


def _parse(variable: str, kind: object, text: str) -> object:
    match kind:
        case "int":
            try:
                return int(text)
            except ValueError:
                raise BadSetting(f"{variable} is '{text}'; write a whole number", field=variable) from None
        case "bool":
            if text.lower() not in {"yes", "no", "1", "0", "true", "false"}:
                raise BadSetting(f"{variable} is '{text}'; write yes or no", field=variable)
            return text.lower() in {"yes", "1", "true"}
        case "Path":
            return Path(text)
        case "tuple[str, ...]":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case _:
            return text
