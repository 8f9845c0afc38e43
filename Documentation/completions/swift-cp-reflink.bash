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
      --no-preserve|--sparse|-S|--suffix|-t|--target-directory|--limit-rate|-j|--jobs|--clone-slice|--exclude|--exclude-from)
        option=${COMP_WORDS[COMP_CWORD-1]} ;;
    esac
  fi
  local IFS=$' \t\n'
  case $option in
    --backup) COMPREPLY=($(compgen -W "none off simple never existing nil numbered t" -- "$value")); return ;;
    --preserve) COMPREPLY=($(compgen -W "mode timestamps ownership links context xattr all" -- "$value")); return ;;
    --no-preserve) COMPREPLY=($(compgen -W "mode timestamps ownership links context xattr all" -- "$value")); return ;;
    --sparse) COMPREPLY=($(compgen -W "never auto always" -- "$value")); return ;;
    --reflink) COMPREPLY=($(compgen -W "auto always never" -- "$value")); return ;;
    --suffix|-S) COMPREPLY=(); return ;;
    --target-directory|-t) compopt -o filenames; COMPREPLY=($(compgen -d -- "$value")); return ;;
    --update) COMPREPLY=($(compgen -W "all none none-fail older" -- "$value")); return ;;
    --context) COMPREPLY=(); return ;;
    --limit-rate) COMPREPLY=(); return ;;
    --jobs|-j) COMPREPLY=(); return ;;
    --clone-slice) COMPREPLY=(); return ;;
    --exclude) COMPREPLY=(); return ;;
    --exclude-from) compopt -o filenames; COMPREPLY=($(compgen -f -- "$value")); return ;;
    --progress) COMPREPLY=($(compgen -W "auto always never" -- "$value")); return ;;
  esac
  if [[ $value == -* ]]; then
    COMPREPLY=($(compgen -W "-a --archive --attributes-only --backup -b --copy-contents -d --debug -f --force -i --interactive -H --keep-directory-symlink -l --link -L --dereference -n --no-clobber -P --no-dereference --parents -p --preserve --no-preserve= -R --recursive -r --remove-destination --sparse= --reflink --strip-trailing-slashes -S --suffix= -s --symbolic-link -t --target-directory= -T --no-target-directory --update -u -v --verbose -x --one-file-system -Z --context --help --version --atomic --fsync --consistent --snapshot --background --limit-rate= -j --jobs= --clone-slice= --exclude= --exclude-from= -g --progress --json --probe --sharing --verify-sharing" -- "$value"))
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return
  fi
  local IFS=$'\n'
  compopt -o filenames
  COMPREPLY=($(compgen -f -- "$value"))
}
complete -F _swift_cp_reflink swift-cp-reflink
