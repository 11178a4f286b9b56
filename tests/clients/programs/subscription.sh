# shellcheck shell=bash disable=SC2034,SC2154
# CREATE SUBSCRIPTION: the backend that makes it, the apply worker and the table copy connect, each on its own.
packages="postgresql-15"
way="backend LOAD (libpqwalreceiver)"
modes="connect:PQconnectStartParams"
# shellcheck source=tests/clients/backend.sh
. "$CLIENTS/backend.sh"
connect() {
    backend_session <<SQL
truncate mirrored;
create subscription near connection '$CONNINFO' publication mirror with (slot_name = 'near_$$');
do \$\$
begin
    for i in 1 .. 100 loop
        exit when exists (select from mirrored);
        perform pg_sleep(0.05);
    end loop;
    if not exists (select from mirrored) then
        raise 'nothing was copied';
    end if;
end
\$\$;
drop subscription near;
SQL
}
