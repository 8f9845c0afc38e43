prepare() { mkdir data && echo text >data/a; }
check() { diff -r data copied; }
