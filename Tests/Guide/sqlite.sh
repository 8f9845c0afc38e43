prepare() {
  sqlite3 app.db 'PRAGMA journal_mode = WAL; CREATE TABLE t (x)' >/dev/null
  # A writer that stays, so that what it committed is in the WAL alone.
  mkfifo orders
  sqlite3 app.db <orders >/dev/null 2>&1 & writer=$!
  exec 7>orders
  echo 'PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (1), (2), (3);' >&7
  until [ -s app.db-wal ] && [ "$(sqlite3 -readonly app.db 'SELECT count(*) FROM t')" = 3 ]; do sleep 0.05; done
}
check() {
  [ "$(sqlite3 backup/app.db 'SELECT count(*) FROM t')" = 3 ]
  exec 7>&-
  wait "$writer"
}
