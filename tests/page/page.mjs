// page.mjs DIR [SCREENSHOTS]: the pages in DIR in a headless Chromium: each chart and table against what the log's lines add up
// to, filters, sorting, keyboard, print, axe-core; no request, no message on the console. Prints TAP.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_PATH + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [dir, pictures] = process.argv.slice(2);

let count = 0, failed = 0;
function ok(good, name, ...notes) {
  console.log(`${good ? "ok" : "not ok"} ${++count} - ${name}`);
  if (!good) {
    failed++;
    for (const n of notes) console.log("# " + String(n).slice(0, 2000).replace(/\n/g, "\n# "));
  }
}
const is = (got, want, name) => ok(JSON.stringify(got) === JSON.stringify(want), name, "got:  " + JSON.stringify(got), "want: " + JSON.stringify(want));
const number = (n) => n.toLocaleString("en-US");

// --- what the lines of the sample add up to, counted here by itself
const events = readFileSync(`${dir}/sample.jsonl`, "utf8").trim().split("\n").map(JSON.parse);
const of = (event) => events.filter((e) => e.event === event);
const verdicts = new Set(["downgrade", "refuse", "exempt", "seal", "socket"]);
const attempts = events.filter((e) => verdicts.has(e.event));
const known = new Map();
for (const e of events) {
  if (e.event === "plaintext_cancel") continue;
  const key = `${e.exe}\n${e.host}`;
  if (!known.has(key)) known.set(key, { exe: e.exe, host: e.host, attempts: 0, less: 0, has: new Set(), asked: new Map() });
  const p = known.get(key);
  p.has.add(e.event).add(e.action);
  if (verdicts.has(e.event)) p.attempts++;
  if (e.event === "downgrade") p.less++;
  for (const c of e.changes || []) if (c.source !== "default") p.asked.set(`${c.option}=${c.requested} ${c.source}`, (p.asked.get(`${c.option}=${c.requested} ${c.source}`) || 0) + 1);
}
const result = (p) => (p.has.has("violation") ? "violation" : p.has.has("refused") ? "refused" : p.has.has("failed") ? "failed" : p.has.has("exempt") ? "exempt" : p.has.has("downgrade") ? "asked for less"
  : p.has.has("would-seal") ? "audit only" : p.has.has("sealed") ? "sealed" : "socket only");
const pairs = [...known.values()];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

// A page, and whatever it should not have done.
async function open(name, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
  const url = pathToFileURL(`${dir}/${name}.html`).href;
  page.wrong = [];
  page.on("console", (m) => page.wrong.push(`${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => page.wrong.push(`error: ${e.message}`));
  page.on("request", (r) => r.url() !== url && page.wrong.push(`request: ${r.url()}`));
  const began = Date.now();
  await page.goto(url);
  page.took = Date.now() - began;
  return page;
}
async function close(page, name) {
  is(page.wrong, [], `${name}: no message on the console, no error, no request`);
  await page.close();
}
async function accessible(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  is(found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + n.failureSummary).join(" | ")}`), [], `${name}: axe-core finds no violation (${found.passes.length} rules passed)`);
}
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((e) => e.textContent));
const rows = (page, where) => page.$$eval(`${where} tbody tr`, (all) => all.map((tr) => [...tr.children].map((td) => td.innerText.trim())));
const status = (page, where) => page.textContent(`${where} [role=status]`);

// --- the sample
let page = await open("sample");
is((await texts(page, "#tiles button")).map((t) => t.replace(/^[\d,]+/, (n) => n + " ")), [
  `${number(attempts.length)} Attempts`, `${number(of("downgrade").length)} Asked for less`, `${number(of("refuse").length)} Refused`, `${number(of("failed").length)} Failed`, `${number(of("violation").length)} Violations`,
  `${number(of("exempt").length)} Exempt`, `${number(of("plaintext_cancel").length)} Plaintext cancels`, "2 Certificates expiring"], "tiles");
const findings = await texts(page, "#findings li");
is(findings.length, 6, "findings: one violation, one cancel, two exemptions, two certificates");
ok(findings[0].startsWith("violation/opt/metabase/agent → reports.eu-west-1.rds.amazonaws.com") && findings[0].includes(`${of("violation").length} sessions`), "findings: the violation comes first", findings[0]);
ok(findings[2].includes("12 days left") || findings[2].includes("11 days left"), "findings: when an exemption ends", findings[2]);

