prepare() { mkdir -p data/d ext4/backup && echo text >data/d/a && echo old >ext4/backup/gone; }
check() { diff -r data ext4/backup && [ ! -e data.still ]; }
