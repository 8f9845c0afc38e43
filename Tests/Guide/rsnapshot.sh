prepare() {
  mkdir data && echo text >data/a
  printf 'config_version\t1.2\nsnapshot_root\t%s/root/\nretain\tdaily\t3\ncmd_rsync\t%s\nbackup\t%s/data/\there/\n' \
    "$PWD" "$(command -v rsync)" "$PWD" >rsnapshot.conf
}
check() { diff -r data root/daily.0/here"$PWD"/data && diff -r data root/daily.1/here"$PWD"/data; }