const bars = await page.$$eval("#chart rect.t", (all) => all.map((r) => [r.getAttribute("class").slice(4), Number(r.dataset.n), Number(r.getAttribute("height"))]));
const sums = {};
for (const [name, n] of bars) sums[name] = (sums[name] || 0) + n;
const want = {};
for (const e of attempts) want[`-${e.action}`] = (want[`-${e.action}`] || 0) + 1;
for (const e of [...of("failed"), ...of("violation")]) want[`-${e.event}`] = (want[`-${e.event}`] || 0) + 1;
const sorted = (o) => Object.entries(o).map(([k, v]) => [k.replace(/^-/, ""), v]).sort();
is(sorted(sums), sorted(want), "time: the bars add up to the attempts of each action");
const tall = bars.filter((b) => b[1] > 20).map((b) => b[2] / b[1]);
ok(Math.max(...tall) / Math.min(...tall) < 1.01, "time: a bar's height is its number");
is((await texts(page, "#legend button")).length, Object.keys(want).length, "time: the legend has every action");
await page.click("#legend button >> nth=0");
is(await page.$$eval("#chart rect.t-sealed", (all) => all.length), 0, "time: the legend hides an action");
await page.click("#legend button >> nth=0");
await page.focus("#chart");
await page.keyboard.press("ArrowRight");
const readout = await page.textContent("#readout");
const start = readout.slice(0, 16), until = readout.slice(20, 36);
const inside = (list) => list.filter((e) => e.time.slice(0, 16).replace("T", " ") >= start && e.time.slice(0, 16).replace("T", " ") < until).length;
ok(readout.includes(`${number(inside(attempts.filter((e) => e.action === "sealed")))} sealed`), "time: arrow keys tell the bars one by one", readout);
await page.keyboard.press("End");
isnt(await page.textContent("#readout"), readout, "time: End goes to the last bar");
function isnt(got, other, name) { ok(got !== other, name, `got: ${got}`); }

const cells = await page.$$eval("#matrix td button", (all) => all.map((b) => [b.title.split("\n")[0], b.getAttribute("aria-label").split(": ")[1], b.parentElement.className]));
is(cells.map((c) => c.slice(0, 2)).sort(), pairs.map((p) => [`${p.exe} → ${p.host}`, `${result(p)}, ${number(p.attempts)} attempts`]).sort(), "matrix: a cell for each pair, with its result and attempts");
const colours = { violation: "t-violation", refused: "t-refused", failed: "t-failed", exempt: "t-exempt", "asked for less": "t-less", "audit only": "t-watched", sealed: "t-sealed", "socket only": "t-socket" };
ok(cells.every((c) => colours[c[1].split(", ")[0]] === c[2]), "matrix: each cell has its result's colour");
is(new Set(await page.$$eval("#key .dot", (all) => all.map((e) => getComputedStyle(e).backgroundColor))).size, new Set(pairs.map(result)).size, "matrix: each result has a colour of its own");
await page.click(`#matrix td button[title^="/usr/bin/python3.11 → legacy.internal"]`);
is((await rows(page, "#t-pairs")).map((r) => r.slice(0, 3)), [["/usr/bin/python3.11", "legacy.internal", "refused"]], "matrix: a cell shows its pair in the table");
await page.click("#t-pairs .chips button >> nth=0");

const certificates = new Map(of("witness").map((e) => [e.peer_sha256, e]));
const lifes = await page.$$eval("#ends li:not(.axis)", (all) => all.map((li) => [li.querySelector(".name").textContent, li.querySelector(".when").textContent, parseFloat(li.querySelector(".life").style.left) + parseFloat(li.querySelector(".life").style.width), parseFloat(li.querySelector(".now").style.left)]));
const ends = [...certificates.values()].sort((a, b) => (a.peer_not_after < b.peer_not_after ? -1 : 1));
is(lifes.map((l) => l[0]).sort(), ends.map((e) => e.peer_names.split(",")[0]).sort(), "certificates: each has its line");
ok(lifes[0][1].includes("ago") && lifes[0][2] <= lifes[0][3] && lifes[1][2] > lifes[1][3], "certificates: one that has ended lies before now, others reach beyond", JSON.stringify(lifes));
ok(lifes.every((l, i) => i === 0 || l[2] >= lifes[i - 1][2] - 0.01), "certificates: in the order in which they end");

