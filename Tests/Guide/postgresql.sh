prepare() {
  binaries=$(echo /usr/lib/postgresql/*/bin)
  chmod 755 . && chown postgres .
  export PGDATA=$PWD/cluster PGHOST=$PWD PGUSER=postgres PGDATABASE=postgres
  as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
  as_postgres "$binaries/initdb" -A trust >/dev/null
  as_postgres "$binaries/pg_ctl" start -w -l server.log -o "-k $PWD -c listen_addresses=" >/dev/null
  trap 'as_postgres "$binaries/pg_ctl" stop -m immediate >/dev/null' EXIT
  psql -Xq -c 'CREATE TABLE t AS SELECT generate_series(1, 50000) AS x'
  # Somebody who writes meanwhile.
  (while psql -Xq -c 'INSERT INTO t VALUES (0)' 2>/dev/null; do :; done) &
  writer=$!
}
check() {
  kill "$writer"; wait "$writer" 2>/dev/null || true
  as_postgres "$binaries/pg_ctl" stop -m fast >/dev/null
  trap - EXIT
  grep -q '^START WAL LOCATION' copy/backup_label
  as_postgres "$binaries/pg_ctl" -D "$PWD/copy" start -w -l copy.log -o "-k $PWD -c listen_addresses=" >/dev/null || { cat copy.log; return 1; }
  trap 'as_postgres "$binaries/pg_ctl" -D "$PWD/copy" stop -m immediate >/dev/null' EXIT
  [ "$(psql -XAtq -c 'SELECT count(*) FROM t WHERE x > 0')" = 50000 ]
  as_postgres "$binaries/pg_ctl" -D "$PWD/copy" stop -m fast >/dev/null
  trap - EXIT
}
