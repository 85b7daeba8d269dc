"""Definitions changed and removed by commands: the file keeps what a person wrote in it."""

from __future__ import annotations

from pathlib import Path

from shell import Shell


def test_a_connection_is_changed_and_its_remarks_stay(shell: Shell, lake: Path) -> None:
    assert shell("connection", "add", "shop", "mysql://ada@db.example/shop").code == 0
    file = lake / "connections" / "shop.toml"
    file.write_text('# asked for by sales\nurl = "mysql://ada@db.example/shop"   # the old one\n')
    done = shell("connection", "set", "SHOP", "--password-env", "SHOP_PASSWORD", "--comment", "x")
    assert (done.code, done.out) == (0, "")
    assert file.read_text() == (
        "# asked for by sales\n"
        'url = "mysql://ada@db.example/shop"   # the old one\n'
        'password_env = "SHOP_PASSWORD"\ncomment = "x"\n'
    )
    assert shell("connection", "set", "shop", "--password-env", "none").code == 0
    assert "password_env" not in file.read_text()


def test_wrong_changes_change_nothing_and_say_why(crawled: Shell, lake: Path) -> None:
    shell = crawled
    before = (lake / "connections" / "shop.toml").read_text()
    for words, said in (
        (("connection", "set", "shop"), "nothing to change"),
        (("connection", "set", "shop", "--url", "ftp://x"), "not the address of a source"),
        (("connection", "set", "shpo", "--comment", "x"), "did you mean 'shop'?"),
        (("connection", "rm", "shop"), "is read by shop"),
        (("crawler", "set", "shop", "--connection", "nowhere"), "there is no connection"),
        (("crawler", "set", "shop", "--exclude", "{a"), "without its }"),
        (("job", "set", "nothing", "--retries", "1"), "there is no job"),
    ):
        done = shell(*words)
        assert done.code == 2, words
        assert said in done.err, (words, done.err)
    assert (lake / "connections" / "shop.toml").read_text() == before


def test_a_crawler_is_changed_and_removed_and_its_tables_stay(crawled: Shell, lake: Path) -> None:
    shell = crawled
    assert shell("crawler", "set", "shop", "--exclude", "none", "--on-delete", "delete").code == 0
    written = (lake / "crawlers" / "shop.toml").read_text()
    assert "exclude" not in written
    assert 'on_delete = "delete"' in written
    assert "audit_log" in shell("crawler", "run", "shop", "--dry-run").out
    assert shell("crawler", "rm", "shop").code == 0
    assert shell("connection", "rm", "shop").code == 0
    assert "shop_orders" in shell("catalog", "tables").out
    assert shell("connection", "list").out.splitlines() == ['"name","kind","url"']


def test_a_job_is_changed_and_removed_with_its_script(crawled: Shell, lake: Path) -> None:
    shell = crawled
    made = ("--source", "source.shop_orders", "--target", "raw.orders")
    assert shell("job", "propose", "load", *made).code == 0
    script = (lake / "jobs" / "load.py").read_text()
    drawn = shell("job", "graph", "load", "--output-format", "CSV").out
    assert drawn.splitlines()[0] == ('"source.shop_orders.id","","raw.orders.id","9"')
    done = shell("job", "set", "load", "--retries", "2", "--timeout", "30m", "--mode", "append")
    assert done.code == 0, done.err
    shown = shell("job", "show", "load", "--output-format", "JSON").out
    assert '"retries":2' in shown.replace(" ", "")
    assert '"timeout":1800' in shown.replace(" ", "")
    assert (lake / "jobs" / "load.py").read_text() == script
    for words, said in (
        (("--retries", "many"), "a whole number"),
        (("--target", "none"), "needs both"),
        (("--workgroup", "nobody"), "there is no workgroup"),
        (("--param", "a"), "is not NAME=VALUE"),
    ):
        done = shell("job", "set", "load", *words)
        assert (done.code, said in done.err) == (2, True), (words, done.err)
    assert shell("job", "set", "load", "--timeout", "none").code == 0
    assert "timeout" not in (lake / "jobs" / "load.toml").read_text()
    assert shell("job", "rm", "load").code == 0
    assert sorted(p.name for p in (lake / "jobs").iterdir()) == []
