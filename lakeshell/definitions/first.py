"""The `lakeshell.toml` that a new lake begins with: every section, the defaults as remarks."""

from __future__ import annotations

import json
from dataclasses import dataclass

_HEAD = """\
# A Lakeshell lake. Definitions beside this file are text for git; .lakeshell/ is state and is not.
# Every key can be left out. The same settings as variables: LAKESHELL_ENGINE_MEMORY_LIMIT=4GB

"""
_EMBEDDED = """\
[engine]
type = "embedded"        # DuckDB, in this process; SQL is Trino's
# memory_limit = "4GB"   # most memory of a query
# threads = 0            # 0 takes every core
# concurrency = 0        # queries at once, the others wait in line; 0 is one a core, four at least
"""
_STACK = """\
[engine]
type = "trino"           # the stack of this lake: lakeshell stack up

# [stack]
# idle_stop = "15m"      # a service that nobody used for so long is stopped until it is needed

[ledger]
type = "sqlite"          # a file of this lake; "mysql" is the stack's own MySQL, for a team
"""
_ELSEWHERE = """\
[engine]
type = "trino"
url = {url}
# user = "ada"           # who Trino is told is asking; the login name when left out
# password_env = "TRINO_PASSWORD"      # or token_env = "TRINO_TOKEN", a JWT
# ca_file = "/etc/ssl/certs/ours.pem"  # checks Trino's certificate; the system's when left out

[catalog]
uri = {metastore}

[storage]
{endpoint}region = {region}
warehouse = {warehouse}
# access_key_env = "AWS_ACCESS_KEY_ID"
# secret_key_env = "AWS_SECRET_ACCESS_KEY"
"""
_TAIL = """
[query]
workgroup = "primary"    # when a command names none

[prices]
query = "athena"         # 5.00 USD per TB scanned; or "self-hosted" with per_tb below
compute = "glue"         # 0.44 USD per DPU-hour; or "glue-2019", "self-hosted"
# per_tb = 1.20
# per_dpu_hour = 0.10
# own_per_dpu_hour = 0.05  # what your machines cost, in `lakeshell cost --compare` beside AWS

[results]
keep = "7d"              # how long results can be opened again
"""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A Trino, Metastore and object storage that exist already. `endpoint` None is Amazon's S3."""

    url: str
    metastore: str
    warehouse: str
    endpoint: str | None = None
    region: str = "us-east-1"


def embedded() -> str:
    return _HEAD + _EMBEDDED + _TAIL


def stack() -> str:
    return _HEAD + _STACK + _TAIL


def elsewhere(services: Elsewhere) -> str:
    endpoint = f"endpoint = {_quoted(services.endpoint)}\n" if services.endpoint else ""
    section = _ELSEWHERE.format(
        url=_quoted(services.url),
        metastore=_quoted(services.metastore),
        warehouse=_quoted(services.warehouse),
        endpoint=endpoint,
        region=_quoted(services.region),
    )
    return _HEAD + section + _TAIL


def _quoted(value: str) -> str:
    """A basic string of TOML, which JSON's strings are."""
    return json.dumps(value, ensure_ascii=False)
