// hcl.js FILE: Terraform's language as JSON. A file that cannot be parsed ends with status 1.
const { parse } = require('@cdktf/hcl2json');
const fs = require('fs');
const file = process.argv[2];
parse(file, fs.readFileSync(file, 'utf8'))
    .then((tree) => console.log(JSON.stringify(tree)))
    .catch((error) => { console.error(String(error)); process.exit(1); });
