"""The users of a backup, in the order in which they can be made again."""

from __future__ import annotations

from lakeshell.stack.accounts import accounts

HELD = (
    "CREATE USER IF NOT EXISTS `app`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 0x2441"
    " DEFAULT ROLE `reader`@`%`,`x ``;`@`10.%` REQUIRE NONE PASSWORD EXPIRE DEFAULT"
)
SAID = (
    "CREATE USER IF NOT EXISTS `z;\nGRANT``'`@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE"
    ' NONE ATTRIBUTE \'{"comment": "it\\\'s; `x` DEFAULT ROLE `a`@`b` REQUIRE"}\''
)


def test_users_are_made_before_what_they_may_do() -> None:
    text = (
        f"{HELD};\nGRANT SELECT (`a`) ON `d`.`t;` TO `app`@`%`;\n"
        f"GRANT `reader`@`%` TO `app`@`%`;\n{SAID};\nGRANT USAGE ON *.* TO `z;\nGRANT``'`@`%`;\n"
    )
    found = accounts(text)
    role = " DEFAULT ROLE `reader`@`%`,`x ``;`@`10.%`"
    assert found.made == [HELD.replace(role, "") + ";", SAID + ";"]
    assert found.rights == [
        "GRANT SELECT (`a`) ON `d`.`t;` TO `app`@`%`;",
        "GRANT `reader`@`%` TO `app`@`%`;",
        "GRANT USAGE ON *.* TO `z;\nGRANT``'`@`%`;",
        f"ALTER USER `app`@`%`{role};",
    ]


def test_no_users_are_no_statements() -> None:
    assert accounts("\n").made == accounts("\n").rights == []
