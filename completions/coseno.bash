# Tab completion of coseno for bash: source this file, or put it into
# ~/.local/share/bash-completion/completions/coseno. `coseno completion bash` prints it.

_coseno_source="--format --repeats --items --user-properties --seed --threads --set --help"

# The options of a command.
_coseno_options() {
  case $1 in
    recommend)
      echo "--user --users -k --model --seconds --by --include-seen --json --out --filter" \
           "--exclude --diversity --explore --log-shown --explain $_coseno_source" ;;
    similar) echo "--item -k --model --seconds --json --filter $_coseno_source" ;;
    predict) echo "--pairs --model --seconds --out $_coseno_source" ;;
    fit) echo "--model --seconds --out $_coseno_source" ;;
    evaluate)
      echo "--test --protocol --hide-seen --fraction --folds --held-out-users --models -k --by" \
           "--relevant-from --json --out --report $_coseno_source" ;;
    tune)
      echo "--model --trials --seconds --max-users --state --valid --protocol --hide-seen --fraction -k" \
           "--relevant-from --json $_coseno_source" ;;
    replay)
      echo "--warm-up --retrain-every --model --seconds -k --json $_coseno_source" ;;
    generate) echo "--users --items --events --seed --out --items-out --help" ;;
    import) echo "--items --users --type --format --json --help" ;;
    train) echo "--model --seconds --set --seed --threads --json --help" ;;
    publish) echo "--name --position --force --set --threads --json --help" ;;
    inspect) echo "--user --item --shown --json --help" ;;
    verify) echo "--json --help" ;;
    erase) echo "--user --help" ;;
    serve)
      echo "--check --config --listen --tls-cert --tls-key --cors-origin --threads --slow-threads" \
           "--max-connections --max-header-bytes --max-body-bytes --max-upload-bytes" \
           "--body-memory-bytes --max-in-flight --max-streams --max-wait-seconds" \
           "--header-seconds --body-seconds --answer-seconds --idle-seconds --rate --burst" \
           "--max-k --max-page --max-batch --max-json-depth" \
           "--log-format --access-log --shutdown-seconds --durability --history-length" \
           "--trending-half-life-days --training-threads --help" ;;
    key) echo "--name --scope --json --help" ;;
    backup | restore | models | completion) echo "--help" ;;
    *)
      echo "recommend similar predict fit evaluate tune replay generate import train publish" \
           "inspect verify backup restore erase serve key models completion --help --version" ;;
  esac
}

# The values of an option of a command; nothing where any will do; FILE for a path.
_coseno_values() {
  case $1:$2 in
    models:--model) echo "auto popularity biased_mf blend content ease ials item_knn markov rp3beta sasrec session_knn vectors" ;;
    *:--model | *:--models) echo "auto popularity biased_mf blend content ease ials item_knn markov rp3beta sasrec session_knn" ;;
    *:--by) echo "score cosine" ;;
    *:--format) echo "json-matrix json-lines csv tsv double-colon user-lines" ;;
    import:--type) echo "view click play save cart like purchase rating dislike" ;;
    key:--scope) echo "read events admin" ;;
    serve:--log-format) echo "text json" ;;
    serve:--access-log) echo "on off" ;;
    serve:--durability) echo "interval none always" ;;
    *:--repeats) echo "last first sum max" ;;
    tune:--protocol) echo "random leave-last-out leave-one-out temporal next-item" ;;
    *:--protocol) echo "random leave-last-out leave-one-out temporal k-fold strong lightgcn next-item" ;;
    generate:--users | generate:--items) ;;
    recommend:--users) echo "all FILE" ;;
    import:--users) echo FILE ;;
    *:--items | *:--user-properties | *:--pairs | *:--test | *:--out | *:--items-out | \
      *:--state | *:--config | *:--tls-cert | *:--tls-key) echo FILE ;;
  esac
}

_coseno() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local command="" words=""
  ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}
  COMPREPLY=()
  case $previous in
    --seed | --threads | --set | --user | --item | --fraction | --folds | \
      --held-out-users | --relevant-from | --events | --trials | --seconds | --max-users | \
      --filter | --exclude | --diversity | --explore | --warm-up | --retrain-every | -k | \
      --name | --position | --listen | --cors-origin | --max-* | --*-threads | --*-seconds | --*-bytes | \
      --rate | --burst | --history-length | --*-days) return ;;
  esac
  words=$(_coseno_values "$command" "$previous")
  if [[ -z $words ]]; then
    case $command:$word in
      completion:[^-]* | completion:) words=bash ;;
      key:[^-]* | key:) words="create list revoke FILE" ;;
      models:[^-]* | models:) words=$(_coseno_values models --model) ;;
      generate:--* | generate:-) words=$(_coseno_options generate) ;;
      :* | *:-*) words=$(_coseno_options "$command") ;;
      generate:*) return ;;
      *) words=FILE ;;
    esac
  fi
  if [[ " $words " == *" FILE "* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    words=${words/FILE/}
  fi
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _coseno coseno
