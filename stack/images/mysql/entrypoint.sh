#!/bin/bash
# The official image's contract, the part that the stack uses: on an empty /var/lib/mysql, makes the
# data files with MYSQL_ROOT_PASSWORD, MYSQL_ROOT_HOST, MYSQL_DATABASE, MYSQL_USER and
# MYSQL_PASSWORD (each also as NAME_FILE) and runs /docker-entrypoint-initdb.d. Until that is done
# the server takes no network connection.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

for name in MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do
    file=${name}_FILE
    if [ -n "${!file:-}" ]; then export "$name=$(cat "${!file}")"; unset "$file"; fi
done

[ "${1#-}" = "${1:-}" ] || set -- mysqld "$@"
if [ "${1:-}" != mysqld ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
    chown mysql:mysql /var/lib/mysql /var/run/mysqld
    exec setpriv --reuid=mysql --regid=mysql --clear-groups "$0" "$@"
fi

quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

users() {
    printf 'ALTER USER root@localhost IDENTIFIED BY %s;\n' "$(quoted "$MYSQL_ROOT_PASSWORD")"
    if [ "${MYSQL_ROOT_HOST:-%}" != localhost ]; then
        printf 'CREATE USER root@%s IDENTIFIED BY %s; GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' \
            "$(quoted "${MYSQL_ROOT_HOST:-%}")" "$(quoted "$MYSQL_ROOT_PASSWORD")" "$(quoted "${MYSQL_ROOT_HOST:-%}")"
    fi
    if [ -n "${MYSQL_DATABASE:-}" ]; then printf 'CREATE DATABASE %s;\n' "$(name "$MYSQL_DATABASE")"; fi
    if [ -n "${MYSQL_USER:-}" ] && [ -n "${MYSQL_PASSWORD:-}" ]; then
        printf 'CREATE USER %s@%s IDENTIFIED BY %s;\n' "$(quoted "$MYSQL_USER")" "'%'" "$(quoted "$MYSQL_PASSWORD")"
        [ -z "${MYSQL_DATABASE:-}" ] ||
            printf 'GRANT ALL ON %s.* TO %s@%s;\n' "$(name "$MYSQL_DATABASE")" "$(quoted "$MYSQL_USER")" "'%'"
    fi
}

initialize() {
    if [ -z "${MYSQL_ROOT_PASSWORD:-}" ]; then
        say 'error: the database is not there yet and MYSQL_ROOT_PASSWORD is not set'
        exit 1
    fi
    say 'Making the data files'
    "$@" --initialize-insecure
    local socket=/var/run/mysqld/setup.sock
    "$@" --skip-networking --socket="$socket" --mysqlx=OFF &
    local server=$!
    for _ in $(seq 120); do
        mysqladmin --socket="$socket" --user=root ping >/dev/null 2>&1 && break
        kill -0 "$server" || exit 1
        sleep 0.25
    done
    # Passwords go in through standard input: words of a command line can be seen by everyone.
    users | mysql --socket="$socket" --user=root
    umask 077
    printf '[client]\nuser=root\nsocket=%s\npassword="%s"\n' "$socket" "$MYSQL_ROOT_PASSWORD" > /tmp/setup.cnf
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) "$file" ;;
            *.sql) mysql --defaults-extra-file=/tmp/setup.cnf < "$file" ;;
            *.sql.gz) gunzip -c "$file" | mysql --defaults-extra-file=/tmp/setup.cnf ;;
        esac
    done
    mysqladmin --defaults-extra-file=/tmp/setup.cnf shutdown
    rm -f /tmp/setup.cnf
    wait "$server"
}

[ -d /var/lib/mysql/mysql ] || initialize "$@"
unset MYSQL_ROOT_PASSWORD MYSQL_PASSWORD
exec "$@"
