#!/usr/bin/env bash
# Runs one PostgreSQL server of the shop in a container of the official image: one that stands alone, or a member of a
# cluster that does as the supervisor's record says. The rules are those of the local launcher, which has them in
# packages/cli/launcher/postgres/decide-start.ts: who is not the primary is a replica, cloned where it must be; a primary
# that died waits until another has been promoted; a primary of the past is cloned anew. Arguments are PostgreSQL's own.
#
#   MEMBER      postgres-2
#   MEMBERS     postgres-1=HOST:PORT,postgres-2=HOST:PORT; empty where one server stands alone
#   SUPERVISOR  HOST:PORT
#   SECRETS     where the secrets are mounted; /run/tristate when it is not said
#
# The file `databases` beside this script lists the databases (`orders inventory`): each belongs to a role of its own name.
# The list and the passwords may change while the server runs: the primary makes its roles again then, so that an upgrade
# that adds databases, or changes a password, needs no restart.
set -u -o pipefail

readonly folder=${PGDATA:?}
readonly volume=${folder%/*}
readonly databases=${BASH_SOURCE[0]%/*}/databases
readonly passwords=${SECRETS:-/run/tristate}/database
readonly admin_token=${SECRETS:-/run/tristate}/secrets/admin-token
readonly scratch=${TMPDIR:-/tmp}
readonly hold_back_seconds=10
readonly quick_deaths_before_clone=4
readonly long_life_seconds=10
# After a promotion the shop is put together again first; a copy would take disk and processor from it.
readonly clone_after_seconds=3
export PGPASSFILE=$scratch/replicator.pgpass PGCONNECT_TIMEOUT=3 LC_ALL=C TZ=UTC

server=''
stopping=''
quick_deaths=0
said=''

say() { printf '%s %s: %s\n' "$(date -u +%FT%TZ)" "$MEMBER" "$*"; }

# What is said again and again is said once.
complain() {
  [ "$said" = "$*" ] || say "$*"
  said="$*"
}

password_of() { cat "$passwords/$1.password"; }
has_password() { [ -s "$passwords/$1.password" ]; }
# Differs whenever something differs of which roles are made.
source_of_roles() { sha256sum "$databases" "$passwords"/*.password 2>/dev/null; }
host_of() { local address; address=$(address_of "$1"); echo "${address%:*}"; }
port_of() { local address; address=$(address_of "$1"); echo "${address##*:}"; }
address_of() { tr ',' '\n' <<<"$MEMBERS" | sed -n "s/^$1=//p"; }
slot_of() { echo "${1//-/_}"; }
others() { tr ',' '\n' <<<"$MEMBERS" | sed 's/=.*//' | grep -vx "$MEMBER"; }

is_standby() { [ -e "$folder/standby.signal" ]; }
has_data() { [ -s "$folder/PG_VERSION" ]; }
executed_order() { cat "$folder/clone-order" 2>/dev/null || echo 0; }

# Lines of KEY=VALUE; nothing when the supervisor does not answer.
ask_supervisor() {
  timeout 3 bash -c '
    exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit 1
    printf "GET /control/database/orders/%s HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n" "$2" "$(cat "$3")" >&3
    cat <&3' _ "$SUPERVISOR" "$MEMBER" "$admin_token" 2>/dev/null | tr -d '\r'
}

# Answers whether there is a record that can be believed. One that is older than what this server has seen is the work of a
# supervisor that has lost its memory: nothing is deleted on its word.
read_record() {
  local answer key value
  answer=$(ask_supervisor) || return 1
  epoch='' primary='' phase='' mode='' clone_order=''
  while IFS='=' read -r key value; do
    case $key in
      epoch) epoch=$value ;;
      primary) primary=$value ;;
      phase) phase=$value ;;
      mode) mode=$value ;;
      clone-order) clone_order=$value ;;
    esac
  done <<<"$answer"
  [[ $epoch =~ ^[0-9]+$ && $clone_order =~ ^[0-9]+$ && -n $primary && -n $mode ]] || return 1
  local known
  known=$(cat "$volume/epoch" 2>/dev/null || echo 0)
  if ((epoch < known)); then
    complain "the supervisor tells of epoch $epoch, but epoch $known has been: it has lost its record"
    return 1
  fi
  ((epoch == known)) || echo "$epoch" >"$volume/epoch"
}

anybody_else_runs() {
  local other
  for other in $(others); do
    pg_isready -q -t 1 -h "$(host_of "$other")" -p "$(port_of "$other")"
    # 1: it is there and takes no connections yet.
    (($? <= 1)) && return 0
  done
  return 1
}