is(await status(page, "#t-pairs"), `1–${Math.min(25, pairs.length)} of ${pairs.length}`, "pairs: all of them");
const table = await rows(page, "#t-pairs");
const by_attempts = [...pairs].sort((a, b) => b.attempts - a.attempts).map((p) => number(p.attempts));
is(table.map((r) => r[3]), by_attempts.slice(0, 25), "pairs: the most frequent first");
ok(table.every((r) => { const p = known.get(`${r[0]}\n${r[1]}`); return p && r[2] === result(p) && r[3] === number(p.attempts) && r[4] === number(p.less); }), "pairs: program, host, result, attempts, for less");
ok(table.every((r) => [...known.get(`${r[0]}\n${r[1]}`).asked].every(([a, n]) => r[5].replace(/\s/g, "").includes(`${a.replace(" ", "")},${number(n)}×`))), "pairs: what was asked, by which source, how often");
for (const [column, key] of [[0, (r) => r[0]], [1, (r) => r[1]], [3, (r) => Number(r[3].replace(/,/g, ""))]]) {
  for (let turn = 0; turn < 2; turn++) {
    await page.click(`#t-pairs th >> nth=${column} >> button`);
    const order = await page.getAttribute(`#t-pairs th >> nth=${column}`, "aria-sort"), got = (await rows(page, "#t-pairs")).map(key);
    const sign = order === "descending" ? -1 : 1;
    ok(got.every((v, i) => i === 0 || (v === got[i - 1] ? 0 : v > got[i - 1] ? 1 : -1) * sign >= 0), `pairs: sorted by column ${column}, ${order}`, got.join(" "));
  }
}
await page.fill("#t-pairs input", "psql require");
is((await rows(page, "#t-pairs")).map((r) => r.slice(0, 2)), pairs.filter((p) => p.exe === "/usr/bin/psql" && [...p.asked.keys()].some((a) => a.includes("require"))).map((p) => [p.exe, p.host]), "pairs: filtered by two words");
await page.fill("#t-pairs input", "no such thing");
is(await status(page, "#t-pairs"), "nothing matches", "pairs: nothing matches");
await page.fill("#t-pairs input", "");
await page.click("#tiles button:has-text('Asked for less')");
is((await rows(page, "#t-pairs")).map((r) => `${r[0]} ${r[1]}`).sort(), pairs.filter((p) => result(p) === "asked for less").map((p) => `${p.exe} ${p.host}`).sort(), "a tile filters the pairs");
await page.click("#tiles button:has-text('Attempts')");
is(await status(page, "#t-pairs"), `1–${Math.min(25, pairs.length)} of ${pairs.length}`, "the first tile shows all again");
await page.click("#t-pairs .chips .t-failed");
is(await page.getAttribute("#t-pairs .chips .t-failed", "aria-pressed"), "true", "a chip filters by result");
is((await rows(page, "#t-pairs")).map((r) => r[2]), ["failed"], "a chip: the rows");
await page.click("#t-pairs .chips .t-failed");

is((await rows(page, "#t-certificates")).map((r) => [r[0], r[4]]), ends.map((e) => [e.peer_subject, number(of("witness").filter((w) => w.peer_sha256 === e.peer_sha256).length)]).sort((a, b) => 0), "certificate inventory: by end, with sessions");
is((await rows(page, "#t-exemptions")).map((r) => [r[0], r[1], r[5]]).sort(), pairs.filter((p) => p.has.has("exempt")).map((p) => [p.exe, p.host, number(p.attempts)]).sort(), "exemptions");
is((await rows(page, "#t-plaintext_cancels")).map((r) => [r[0], r[1], r[3]]), [["/usr/bin/psql", "orders.internal", number(of("plaintext_cancel").length)]], "plaintext cancels");
is((await rows(page, "#t-libpq")).map((r) => r.slice(0, 4)), [["/usr/lib/x86_64-linux-gnu/libpq.so.5.15", "15.18", "3.0.15", number(events.length)]], "libpq and OpenSSL");
const machines = new Map();
for (const e of events) machines.set(e.node, (machines.get(e.node) || 0) + 1);
is((await rows(page, "#t-nodes")).map((r) => r.slice(0, 2)).sort(), [...machines].map(([n, c]) => [n, number(c)]).sort(), "machines");
await page.click("summary:has-text('As a table')");
const timeline = await rows(page, "#t-timeline");
ok(timeline.length > 10 && timeline[0][0] < timeline[1][0], "time: as a table as well");

