# shellcheck shell=bash disable=SC2016,SC2034
# Bun's own client, Bun.sql: its default is no TLS.
packages='nodejs@node npm@npm'
module=@oven/bun-linux-x64
library=Bun
build() {
    cat >client.js <<'CODE'
const options = {url: process.argv[2], max: 1, connectionTimeout: 5};
if (process.argv[3] !== undefined) {
    options.tls = {ca: require('fs').readFileSync(process.argv[3]), rejectUnauthorized: true};
}
const sql = new Bun.SQL(options);
sql`select ${'1'}::text`.then(() => sql.end(), (error) => { console.error(error); process.exit(1); });
CODE
}
bare=("$CACHE/npm/node_modules/$module/bin/bun" client.js '{url}')
own=("${bare[@]}" '{root}')
own_words='`tls: {ca, rejectUnauthorized: true}`'
told_bare=all
told_drivers=revoked