# Roles, databases and passwords as the files have them now. List and passwords are two volumes, of which one may be changed
# before the other: a database whose password is not there yet is made when it is.
role_statements() {
  local names='' name
  for name in $(cat "$databases"); do
    if has_password "$name"; then names+=" $name"; else say "waits for the password of $name" >&2; fi
  done
  # Stretching is for passwords that can be guessed, and every new connection pays for it.
  echo 'SET scram_iterations = 1;'
  make_role() {
    echo "SELECT 'CREATE ROLE \"$1\"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1') \\gexec"
    echo "ALTER ROLE \"$1\" $2 PASSWORD '$(password_of "$1")';"
  }
  make_database() {
    echo "SELECT 'CREATE DATABASE \"$1\" OWNER \"$2\"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$1') \\gexec"
    echo "REVOKE ALL ON DATABASE \"$1\" FROM PUBLIC;"
  }
  make_role postgres ''
  for name in $names; do
    make_role "$name" LOGIN
    make_database "$name" "$name"
  done
  # Also where it stands alone: replicas that are added later need them before this server is told of any.
  if has_password replicator; then
    make_role replicator 'LOGIN REPLICATION'
    make_role supervisor 'LOGIN SUPERUSER'
    make_database cluster supervisor
    for name in $names; do echo "GRANT CONNECT ON DATABASE cluster TO \"$name\";"; done
  fi
}

create_cluster() {
  say 'makes its data folder'
  rm -rf "$folder.unfinished"
  initdb -D "$folder.unfinished" -U postgres -A scram-sha-256 --pwfile="$passwords/postgres.password" \
    --no-locale -E UTF8 --no-instructions --wal-segsize=4 >/dev/null || return 1
  # What initdb writes down of the machine is said on the command line.
  sed -i -E 's/^(max_connections|shared_buffers) /#&/' "$folder.unfinished/postgresql.conf"
  cat >"$folder.unfinished/pg_hba.conf" <<'HBA'
# The socket is in the container's own file system, which nobody else can reach.
local all         postgres   trust
host  all         all        all scram-sha-256
host  replication replicator all scram-sha-256
HBA
  # Its roles are there before anybody can reach it: everybody who waits for it would be turned away again and again meanwhile.
  mkdir -p "$scratch/unfinished"
  pg_ctl -D "$folder.unfinished" -w -s -l /dev/null \
    -o "-c listen_addresses='' -c unix_socket_directories=$scratch/unfinished -c shared_buffers=16MB" start || return 1
  role_statements | psql -X -q -v ON_ERROR_STOP=1 -h "$scratch/unfinished" -U postgres -d postgres >/dev/null
  local made=$?
  pg_ctl -D "$folder.unfinished" -w -s -m fast stop && ((made == 0)) || return 1
  mv "$folder.unfinished" "$folder"
}

# Says whom a stopped replica follows, in the file in which the supervisor says it with ALTER SYSTEM.
follow() {
  local file="$folder/postgresql.auto.conf"
  touch "$file"
  sed -i -E '/^\s*(primary_conninfo|primary_slot_name)\b/d' "$file"
  cat >>"$file" <<CONF
primary_conninfo = 'host=$(host_of "$primary") port=$(port_of "$primary") user=replicator application_name=$MEMBER'
primary_slot_name = '$(slot_of "$MEMBER")'
CONF
}

# The slot is made before the copy begins, so that the primary keeps all WAL that the copy needs.
clone() {
  local host port slot
  host=$(host_of "$primary") port=$(port_of "$primary") slot=$(slot_of "$MEMBER")
  rm -rf "$folder.unfinished"
  PGPASSWORD=$(password_of postgres) psql -X -q -v ON_ERROR_STOP=1 -h "$host" -p "$port" -U postgres -d postgres \
    -v slot="$slot" >/dev/null <<'SQL' || return 1
SELECT 1 / (NOT pg_is_in_recovery())::int;
SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = :'slot';
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = :'slot';
SELECT pg_create_physical_replication_slot(:'slot', true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = :'slot');
SQL
  write_replicator_password
  pg_basebackup -h "$host" -p "$port" -U replicator -w -D "$folder.unfinished" -X stream -S "$slot" -c fast || return 1
  # What was set on the primary with ALTER SYSTEM is not this server's.
  : >"$folder.unfinished/postgresql.auto.conf"
  touch "$folder.unfinished/standby.signal"
  echo "$clone_order" >"$folder.unfinished/clone-order"
  rm -rf "$folder"
  mv "$folder.unfinished" "$folder"
  quick_deaths=0
  say "has been cloned from $primary"
}