// By keyboard alone.
await page.keyboard.press("Control+Home");
await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
await page.reload();
await page.keyboard.press("Tab");
is(await page.evaluate(() => document.activeElement.className), "skip", "keyboard: the first stop skips to the table");
await page.keyboard.press("Enter");
await page.focus("#t-pairs th:nth-child(2) button");
await page.keyboard.press("Enter");
is(await page.getAttribute("#t-pairs th >> nth=1", "aria-sort"), "ascending", "keyboard: Enter sorts");
await page.focus("#matrix td button");
await page.keyboard.press("Enter");
is(await page.evaluate(() => document.activeElement.id), "pairs", "keyboard: Enter on a cell leads to the table");
is(await status(page, "#t-pairs"), `1–1 of 1 (${pairs.length} in all)`, "keyboard: and shows its pair");
await page.reload();
await accessible(page, "light");
await page.click("#theme");
is(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "a button switches to dark");
await accessible(page, "dark, by the button");
await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
is(await page.evaluate(() => document.documentElement.dataset.theme), "light", "paper is light");
is((await rows(page, "#t-pairs")).length, pairs.length, "paper has all rows");
await page.evaluate(() => dispatchEvent(new Event("afterprint")));
is(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "after printing it is dark again");
ok((await page.pdf({ format: "A4" })).length > 20000, "prints");
is(await page.evaluate(() => { const s = document.createElement("script"); s.textContent = "window.hacked = 1"; document.body.append(s); return window.hacked === undefined; }), true, "another script does not run");
page.wrong = page.wrong.filter((w) => !/Content Security Policy/.test(w));
await close(page, "sample");
page = await open("sample", { colorScheme: "dark" });
await accessible(page, "dark");
if (pictures) await page.screenshot({ path: `${pictures}/report-dark.png`, clip: { x: 0, y: 0, width: 1280, height: 1600 }, fullPage: true });
await close(page, "dark");
page = await open("sample", { viewport: { width: 390, height: 844 } });
await accessible(page, "phone");
is(await page.evaluate(() => document.documentElement.scrollWidth), 390, "phone: nothing is wider than the screen");
if (pictures) await page.screenshot({ path: `${pictures}/report-phone.png`, clip: { x: 0, y: 0, width: 390, height: 1700 }, fullPage: true });
await close(page, "phone");
if (pictures) {
  page = await open("sample");
  await page.screenshot({ path: `${pictures}/report-light.png`, clip: { x: 0, y: 0, width: 1280, height: 1600 }, fullPage: true });
  await close(page, "light");
}

// --- other policies, hostile values, nothing, very much
const what_if = JSON.parse(readFileSync(`${dir}/what-if.json`, "utf8"));
page = await open("what-if");
is((await rows(page, "#t-pairs")).map((r) => [r[0], r[1], /^(sealed|refused|let through|would break)/.exec(r[3])?.[0]]).sort(), what_if.pairs.slice(0, 25).map((p) => [p.exe, p.host,
  { sealed: "sealed", refused: "refused", allowed: "let through", breaks: "would break" }[p.what_if.verdict]]).sort(), "what-if: each pair's prospect");
await page.selectOption("#colour", "what_if");
is((await page.$$eval("#matrix td button", (all) => all.map((b) => b.parentElement.className.slice(2)))).sort(), what_if.pairs.map((p) => p.what_if.verdict).sort(), "what-if: the matrix can show it");
await accessible(page, "what-if");
await close(page, "what-if");

page = await open("hostile");
is(await page.evaluate(() => window.hacked), undefined, "hostile values: none runs");
is(await page.$$eval("img, svg[onload], iframe, object, a[href^=javascript], [onclick], [onerror]", (all) => all.length), 0, "hostile values: none is an element");
ok((await texts(page, "#t-pairs td")).includes("</script><script>window.hacked = 1</script>"), "hostile values: shown as they are");
ok((await texts(page, "#t-pairs td")).includes("\\u202egnp.exe") && (await texts(page, "#t-pairs td")).includes("\\u0001\\u001b[31m"), "hostile values: what would not show is made visible");
ok(!/[\u0001-\u0008\u001b\u202e]/.test(await page.evaluate(() => document.body.innerText)), "hostile values: no such character gets into the text");
ok(await page.isVisible("#tiles"), "hostile values: no style gets out");
is(await page.evaluate(() => document.documentElement.scrollWidth), 1280, "hostile values: nothing is wider than the screen");
await accessible(page, "hostile values");
await close(page, "hostile values");

page = await open("empty");
is(await page.textContent("#span"), "no line of pgseal's log", "an empty log");
await accessible(page, "an empty log");
await close(page, "an empty log");

page = await open("many");
is(await status(page, "#t-pairs"), "1–25 of 100,000", "100,000 groups");
ok(page.took < 15000, `100,000 groups: the page is there in ${page.took} ms`);
let began = Date.now();
await page.fill("#t-pairs input", "h09999");
is((await rows(page, "#t-pairs")).map((r) => r[1]), ["h09999.example"], "100,000 groups: a filter finds one");
ok(Date.now() - began < 4000, `100,000 groups: filtered in ${Date.now() - began} ms`);
await page.fill("#t-pairs input", "");
began = Date.now();
await page.click("#t-pairs th >> nth=1 >> button");
is((await rows(page, "#t-pairs"))[0][1], "h00000.example", "100,000 groups: sorted by host");
ok(Date.now() - began < 4000, `100,000 groups: sorted in ${Date.now() - began} ms`);
await page.click("#t-pairs button:has-text('Next')");
is(await status(page, "#t-pairs"), "26–50 of 100,000", "100,000 groups: the next page");
is(await page.$$eval("#matrix td button", (all) => all.length > 0), true, "100,000 groups: the matrix has the most frequent");
ok((await page.textContent("#matrix-rest")).includes("more in the table below"), "100,000 groups: it says what it leaves out");
await close(page, "100,000 groups");

await browser.close();
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
