"""Rentals and payments: three years of business, in the order in which it happened.

In: a seed, the shelf and the customers. Out: rows, a block at a time, so that any number of them
takes the same memory. There are more rentals in winter, at weekends and in the evening, and more
each year; some films and customers are far busier than others; some bring films back late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from lakeshell.demo.movies_films import Film, Row
from lakeshell.demo.movies_people import Customer, staff_of

RENTALS = 16_000
"""At scale 1, and in a block."""
TWO_PARTS, THREE_PARTS = 1_600, 200
"""Rentals of a block that are paid in so many parts: with them there are 18,000 payments."""
PAYMENTS = RENTALS + TWO_PARTS + 2 * THREE_PARTS
BEGIN = datetime(2023, 1, 1)
END = datetime(2025, 12, 1)
LATE_FEE = 100
"""Cents for each day."""
_SEASON = (1.35, 1.25, 1.05, 0.95, 0.85, 0.75, 0.7, 0.75, 0.9, 1.05, 1.2, 1.5)
_WEEKDAY = (0.75, 0.7, 0.8, 0.9, 1.35, 1.55, 1.2)
_HOUR = (0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 5, 5, 5, 6, 8, 11, 14, 14, 11, 7, 3, 0)
_METHODS = ("card", "card", "card", "cash", "cash", "voucher", "mobile", "mobile")


class Calendar:
    """The hours of the whole time, weighed by how busy they are."""

    def __init__(self) -> None:
        hours = int((END - BEGIN).total_seconds() // 3600)
        weights = []
        for hour in range(hours):
            at = BEGIN + timedelta(hours=hour)
            growth = 1 + 0.25 * hour / hours * 3
            weights.append(_SEASON[at.month - 1] * _WEEKDAY[at.weekday()] * _HOUR[at.hour] * growth)
        self.cumulative = list(accumulate(weights))

    def at(self, share: float) -> datetime:
        """When `share` (0 to 1) of the business is done, to the second."""
        wanted = share * self.cumulative[-1]
        hour = bisect_right(self.cumulative, wanted)
        before = self.cumulative[hour - 1] if hour else 0.0
        inside = (wanted - before) / (self.cumulative[hour] - before)
        return BEGIN + timedelta(hours=hour, seconds=int(inside * 3600))


class Trade:
    """The business of `scale` times 16,000 rentals."""

    def __init__(
        self,
        random: Random,
        shelf: Sequence[Film],
        copies: Sequence[Sequence[int]],
        customers: Sequence[Customer],
        scale: int,
    ) -> None:
        self.random = random
        self.shelf = shelf
        self.copies = copies
        self.customers = customers
        self.scale = scale
        self.calendar = Calendar()
        self.popularity = list(accumulate(film.popularity for film in shelf))
        self.payment_id = 0

    def blocks(self) -> Iterator[tuple[list[Row], list[Row]]]:
        """Rows of `rental` and of `payment` that belong together."""
        for block in range(self.scale):
            yield self._block(block)

    def _block(self, block: int) -> tuple[list[Row], list[Row]]:
        random = self.random
        rentals: list[Row] = []
        payments: list[Row] = []
        films = random.choices(range(len(self.shelf)), cum_weights=self.popularity, k=RENTALS)
        renters = self._renters(block)
        split = random.sample(range(RENTALS), TWO_PARTS + THREE_PARTS)
        parts = {number: 3 if place < THREE_PARTS else 2 for place, number in enumerate(split)}
        for number in range(RENTALS):
            place = block * RENTALS + number
            share = (place + random.random()) / (self.scale * RENTALS)
            film = self.shelf[films[number]]
            customer = renters[number]
            copy = random.choice(self.copies[films[number]])
            staff = random.choice(staff_of(customer.store))
            rented = self.calendar.at(share)
            returned, late = self._return(film, customer, rented)
            rentals.append(
                (place + 1, str(rented), copy, film.id, customer.id,
                 None if returned is None else str(returned), staff, str(returned or rented))
            )  # fmt: skip
            total = film.rate + min(late * LATE_FEE, film.replacement)
            paid = self._payments(total, parts.get(number, 1), rented, returned if late else None)
            for cents, at in paid:
                self.payment_id += 1
                payments.append(
                    (self.payment_id, customer.id, staff, place + 1, cents / 100, str(at),
                     random.choice(_METHODS))
                )  # fmt: skip
        return rentals, payments

    def _renters(self, block: int) -> list[Customer]:
        """Who rents, in order of time: only members by then."""
        renters: list[Customer] = []
        slices = 20
        for part in range(slices):
            now = (block + part / slices) / self.scale
            members = [c for c in self.customers if c.joined <= now]
            weights = [c.keenness for c in members]
            renters += self.random.choices(members, weights, k=RENTALS // slices)
        return renters

    def _return(
        self, film: Film, customer: Customer, rented: datetime
    ) -> tuple[datetime | None, int]:
        """When the film came back (None: not yet, or never), and how many days late."""
        random = self.random
        if random.random() < 0.006:
            return None, 0
        if random.random() < 0.04 + 0.28 * customer.care**2:
            days = film.days + 1 + int(random.expovariate(0.45))
        else:
            days = 1 + int(random.random() ** 0.6 * film.days)
        opening = 9 * 3600 + int(random.random() * 12 * 3600)
        returned = datetime(rented.year, rented.month, rented.day) + timedelta(days, opening)
        if returned >= END:
            return None, 0
        return returned, max((returned - rented).days - film.days, 0)

    def _payments(
        self, cents: int, parts: int, rented: datetime, returned: datetime | None
    ) -> list[tuple[int, datetime]]:
        """`cents` in so many parts, none of them nothing; what is late is paid at the return."""
        random = self.random
        cuts = sorted(random.sample(range(1, cents), parts - 1)) if parts > 1 else []
        first = rented + timedelta(seconds=30 + int(random.random() * 400))
        if parts == 1:
            return [(cents, returned or first)]
        amounts = [b - a for a, b in zip([0, *cuts], [*cuts, cents], strict=True)]
        last = returned or rented + timedelta(days=1 + int(random.random() * 20))
        step = (max(last, first) - first) / (parts - 1)
        times = [(first + step * i).replace(microsecond=0) for i in range(parts)]
        return list(zip(amounts, times, strict=True))
