"""The shelf: languages, categories, films, actors, copies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from lakeshell.demo import movies_words as words

FILMS = 1_000
ACTORS = 240
COPIES = 4_600
STAMP = "2025-12-01 04:00:00"
RATES = (99, 199, 299, 399, 499)
"""Of a rental, in cents."""

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """What rentals need of a film: money in cents, `days` before a return is late."""

    id: int
    rate: int
    days: int
    replacement: int
    popularity: float


def languages() -> list[Row]:
    return [
        (number, name, endonym, code, STAMP)
        for number, (code, name, endonym) in enumerate(words.LANGUAGES, 1)
    ]


def categories() -> list[Row]:
    return [(number, name, STAMP) for number, name in enumerate(words.CATEGORIES, 1)]


def films(random: Random) -> tuple[list[Film], list[Row], list[Row]]:
    """The films, their rows, and the rows of `film_category`. Every film has one category."""
    ids = {code: number for number, (code, _, _) in enumerate(words.LANGUAGES, 1)}
    made: list[Film] = []
    rows: list[Row] = []
    assigned: list[Row] = []
    ranks = list(range(FILMS))
    random.shuffle(ranks)
    titles = _titles(random)
    for number in range(1, FILMS + 1):
        code = _language(random)
        rate = RATES[min(int(random.random() * random.random() * 6), 4)]
        replacement = 999 + 100 * int(random.random() * 21)
        film = Film(
            number,
            rate,
            3 + int(random.random() * 5),
            replacement,
            1 / (ranks[number - 1] + 8) ** 0.85,
        )
        made.append(film)
        rows.append(_film_row(random, film, next(titles), ids[code], code))
        assigned.append((number, 1 + int(random.random() * len(words.CATEGORIES)), STAMP))
    return made, rows, assigned


def _film_row(random: Random, film: Film, title: str, language: int, code: str) -> Row:
    minutes = int(min(max(random.gauss(104, 21), 46), 195))
    score = None if random.random() < 0.06 else round(min(max(random.gauss(6.4, 1.3), 1), 9.8), 1)
    details = None
    if random.random() < 0.8:
        features = [f for f in ("trailer", "commentary", "making of") if random.random() < 0.4]
        details = json.dumps({"features": features, "sound": random.choice(("2.0", "5.1"))})
    return (
        film.id,
        title,
        _original(random, code),
        _description(random),
        2025 - int(random.random() ** 2 * 60),
        language,
        film.days,
        film.rate / 100,
        minutes,
        film.replacement / 100,
        random.choice(("0", "6", "12", "12", "16", "18")),
        score,
        details,
        int(code != "en" or random.random() < 0.3),
        STAMP,
    )


def _language(random: Random) -> str:
    if random.random() < 0.55:
        return "en"
    return random.choice(tuple(words.ORIGINALS))


def _titles(random: Random) -> Iterator[str]:
    """Titles without end, no two alike."""
    seen: set[str] = set()
    while True:
        adjective, noun, other = (
            random.choice(words.ADJECTIVES),
            random.choice(words.NOUNS),
            random.choice(words.NOUNS),
        )
        shapes = (
            f"The {adjective} {noun}",
            f"{adjective} {noun}",
            f"The {noun} and the {other}",
            f"{noun} of the {other}",
            f"A {noun} Without {other}s",
        )
        title = shapes[int(random.random() * len(shapes))]
        if noun != other and title not in seen:
            seen.add(title)
            yield title


def _original(random: Random, code: str) -> str | None:
    if code == "en":
        return None
    joint, nouns = words.ORIGINALS[code]
    first, second = random.sample(nouns, 2)
    return first if random.random() < 0.3 else f"{first}{joint}{second}"


def _description(random: Random) -> str:
    hero, deed, place = map(random.choice, (words.HEROES, words.DEEDS, words.PLACES))
    return f"{hero[0].upper()}{hero[1:]} {deed} {place}."


def actors(random: Random) -> tuple[list[Row], list[Row]]:
    """The rows of `actor` and `film_actor`."""
    rows: list[Row] = []
    for number in range(1, ACTORS + 1):
        region = random.choice(words.REGIONS)
        born = None
        if random.random() < 0.9:
            born = f"{1930 + int(random.random() * 75)}-{1 + number % 12:02}-{1 + number % 28:02}"
        first = random.choice(region.first_names)[0]
        rows.append((number, first, random.choice(region.last_names)[0], born, STAMP))
    cast: list[Row] = []
    for film in range(1, FILMS + 1):
        size = 2 + int(random.random() * 6)
        chosen = random.sample(range(1, ACTORS + 1), size)
        cast.extend((actor, film, place) for place, actor in enumerate(chosen, 1))
    return rows, cast


def copies(random: Random, shelf: Sequence[Film], stores: int) -> tuple[list[Row], list[list[int]]]:
    """The rows of `inventory`, and the copies of each film by its place in `shelf`; popular films
    have more of them, and every film has one."""
    weights = [film.popularity for film in shelf]
    extra = random.choices(range(len(shelf)), weights, k=COPIES - len(shelf))
    held = [*range(len(shelf)), *sorted(extra)]
    by_film: list[list[int]] = [[] for _ in shelf]
    rows: list[Row] = []
    for number, index in enumerate(held, 1):
        by_film[index].append(number)
        bought = f"{2019 + int(random.random() * 4)}-{1 + number % 12:02}-{1 + number % 28:02}"
        medium = random.choice(("DVD", "DVD", "Blu-ray", "Blu-ray", "4K", "VHS"))
        rows.append((number, shelf[index].id, 1 + int(random.random() * stores), medium, bought))
    return rows, by_film
