"""Stack: the lake's own services, what each takes, their logs; started, stopped, saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding
from textual.content import Content

from lakeshell import services
from lakeshell.cost.sizes import size_text
from lakeshell.definitions.schema import choice
from lakeshell.errors import NotFound
from lakeshell.serve import serving
from lakeshell.stack.backup import Backup
from lakeshell.stack.services import NEEDS, PURPOSE, Service
from lakeshell.tui.background import Task, TaskReporter
from lakeshell.tui.safe import shown_lines
from lakeshell.tui.screens.asking import LineScreen, YesScreen
from lakeshell.tui.screens.form import Field, FormScreen, Values, options
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.screens.process import ProcessScreen
from lakeshell.tui.widgets.sheet import Sheet, heading, values

_EVERY = 5.0
_TAIL = "500"
_ASKING = "asking Docker what runs …"
_NONE = """\
This lake has no services of its own: its engine runs inside this program,
its tables are in a folder, and there is nothing here to start or stop.

A lake on MySQL, MinIO, a Hive Metastore and Trino, which this screen
looks after, is made by:

  lakeshell init DIR --stack
  lakeshell stack up --lake DIR"""
_NOT_UP = """\
The services were never started. u pulls or builds their images and starts them;
U builds them all here, where no registry can be reached."""

_NEED_SERVICES = frozenset(
    (
        "up",
        "build",
        "start",
        "stop",
        "stop_all",
        "logs",
        "all_logs",
        "workers",
        "backup",
        "restore",
        "down",
        "delete",
    )
)


class StackScreen(NounScreen):
    noun = "stack"
    columns = services.COLUMNS
    nothing = _NOT_UP
    BINDINGS = [
        Binding("u", "up", "Up", id="stack.up"),
        Binding("U", "build", "Up, building every image", id="stack.build", show=False),
        Binding("r", "start", "Start", id="stack.start"),
        Binding("x", "stop", "Stop", id="stack.stop"),
        Binding("X", "stop_all", "Stop all", id="stack.stop_all", show=False),
        Binding("enter,l", "logs", "Logs", id="stack.logs"),
        Binding("L", "all_logs", "Logs of all", id="stack.all_logs", show=False),
        Binding("w", "workers", "Workers", id="stack.workers"),
        Binding("b", "backup", "Backup", id="stack.backup"),
        Binding("B", "restore", "Restore", id="stack.restore", show=False),
        Binding("d", "down", "Down", id="stack.down"),
        Binding("D", "delete", "Down, and delete the data", id="stack.delete", show=False),
    ]
    DEFAULT_CSS = """
    StackScreen.-wide #split { layout: vertical; }
    StackScreen.-wide #list { width: 100%; height: auto; max-height: 50%; }
    StackScreen.-wide #sheet { width: 100%; height: 1fr; border-left: none; border-top: solid $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, services.Serving] = {}
        self._under_way: Task | None = None
        self._looking = False
        self._has_stack: bool | None = None

    def on_mount(self) -> None:
        self.set_interval(_EVERY, self._renew)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Shown, and dimmed, where there is nothing to do it to."""
        return None if self._has_stack is False and action in _NEED_SERVICES else True

    # --- looking ---------------------------------------------------------------------------

    def _renew(self) -> None:
        if self.is_current and self._has_stack and not self._looking:
            self.look()

    def look(self) -> None:
        self._looking = True
        if self._has_stack is None:
            self.status(_ASKING)
        self.ask("rows", self._report, self._take, self._unknown)

    def _report(self) -> Sequence[services.Serving] | None:
        """None on a lake without services of its own."""
        if not self.lake.has_stack:
            return None
        try:
            return services.report(self.lake, self.console.now())
        except NotFound:
            return ()

    def _take(self, found: Sequence[services.Serving] | None) -> None:
        self._looking = False
        self.unsay(_ASKING)
        if (found is not None) != self._has_stack:
            self._has_stack = found is not None
            self.refresh_bindings()
        if found is None:
            self.query_one(Sheet).draw([shown_lines(_NONE)])
            self.status("this lake has no services of its own")
            return
        self._found = {}
        for each in found:
            key = each.status.service.value
            while key in self._found:
                key += "+"
            self._found[key] = each
        # A port is a name, not an amount of something.
        rows: list[Row] = [
            (key, tuple(v if v is None else str(v) for v in services.figures(each)))
            for key, each in self._found.items()
        ]
        self.draw_rows(rows)

    def _unknown(self, error: BaseException) -> None:
        self._looking = False
        self._has_stack = True
        self._no_sheet(error)

    def sheet(self, key: str) -> Sequence[Content]:
        each = self._found[key]
        service, status = each.status.service, each.status
        process = serving(self.lake.state)
        needed = ", ".join(NEEDS[service])
        return [
            values(
                {
                    "service": service.value,
                    "what it is": PURPOSE[service],
                    "state": status.state.value,
                    "version": status.version,
                    "address": f"127.0.0.1:{status.port}" if status.port else None,
                    "needs": needed,
                    "image": self.lake.stack.installation.image(service),
                    "passwords": self.lake.stack.installation.folder / "secrets.env",
                    "command": f"lakeshell stack start {service.value}",
                }
            ),
            heading("Kept running, stopped when idle"),
            values(
                {
                    "idle stop": f"{self.lake.settings.stack.idle_stop} s"
                    if self.lake.settings.stack.idle_stop
                    else "never",
                    "lakeshell serve": f"runs, process {process}" if process else "does not run",
                }
            ),
        ]

    # --- changing --------------------------------------------------------------------------

    @property
    def _service(self) -> Service | None:
        key = self.chosen
        return None if key is None else Service(key.rstrip("+"))

    def _change(
        self,
        title: str,
        work: Callable[[TaskReporter], object],
        done: str | Callable[[object], str],
    ) -> None:
        """One change at a time; what it did is said."""
        if self._under_way is not None and not self._under_way.finished.is_set():
            self.notify(
                f"{self._under_way.title} goes on; wait for it", severity="warning", markup=False
            )
            return

        def draw(made: object) -> None:
            self.status(done if isinstance(done, str) else done(made))
            self.look()

        self.status(f"{title} …")
        self._under_way = self.carry_out("change", title, work, draw, self._not_done)

    def _not_done(self, error: BaseException) -> None:
        self.fail(error)
        self.look()

    def action_up(self) -> None:
        lake = self.lake
        self._change("starting the stack", lambda r: services.up(lake, r), "every service answers")

    def action_build(self) -> None:
        """With every image built here, where no registry can be reached."""

        def take(yes: bool | None) -> None:
            if yes:
                self._change(
                    "building the images and starting the stack",
                    lambda reporter: services.up(self.lake, reporter, build_all=True),
                    "every service answers",
                )

        note = "the first time a quarter of an hour or so\n$ lakeshell stack up --build-all"
        question = YesScreen("Build every image here, and start the stack?", note, "Build them")
        self.app.push_screen(question, take)

    def action_start(self) -> None:
        service = self._service
        if service is not None:
            self._change(
                f"starting {service}",
                lambda reporter: services.start(self.lake, [service], reporter),
                f"{service} runs",
            )

    def on_listing_opened(self) -> None:
        self.action_logs()

    def action_stop(self) -> None:
        service = self._service
        if service is None:
            return
        users = [other for other in Service if service in NEEDS[other]]
        note = f"its memory is given back, its data kept   $ lakeshell stack stop {service}"
        if users:
            note = f"{', '.join(users)} cannot work without it\n{note}"

        def take(yes: bool | None) -> None:
            if yes:
                self._change(
                    f"stopping {service}",
                    lambda reporter: services.stop(self.lake, [service], reporter),
                    f"{service} is stopped",
                )

        self.app.push_screen(YesScreen(f"Stop {service}?", note, "Stop it"), take)

    def action_stop_all(self) -> None:
        def take(yes: bool | None) -> None:
            if yes:
                self._change(
                    "stopping every service",
                    lambda reporter: services.stop(self.lake, (), reporter),
                    "every service is stopped",
                )

        note = "their memory is given back, their data kept\n$ lakeshell stack stop"
        self.app.push_screen(YesScreen("Stop every service?", note, "Stop them"), take)

    def action_workers(self) -> None:
        def take(text: str | None) -> None:
            if text is None:
                return
            if not text.isdecimal() or int(text) > 100:
                self.notify("a number of workers, up to 100", severity="error", markup=False)
                return
            self._change(
                f"{text} workers",
                lambda reporter: services.up(self.lake, reporter, workers=int(text)),
                f"Trino has {text} workers",
            )

        now = sum(key.startswith(Service.WORKER) for key in self._found)
        note = "each takes 2 GB by default   $ lakeshell stack up --workers N"
        self.app.push_screen(
            LineScreen("How many workers beside the coordinator", str(now), note), take
        )

    def action_down(self) -> None:
        def take(yes: bool | None) -> None:
            if yes:
                self._change(
                    "taking the stack down",
                    lambda reporter: services.down(self.lake, reporter),
                    "the stack is down; its data is kept",
                )

        note = "containers are removed, all data stays   $ lakeshell stack down"
        self.app.push_screen(YesScreen("Take every service down?", note, "Take them down"), take)

    def action_delete(self) -> None:
        name = self.lake.folder.name

        def take(typed: str | None) -> None:
            if typed == name:
                self._change(
                    "deleting the stack",
                    lambda reporter: services.down(self.lake, reporter, delete_data=True),
                    "the stack is down, its data deleted",
                )
            elif typed:
                self.status(f"nothing was deleted: {typed} was typed")

        note = "$ lakeshell stack down --delete-data"
        question = f"Type {name} to delete every table and database of its stack"
        self.app.push_screen(LineScreen(question, "", note), take)

    # --- logs ------------------------------------------------------------------------------

    def action_logs(self) -> None:
        if self._service is not None:
            self._follow([self._service])

    def action_all_logs(self) -> None:
        self._follow(list(Service))

    def _follow(self, wanted: Sequence[Service]) -> None:
        compose = self.lake.stack.compose
        title = f"log of {wanted[0] if len(wanted) == 1 else 'all services'}"
        self.app.push_screen(ProcessScreen(title, lambda: compose.followed(wanted, _TAIL)))

    # --- backup ----------------------------------------------------------------------------

    def action_backup(self) -> None:
        remove = Field("remove", "Remove", "yes: then its container and data go, to save cost", check=choice("yes", "no"))  # fmt: skip
        given: dict[str, str] = {}

        def command(values: Values) -> Sequence[str]:
            return (
                "stack",
                "backup",
                "mysql",
                *(["--remove"] if values["remove"] == "yes" else []),
            )

        def take(yes: bool | None) -> None:
            if yes:
                gone = given["remove"] == "yes"
                self._change(
                    "backup of mysql",
                    lambda reporter: services.back_up(self.lake, reporter, remove=gone),
                    _saved_and_removed if gone else _saved,
                )

        title = "Save mysql to object storage; writes wait meanwhile"
        self.app.push_screen(FormScreen(title, (remove,), given.update, command), take)

    def action_restore(self) -> None:
        fields = (
            Field("backup", "Backup", "its name; the latest when left out"),
            Field("replace", "Replace", "yes: delete the databases that are there first", check=choice("yes", "no")),
        )  # fmt: skip
        given: dict[str, str] = {}

        def command(values: Values) -> Sequence[str]:
            words = ["--replace"] if values["replace"] == "yes" else []
            return ("stack", "restore", "mysql", *options(backup=values["backup"]), *words)

        def take(yes: bool | None) -> None:
            if yes:
                self._change(
                    "restoring mysql",
                    lambda reporter: services.restore(
                        self.lake,
                        reporter,
                        given["backup"] or None,
                        replace=given["replace"] == "yes",
                    ),
                    _restored,
                )

        form = FormScreen("Bring a backup of mysql back", fields, given.update, command)
        self.app.push_screen(form, take)


def _saved(made: object) -> str:
    assert isinstance(made, Backup)
    return f"backup {made.name}: {len(made.checksums)} tables, {size_text(made.size)}"


def _saved_and_removed(made: object) -> str:
    return f"{_saved(made)}; mysql is removed, B brings it back"


def _restored(made: object) -> str:
    assert isinstance(made, Backup)
    return f"backup {made.name} is restored: {len(made.checksums)} tables, checksums equal"
