# shellcheck shell=bash disable=SC2034,SC2154
# pg_recvlogical: linked to libpq; makes a replication slot, then drops it.
packages="postgresql-client-15 postgresql-15"
way="NEEDED"
modes="connect:PQconnectdbParams"
connect() {
    "$PGBIN/pg_recvlogical" -d "$CONNINFO" --slot "slot_$$" --create-slot -P test_decoding
    "$PGBIN/pg_recvlogical" -d "$CONNINFO" --slot "slot_$$" --drop-slot
}
