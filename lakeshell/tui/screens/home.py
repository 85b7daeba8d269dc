"""Home: the lake, what to do next, the health of each part, the last queries and runs, the cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lakeshell.cleaning import clean
from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import files_text, rows_text, size_text
from lakeshell.doctor import Finding, Health, findings
from lakeshell.model import QueryRecord, RunRecord
from lakeshell.overview import Advice, Overview, overview
from lakeshell.tui.safe import short_path, shortened, shown
from lakeshell.tui.screens.base import LakeScreen

_FEWEST, _OTHERS = 4, 16
"""Lines of the last queries, and of the last runs, in any window; lines of all but them."""
_CALM = 0.5
"""Seconds on this screen until the health of the lake is looked at."""
_MARKS = {
    Health.OK: ("ok", "green"),
    Health.WARNING: ("look", "yellow"),
    Health.FAILED: ("FAILED", "red"),
}


class HomeScreen(LakeScreen):
    noun = "home"
    AUTO_FOCUS = "#advice"
    BINDINGS = [
        Binding("c", "clean", "Remove abandoned files", id="home.clean", show=False),
        Binding("m", "make", "Make another lake", id="home.make", show=False),
    ]
    DEFAULT_CSS = """
    HomeScreen #columns { height: 1fr; }
    HomeScreen.-wide #columns { layout: grid; grid-size: 2; grid-gutter: 0 2; grid-rows: auto; }
    HomeScreen #advice { height: auto; max-height: 6; border: none; padding: 0; background: $background; }
    HomeScreen .block { height: auto; padding-bottom: 1; }
    HomeScreen.-narrow .block { padding-bottom: 0; }
    """

    def body(self) -> ComposeResult:
        with VerticalScroll(id="columns"):
            with Vertical(classes="block"):
                yield Static("Lakeshell: AWS Glue and Athena on your own lake", classes="title")
                yield Static(shown(short_path(self.lake.folder)), id="lake", classes="lines")
            with Vertical(classes="block"):
                yield Static("What to do next (Enter)", classes="title")
                yield OptionList(id="advice", markup=False, compact=True)
            with Vertical(classes="block"):
                yield Static("Health", classes="title")
                yield Static(shown("checking …"), id="health", classes="lines")
            with Vertical(classes="block"):
                yield Static("Last queries", classes="title")
                yield Static(id="queries", classes="lines")
            with Vertical(classes="block"):
                yield Static("Last runs", classes="title")
                yield Static(id="runs", classes="lines")

    def look(self) -> None:
        self.ask("overview", lambda: overview(self.lake, self.console.now()), self.draw)
        # The checks import and ask much: what was gone to meanwhile comes first.
        self.set_timer(_CALM, self._check_health)

    def _check_health(self) -> None:
        if self.is_current:
            self.ask("health", lambda: list(findings(self.lake, quick=True)), self.draw_health)

    # --- drawing ---------------------------------------------------------------------------

    def draw(self, found: Overview) -> None:
        self.query_one("#lake", Static).update(self._lake(found))
        self._draw_advice(found.advice)
        self._found = found
        self._draw_last()

    _found: Overview | None = None

    def on_resize(self, event: Resize) -> None:
        self._draw_last()

    def _draw_last(self) -> None:
        """As many queries and runs as the window has lines for."""
        if self._found is not None:
            most = max(_FEWEST, (self.size.height - _OTHERS) // 2)
            self.query_one("#queries", Static).update(_queries(self._found.queries[:most]))
            self.query_one("#runs", Static).update(_runs(self._found.runs[:most]))

    def _lake(self, found: Overview) -> Content:
        lines = [
            shown(short_path(self.lake.folder), "bold"),
            Content(
                f"engine {found.engine}; {_count(found.connections, 'connection')}, "
                f"{_count(found.crawlers, 'crawler')}, {_count(found.jobs, 'job')}, {_catalog(found)}"
            ),
        ]
        for spent in found.spending:
            lines.append(
                Content(
                    f"this month {_money(spent.spent)} {spent.currency}, "
                    f"{_money(spent.projected)} projected"
                )
            )
        if not found.spending:
            lines.append(Content("this month nothing was spent"))
        return Content("\n").join(lines)

    def _draw_advice(self, advice: Sequence[Advice]) -> None:
        options = self.query_one("#advice", OptionList)
        options.clear_options()
        for step in advice:
            line = shown(shortened(step.text, 60)) + Content("  ") + shown(step.command, "dim")
            options.add_option(Option(line))
        if advice:
            options.highlighted = 0
        self._advice = advice

    def draw_health(self, found: Sequence[Finding]) -> None:
        well = [finding.part for finding in found if finding.health is Health.OK]
        lines = []
        for finding in found:
            if finding.health is not Health.OK:
                mark, colour = _MARKS[finding.health]
                line = shown(f"{mark} {finding.part}: {finding.found}", colour)
                lines += [line, shown(f"     {finding.mend}")]
        said = f"{len(well)} checks: {', '.join(well)}"
        lines.append(Content.styled("ok ", "green") + shown(said))
        self.query_one("#health", Static).update(Content("\n").join(lines))

    def action_clean(self) -> None:
        """What killed writers left, and no table has."""
        from lakeshell.tui.screens.asking import YesScreen

        def done(removed: tuple[int, int]) -> None:
            files, size = removed
            self.status(f"removed {files_text(files)}, {size_text(size)}")
            self.look()

        def take(yes: bool | None) -> None:
            if yes:
                self.carry_out("clean", "removing files", lambda _: clean(self.lake), done)

        note = "files that killed writers left and no table has   $ lakeshell doctor --clean"
        self.app.push_screen(YesScreen("Remove abandoned files?", note, "Remove them"), take)

    def action_make(self) -> None:
        """Another lake; this console stays on its own."""
        from lakeshell.tui.screens.lakeform import lake_form

        form = lake_form()

        def take(made: bool | None) -> None:
            if made:
                self.notify(f"open it: lakeshell --lake {form.values()['folder']}", markup=False)

        self.app.push_screen(form, take)

    # --- what to do next -------------------------------------------------------------------

    _advice: Sequence[Advice] = ()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        step = self._advice[event.option_index]
        if step.noun == "demo":
            self._demo()
        else:
            self.console.action_go(step.noun)

    def _demo(self) -> None:
        from lakeshell.tui.screens.demo import DemoScreen

        self.app.push_screen(
            DemoScreen(self.lake.folder, stack=self.lake.is_on_own_stack), lambda _: self.look()
        )


def _queries(found: Sequence[QueryRecord]) -> Content:
    if not found:
        return shown("none yet", "dim")
    lines = []
    for record in found:
        scanned = size_text(record.scanned) if record.finished else ""
        head = f"{record.started:%m-%d %H:%M} {record.state.value:<9} {scanned:>11} "
        lines.append(shown(head + shortened(record.sql, 200)))
    return Content("\n").join(lines)


def _runs(found: Sequence[RunRecord]) -> Content:
    if not found:
        return shown("none yet", "dim")
    lines = []
    for run in found:
        took = "" if run.elapsed is None else f"{run.elapsed:.1f} s"
        rest = run.error or (run.detail if run.rows is None else rows_text(run.rows))
        lines.append(
            shown(
                f"{run.started:%m-%d %H:%M} {run.state.value:<9} {took:>11} "
                f"{run.kind} {run.name}: {rest}"
            )
        )
    return Content("\n").join(lines)


def _catalog(found: Overview) -> str:
    if found.databases is None or found.tables is None:
        return "the catalog sleeps"
    return f"{_count(found.databases, 'database')}, {_count(found.tables, 'table')}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _money(amount: Decimal) -> str:
    """To a hundredth of a cent: what a person wants to see of a sum."""
    return money_text(amount.quantize(Decimal("0.0001"))) or ""