# Makes the folder what the server is to be: answers when it may start.
prepare() {
  local since=$SECONDS
  while [ -z "$stopping" ]; do
    if read_record; then
      if [ "$MEMBER" = "$primary" ]; then
        prepare_primary "$since" && return
      elif ! has_data || ! is_standby || ((clone_order > $(executed_order))) ||
        ((quick_deaths >= quick_deaths_before_clone)); then
        if has_data && ! is_standby && ((SECONDS - since < clone_after_seconds)); then
          sleep 1
          continue
        fi
        if clone; then follow && return; else complain "cannot be cloned from $primary yet"; fi
      else
        follow && return
      fi
    else
      complain 'waits for the supervisor, which knows who is the primary'
    fi
    sleep 0.5
  done
  return 1
}

prepare_primary() {
  if ! has_data; then
    # Its data is gone while replicas have theirs: one of them is promoted, and then this is cloned.
    if ((epoch > 1)) || anybody_else_runs; then
      complain 'has no data, and waits until a replica has been promoted'
      return 1
    fi
    create_cluster
    return
  fi
  # It is being promoted, for which it has to run.
  is_standby && return
  if [ "$mode" = hot ] && [ "$phase" != stuck ] && ((SECONDS - $1 < hold_back_seconds)) && anybody_else_runs; then
    complain 'is held back until a replica has been promoted'
    return 1
  fi
}

must_be_replaced() {
  [ "$MEMBER" != "$primary" ] && { ! is_standby || ((clone_order > $(executed_order))); }
}

# Replicas log in with it. PostgreSQL reads the file anew at each connection.
write_replicator_password() {
  (umask 077 && printf '*:*:*:replicator:%s\n' "$(password_of replicator 2>/dev/null)" >"$PGPASSFILE.new") &&
    mv "$PGPASSFILE.new" "$PGPASSFILE"
}

# Answers whether the roles are there. A machine that is busy may not let it in at once.
create_roles() {
  until pg_isready -q -h "$scratch"; do sleep 0.2; done
  until [ "$(psql -X -At -h "$scratch" -U postgres -d postgres -c 'SELECT pg_is_in_recovery()')" = f ]; do sleep 1; done
  local sql options='-c synchronous_commit=local -c default_transaction_read_only=off'
  sql=$(role_statements)
  # A statement that waits for a lock would keep a newer list waiting, too.
  PGOPTIONS="$options -c statement_timeout=60s" \
    psql -X -q -v ON_ERROR_STOP=1 -h "$scratch" -U postgres -d postgres <<<"$sql" >/dev/null || return 1
  say 'has its roles'
}

# Makes the roles on a primary, in the background and one attempt at a time: at its start, when it has been promoted (the
# primary before it may not have been told of those that are new), and when what they are made of has changed. The next look
# repeats what failed, with what is there then.
keep_roles() {
  local current
  current=$(source_of_roles)
  [ "$current" = "$known_source" ] || write_replicator_password
  known_source=$current
  if [ -n "$roles" ] && ! kill -0 "$roles" 2>/dev/null; then
    wait "$roles" && made_source=$tried_source
    roles=''
  fi
  if [ -z "$roles" ] && [ "$current" != "$made_source" ] && ! is_standby; then
    tried_source=$current
    create_roles &
    roles=$!
  fi
}

run_server() {
  local began=$SECONDS roles='' known_source='' tried_source='' made_source=''
  postgres -D "$folder" "$@" &
  server=$!
  while kill -0 "$server" 2>/dev/null; do
    keep_roles
    if [ -n "$MEMBERS" ] && [ -z "$stopping" ] && read_record && must_be_replaced; then
      say 'is stopped, to be cloned from the primary'
      kill -QUIT "$server"
    fi
    # A signal ends this wait at once.
    sleep 2 &
    wait -n "$server" $!
  done
  wait "$server"
  local code=$?
  server=''
  [ -z "$roles" ] || kill "$roles" 2>/dev/null
  quick_deaths=$((SECONDS - began > long_life_seconds ? 1 : quick_deaths + 1))
  return $code
}

# Fast shutdown: sessions are ended, and a checkpoint makes the next start quick.
stop() {
  stopping=yes
  [ -z "$server" ] || kill -INT "$server" 2>/dev/null
}
trap stop TERM INT

write_replicator_password
mkdir -p "$volume"
# Of a container that is gone: its process number may be anybody's now.
rm -f "$folder/postmaster.pid"

if [ -z "$MEMBERS" ]; then
  if is_standby; then
    say 'was a replica when it was stopped last: install a stage with replicas first, or delete its volume'
    exit 1
  fi
  has_data || create_cluster || exit 1
  run_server -c synchronous_standby_names= -c default_transaction_read_only=off "$@"
  exit
fi
while [ -z "$stopping" ] && prepare; do
  run_server "$@"
  [ -n "$stopping" ] || { say "ended with code $?; it is started again" && sleep $((quick_deaths > 5 ? 5 : quick_deaths)); }
done
exit 0
