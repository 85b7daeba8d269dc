"""Places and people: countries, cities, addresses, stores, staff, customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from lakeshell.demo import movies_words as words
from lakeshell.demo.movies_films import STAMP, Row
from lakeshell.demo.movies_words import Region

CUSTOMERS = 600
STORES = ("Northside", "Kino am Fluss", "سينما النيل", "桜ビデオ")
STAFF_PER_STORE = 3


@dataclass(frozen=True, slots=True)
class Customer:
    """What rentals need of a customer. `keenness` is how often, `care` how punctually (0 to 1);
    `joined` is the part of the whole time that had passed by then."""

    id: int
    store: int
    keenness: float
    care: float
    joined: float


@dataclass(slots=True)
class World:
    """Rows of the tables of places and people."""

    country: list[Row] = field(default_factory=list)
    city: list[Row] = field(default_factory=list)
    address: list[Row] = field(default_factory=list)
    store: list[Row] = field(default_factory=list)
    staff: list[Row] = field(default_factory=list)
    customer: list[Row] = field(default_factory=list)
    cities: dict[str, list[int]] = field(default_factory=dict)
    customers: list[Customer] = field(default_factory=list)


def world(random: Random) -> World:
    made = World()
    for number, region in enumerate(words.REGIONS, 1):
        made.country.append((number, region.country, region.endonym, region.code))
        for city in region.cities:
            made.city.append((len(made.city) + 1, city, number))
            made.cities.setdefault(region.code, []).append(len(made.city))
    by_code = {region.code: region for region in words.REGIONS}
    homes = [by_code[code] for code in ("GB", "DE", "EG", "JP")]
    for number, (name, region) in enumerate(zip(STORES, homes, strict=True), 1):
        closes = "22:00:00" if number % 2 else "23:30:00"
        made.store.append((number, name, _address(random, made, region), "09:00:00", closes))
        for _ in range(STAFF_PER_STORE):
            made.staff.append(_staff(random, made, region, number))
    weights = [region.weight for region in words.REGIONS]
    for number, region in enumerate(random.choices(words.REGIONS, weights, k=CUSTOMERS), 1):
        _customer(random, made, region, number)
    return made


def staff_of(store: int) -> range:
    """The ids of a store's staff."""
    return range((store - 1) * STAFF_PER_STORE + 1, store * STAFF_PER_STORE + 1)


def _address(random: Random, made: World, region: Region) -> int:
    number = len(made.address) + 1
    house = 1 + int(random.random() * 180)
    street = random.choice(region.streets)
    postal = None if random.random() < 0.03 else f"{10_000 + int(random.random() * 89_000)}"
    phone = None if random.random() < 0.05 else f"{region.phone} {random.random() * 1e6:06.0f}"
    city = random.choice(made.cities[region.code])
    made.address.append((number, f"{street} {house}", postal, city, phone))
    return number


def _name(random: Random, region: Region) -> tuple[str, str, str]:
    """First name, last name, and both in plain Latin letters."""
    first, last = random.choice(region.first_names), random.choice(region.last_names)
    return first[0], last[0], f"{first[1]}.{last[1]}"


def _staff(random: Random, made: World, region: Region, store: int) -> Row:
    number = len(made.staff) + 1
    first, last, plain = _name(random, region)
    picture = None
    if random.random() < 0.7:
        picture = b"\x89PNG\r\n\x1a\n" + bytes(int(random.random() * 256) for _ in range(64))
    hired = f"{2015 + int(random.random() * 8)}-{1 + number % 12:02}-01"
    salary = int(2_400_00 + random.random() * 1_800_00) / 100
    address = _address(random, made, region)
    email = f"{plain}@rental.example"
    return (number, first, last, address, store, email, hired, picture, salary)


def _customer(random: Random, made: World, region: Region, number: int) -> None:
    first, last, plain = _name(random, region)
    store = 1 + int(random.random() * len(STORES))
    joined = 0.0 if random.random() < 0.55 else random.random() * 0.8
    months = int(joined * 34) if joined else -1 - int(random.random() * 12)
    since = f"{2023 + months // 12}-{1 + months % 12:02}-01 09:{number % 60:02}:00"
    email = None if random.random() < 0.02 else f"{plain}.{number}@post.example"
    card = 9_000_000_000_000_000_000 + number * 7_919_000_003
    limit = None if random.random() < 0.4 else float(50 * int(1 + random.random() * 20))
    born = None
    if random.random() < 0.85:
        born = f"{1945 + int(random.random() * 62)}-{1 + number % 12:02}-{1 + number % 28:02}"
    active = int(random.random() > 0.03)
    address = _address(random, made, region)
    made.customer.append(
        (number, store, first, last, email, address, card, active, limit, born, since,
         None if random.random() < 0.1 else STAMP)
    )  # fmt: skip
    keenness = random.lognormvariate(0, 0.7)
    made.customers.append(Customer(number, store, keenness, random.random(), joined))


def wishes(random: Random, customers: Sequence[Customer], films: int) -> list[Row]:
    """The rows of `wish_list`."""
    rows: list[Row] = []
    for customer in customers:
        for film in sorted(random.sample(range(1, films + 1), int(random.random() * 5))):
            rows.append((customer.id, film, random.choice(words.NOTES) or None))
    return rows
