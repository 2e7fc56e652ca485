"""What people ask: seeded searches, each made by the project's own ``query.build`` from words as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from bench.profiles import COMMON
from bench.world import World
from directory.needs import Vocabulary
from directory.query import Query, build

AT = datetime(2026, 11, 17, 16, 30, tzinfo=UTC)
FIFTY_MILES_KM = "80.4672"
RURAL_SHARE = 0.2
# People search where people live: an urban place is drawn by its residents, a rural one among the least peopled.
RURAL_PEOPLE = 2_500
WORDS = ("harbor", "lake counsel", "rivers", "Müller", "clinica", "sunrise recov", "Nguyen", "peer circle")


@dataclass(frozen=True, slots=True)
class Asked:
    """One search of a mix. ``pages`` is how many pages are read one after the other by their cursor."""

    mix: str
    query: Query
    pages: int = 1


def mixes(world: World, vocabulary: Vocabulary, seed: int, count: int) -> dict[str, list[Asked]]:
    """Return ``count`` searches of each mix, by the mix's name, the same for the same seed."""
    maker = Maker(world, vocabulary, Random(seed))
    makers: dict[str, Callable[[], Asked]] = {
        "plain": maker.plain,
        "rare": maker.rare,
        "partial": maker.partial,
        "open now": maker.open_now,
        "words": maker.words,
        "deep pages": maker.deep,
        "default radius": maker.typed,
    }
    return {name: [make() for _ in range(count)] for name, make in makers.items()}


@dataclass(slots=True)
class Maker:
    """Draws searches."""

    world: World
    vocabulary: Vocabulary
    rng: Random
    _rural: list[int] | None = None

    def plain(self) -> Asked:
        """Return what most people ask: one to three common needs within 50 miles, half with one or two facets."""
        return self._asked("plain", need=self._needs(self.rng.choice([1, 1, 2, 2, 3])), **self._facets(0.5))

    def rare(self) -> Asked:
        """Return needs, a language and a payment that few places hold all together."""
        tail = list(self.vocabulary.needs)[20:]
        wanted: dict[str, Any] = {
            "need": self.rng.sample(tail, self.rng.choice([1, 2])),
            "language": [self.rng.choice(["hmn", "so", "ht", "ko", "pt"])],
            **({"payment": [self.rng.choice(["military_insurance", "self_pay"])]} if self.rng.random() < 0.5 else {}),
        }
        return self._asked("rare", **wanted)

    def partial(self) -> Asked:
        """Return three or four needs of both kinds, which few places reach all of: the search must fall through its tiers."""
        odd = ["gambling", "domestic_violence", "bullying", "human_trafficking", "caring_for_someone", "nicotine"]
        needs = [*self.rng.sample(COMMON, 2), *self.rng.sample(odd, self.rng.choice([1, 2]))]
        return self._asked("partial", need=needs, **self._facets(0.3))

    def open_now(self) -> Asked:
        """Return a plain search for what is open at this moment."""
        return self._asked("open now", need=self._needs(self.rng.choice([1, 2])), open_now="yes", **self._facets(0.3))

    def words(self) -> Asked:
        """Return words of a name, half of them with a need."""
        needs = self._needs(1) if self.rng.random() < 0.5 else []
        return self._asked("words", q=self.rng.choice(WORDS), need=needs)

    def deep(self) -> Asked:
        """Return a search whose pages are read one after the other."""
        return self._asked("deep pages", pages=6, need=self._needs(self.rng.choice([1, 2, 3])))

    def typed(self) -> Asked:
        """Return a search as the start page sends it: no radius said, so that few answers are widened."""
        return self._asked(
            "default radius", need=self._needs(self.rng.choice([0, 1, 2, 3])), radius_km="", **self._facets(0.5)
        )

    def _asked(self, mix: str, *, pages: int = 1, **words: Any) -> Asked:
        given = {"near": self._near(), "radius_km": FIFTY_MILES_KM, "at": AT, **words}
        return Asked(mix, build(self.vocabulary, **given), pages)

    def _near(self) -> str:
        """Draw a place as a browser sends it: a position rounded to two decimals, or a ZIP code somebody types."""
        world = self.world
        if self.rng.random() < RURAL_SHARE:
            if self._rural is None:
                self._rural = [each for each in range(len(world.people)) if world.people[each] < RURAL_PEOPLE]
            place = self.rng.choice(self._rural)
        else:
            place = self.rng.choices(range(len(world.people)), cum_weights=self._cumulated())[0]
        code = world.labels[place][4]
        if code is not None and self.rng.random() < 0.3:
            return code
        latitude = world.latitudes[place] + self.rng.gauss(0, 0.02)
        longitude = world.longitudes[place] + self.rng.gauss(0, 0.02)
        return f"{latitude:.2f}, {longitude:.2f}"

    def _cumulated(self) -> list[float]:
        return list(self.world.weights.cumsum())

    def _needs(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            need = self.rng.choice(COMMON) if self.rng.random() < 0.75 else self.rng.choice(list(self.vocabulary.needs))
            if need not in found:
                found.append(need)
        return found

    def _facets(self, chance: float) -> dict[str, Any]:
        if self.rng.random() >= chance:
            return {}
        offered = list(_OFTEN)
        return {name: _OFTEN[name](self.rng) for name in self.rng.sample(offered, self.rng.choice([1, 1, 2]))}


_OFTEN: dict[str, Callable[[Random], list[str]]] = {
    "language": lambda rng: [rng.choice(["es", "es", "zh", "vi", "fr"])],
    "payment": lambda rng: rng.sample(["medicaid", "free", "sliding_scale", "private_insurance"], rng.choice([1, 2])),
    "kind": lambda rng: [rng.choice(["therapist", "treatment_program", "support_group"])],
    "format": lambda rng: [rng.choice(["in_person", "video"])],
    "audience": lambda rng: [rng.choice(["children", "adolescents", "adults", "veterans", "lgbtq"])],
}
