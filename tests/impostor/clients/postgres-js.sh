# shellcheck shell=bash disable=SC2016,SC2034
# postgres.js: its default is no TLS.
packages='nodejs@node npm@npm'
module=postgres
library=postgres.js
build() {
    cat >client.js <<'CODE'
const options = {max: 1, connect_timeout: 5, fetch_types: false};
if (process.argv[3] !== undefined) {
    options.ssl = {ca: require('fs').readFileSync(process.argv[3]), rejectUnauthorized: true};
}
const sql = require('postgres')(process.argv[2], options);
sql`select ${'1'}::text`.then(() => sql.end(), (error) => { console.error(error); process.exit(1); });
CODE
}
bare=(node client.js '{url}')
own=(node client.js '{url}' '{root}')
own_words='`ssl: {ca, rejectUnauthorized: true}`'
told_bare=all
told_drivers=revoked
