#!/bin/sh
# The former official image's contract: MINIO_ROOT_USER, MINIO_ROOT_PASSWORD, or both with _FILE.
set -eu
for name in MINIO_ROOT_USER MINIO_ROOT_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    [ -z "$file" ] || { eval "$name=\$(cat \"\$file\")"; export "${name?}"; unset "${name}_FILE"; }
done
[ "${1#-}" = "${1:-}" ] || set -- minio "$@"
exec "$@"
