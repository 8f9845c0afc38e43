# Made by Scripts/generate-documents; changes go into Sources/swift-cp-reflink/Options/OptionTable.swift.
_swift_cp_reflink() {
  local value=${COMP_WORDS[COMP_CWORD]} option=
  # An equals sign is a word of its own.
  if [[ $value == "=" ]]; then
    option=${COMP_WORDS[COMP_CWORD-1]} value=
  elif [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[COMP_CWORD-1]} == "=" ]]; then
    option=${COMP_WORDS[COMP_CWORD-2]}
  else
    case ${COMP_WORDS[COMP_CWORD-1]} in
      --no-preserve|--sparse|-S|--suffix|-t|--target-directory|--limit-rate|-j|--jobs|--clone-slice|--clone-dest|--since|--exclude|--exclude-from)
        option=${COMP_WORDS[COMP_CWORD-1]} ;;
    esac
  fi
  # Names may have spaces: each line is one.
  local IFS=$'\n'
  case $option in
    --backup) mapfile -t COMPREPLY < <(compgen -W $'none\noff\nsimple\nnever\nexisting\nnil\nnumbered\nt' -- "$value"); return ;;
    --preserve) mapfile -t COMPREPLY < <(compgen -W $'mode\ntimestamps\nownership\nlinks\ncontext\nxattr\nall' -- "$value"); return ;;
    --no-preserve) mapfile -t COMPREPLY < <(compgen -W $'mode\ntimestamps\nownership\nlinks\ncontext\nxattr\nall' -- "$value"); return ;;
    --sparse) mapfile -t COMPREPLY < <(compgen -W $'never\nauto\nalways' -- "$value"); return ;;
    --reflink) mapfile -t COMPREPLY < <(compgen -W $'auto\nalways\nnever' -- "$value"); return ;;
    --suffix|-S) COMPREPLY=(); return ;;
    --target-directory|-t) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$value"); return ;;
    --update) mapfile -t COMPREPLY < <(compgen -W $'all\nnone\nnone-fail\nolder' -- "$value"); return ;;
    --context) COMPREPLY=(); return ;;
    --limit-rate) COMPREPLY=(); return ;;
    --jobs|-j) COMPREPLY=(); return ;;
    --clone-slice) COMPREPLY=(); return ;;
    --clone-dest) COMPREPLY=(); return ;;
    --since) COMPREPLY=(); return ;;
    --exclude) COMPREPLY=(); return ;;
    --exclude-from) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$value"); return ;;
    --progress) mapfile -t COMPREPLY < <(compgen -W $'auto\nalways\nnever' -- "$value"); return ;;
  esac
  if [[ $value == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W $'-a\n--archive\n--attributes-only\n--backup\n-b\n--copy-contents\n-d\n--debug\n-f\n--force\n-i\n--interactive\n-H\n--keep-directory-symlink\n-l\n--link\n-L\n--dereference\n-n\n--no-clobber\n-P\n--no-dereference\n--parents\n-p\n--preserve\n--no-preserve=\n-R\n--recursive\n-r\n--remove-destination\n--sparse=\n--reflink\n--strip-trailing-slashes\n-S\n--suffix=\n-s\n--symbolic-link\n-t\n--target-directory=\n-T\n--no-target-directory\n--update\n-u\n-v\n--verbose\n-x\n--one-file-system\n-Z\n--context\n--help\n--version\n--atomic\n--fsync\n--consistent\n--snapshot\n--background\n--limit-rate=\n-j\n--jobs=\n--clone-slice=\n--clone-dest=\n--since=\n--ignore-times\n--exclude=\n--exclude-from=\n-g\n--progress\n--json\n--probe\n--sharing\n--dedupe\n--verify-sharing' -- "$value")
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$value")
}
complete -F _swift_cp_reflink swift-cp-reflink
