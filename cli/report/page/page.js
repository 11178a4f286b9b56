"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString("en-US");
  const ROWS = innerWidth < 700 ? 10 : 25, FINDINGS = 5, PRINTED = 1000, PROGRAMS = 24, HOSTS = 36, CERTIFICATES = 40, BARS = 96, SOON = 30, DAY = 864e5;

  /* What a log says is text. What would not show, or would turn the writing round, is made visible. */
  const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
  const visible = (s) => String(s).replace(hidden, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

  /* make("td", "number", "12"): an element with a class and texts or elements in it. */
  function make(tag, className, ...content) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    for (const c of content) element.append(c instanceof Node ? c : visible(c));
    return element;
  }
  function svg(tag, attributes, ...content) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  }
  /* A text of the log; a path or name may break behind its slashes and dots. */
  const text = (s, className = "") => {
    const parts = s === "" ? ["(none)"] : className === "mono" ? s.split(/(?<=[/.,=_-])/) : [s];
    return make("bdi", className, ...(parts.length > 60 ? [s] : parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part]))));
  };
  const time = (s) => s.slice(0, 16).replace("T", " ");
  /* The first of a list; the others open on demand. */
  const list = (items, first = 3) => {
    const entries = (some) => {
      const ul = make("ul");
      for (const item of some) ul.append(make("li", "", item instanceof Node ? item : text(item)));
      return ul;
    };
    if (items.length <= first + 1) return entries(items);
    return make("div", "", entries(items.slice(0, first)), make("details", "", make("summary", "dim", `${number(items.length - first)} more`), entries(items.slice(first))));
  };
  const days = (n) => (n < 0 ? `expired ${number(-n)} d ago` : n === 0 ? "expires today" : `${number(n)} days left`);
  const base = (path) => path.slice(path.lastIndexOf("/") + 1) || path;

  /* --- what became of a pair: the worst first */
  const VERDICTS = {
    violation: ["violation", "V"], refused: ["refused", "R"], breaks: ["would break", "B"], failed: ["failed", "F"], "would-refuse": ["would be refused", "r"],
    exempt: ["exempt", "E"], allowed: ["let through", "A"], less: ["asked for less", "L"], watched: ["audit only", "w"], sealed: ["sealed", "S"], socket: ["socket only", "U"], none: ["no attempt", ""],
  };
  function verdict(p) {
    const a = p.actions;
    return p.violations ? "violation" : a.refused ? "refused" : p.failed ? "failed" : a["would-refuse"] ? "would-refuse" : p.exempt ? "exempt" : p.downgrades ? "less"
      : a["would-seal"] ? "watched" : a.sealed || p.verified ? "sealed" : p.sockets ? "socket" : "none";
  }
  function prospect(p) {
    const v = p.what_if ? p.what_if.verdict : "none";
    return v === "would-seal" ? "watched" : v in VERDICTS ? v : "none";
  }
  for (const p of data.pairs) p.verdict = verdict(p);
  const tag = (v) => make("span", `tag t-${v}`, VERDICTS[v][0]);

  /* --- a table: sorted by its headings, filtered by words, in pages */
  class Table {
    constructor(where, name, rows, columns, options = {}) {
      Object.assign(this, { rows, columns, options, page: 0, words: [], only: null, exact: null, size: ROWS });
      this.sort = options.sort || 0;
      this.down = options.down || false;
      this.table = make("table", "data" + (columns.length > 4 ? " wide" : ""));
      this.table.append(make("caption", "hidden", name));
      this.head = make("tr");
      columns.forEach((c, i) => {
        const th = make("th"), button = make("button", "", c.name);
        th.scope = "col";
        button.type = "button";
        button.addEventListener("click", () => this.order(i));
        th.append(button);
        this.head.append(th);
      });
      this.table.append(make("thead", "", this.head));
      this.body = this.table.appendChild(make("tbody"));
      this.input = make("input");
      Object.assign(this.input, { type: "search", placeholder: "Filter: words in any column" });
      this.input.setAttribute("aria-label", `Filter ${name}`);
      this.input.addEventListener("input", () => this.search(this.input.value));
      this.chips = make("div", "chips");
      this.status = make("span");
      this.status.setAttribute("role", "status");
      this.back = this.pageButton("Previous", -1);
      this.next = this.pageButton("Next", 1);
      const scroll = make("div", "scroll", this.table);
      Object.assign(scroll, { tabIndex: 0 });
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", name);
      $(where).append(make("div", "table-tools", this.input, this.chips), scroll, make("div", "pager", this.back, this.next, this.status));
      this.update();
    }
    pageButton(name, step) {
      const button = make("button", "", name);
      button.type = "button";
      button.addEventListener("click", () => { this.page += step; this.draw(); });
      return button;
    }
    order(column) {
      this.down = this.sort === column ? !this.down : !!this.columns[column].number;
      this.sort = column;
      this.update();
    }
    search(value) {
      this.words = value.toLowerCase().split(/\s+/).filter(Boolean);
      this.update();
    }
    key(row) {
      if (row.search === undefined) row.search = this.columns.map((c) => String(c.value(row))).join("\n").toLowerCase();
      return row.search;
    }
    /* The rows that are wanted, in their order. */
    update() {
      const { exact, only, words } = this;
      const value = this.columns[this.sort].value, sign = this.down ? -1 : 1;
      this.found = this.rows.filter((r) => (!only || only(r)) && (!exact || (r.exe === exact.exe && r.host === exact.host)) && words.every((w) => this.key(r).includes(w)));
      const keyed = this.found.map((r) => [value(r), r]);
      keyed.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
      this.found = keyed.map((k) => k[1]);
      this.page = 0;
      this.draw();
    }
    draw() {
      const start = this.page * this.size, rows = this.found.slice(start, start + this.size);
      [...this.head.children].forEach((th, i) => (i === this.sort ? th.setAttribute("aria-sort", this.down ? "descending" : "ascending") : th.removeAttribute("aria-sort")));
      this.body.replaceChildren(...rows.map((row) => {
        const tr = make("tr");
        for (const c of this.columns) {
          const shown = c.show ? c.show(row) : text(c.value(row)), td = make("td", c.className || (c.number ? "number" : ""), shown);
          td.dataset.label = c.name;
          if (!td.textContent) td.classList.add("empty");
          tr.append(td);
        }
        return tr;
      }));
      this.status.textContent = this.found.length === 0 ? "nothing matches"
        : `${number(start + 1)}–${number(start + rows.length)} of ${number(this.found.length)}` + (this.found.length < this.rows.length ? ` (${number(this.rows.length)} in all)` : "");
      this.back.disabled = this.page === 0;
      this.next.disabled = start + this.size >= this.found.length;
    }
    print(on) {
      this.size = on ? PRINTED : ROWS;
      this.draw();
    }
  }

  const exe = { name: "Program", value: (r) => r.exe, show: (r) => text(r.exe, "mono"), className: "name" };
  const host = { name: "Host", value: (r) => r.host, show: (r) => text(r.host, "mono"), className: "name" };
  const first = { name: "First", value: (r) => r.first, show: (r) => time(r.first), className: "time" };
  const last = { name: "Last", value: (r) => r.last, show: (r) => time(r.last), className: "time" };
  const nodes = { name: "Machines", value: (r) => r.nodes.join("\n"), show: (r) => (r.nodes.length > 3 ? make("span", "", `${number(r.nodes.length)}: `, text(r.nodes.slice(0, 3).join(", ")), "…") : text(r.nodes.join(", "))) };
  const count = (name, key) => ({ name, value: (r) => r[key], show: (r) => number(r[key]), number: true });
  const asked = { name: "Asked for", value: (r) => r.asked.map((a) => `${a.option}=${a.requested} ${a.source}`).join("\n"),
    show: (r) => list(r.asked.map((a) => make("span", "", text(`${a.option}=${a.requested}`, "mono"), make("span", "dim", ` ${a.source}, ${number(a.count)}×`)))) };
  const reasons = { name: "Reasons", value: (r) => r.reasons.join("\n"), show: (r) => (r.reasons.length ? make("div", "long", list(r.reasons)) : "") };

  const tables = [];
  const pairs = new Table("t-pairs", "Programs and hosts", data.pairs, [
    exe, host, { name: "Result", value: (r) => Object.keys(VERDICTS).indexOf(r.verdict) + r.verdict, show: (r) => tag(r.verdict) },
    ...(data.what_if ? [{ name: "Other policy", value: (r) => (r.what_if ? r.what_if.verdict + (r.what_if.reason || "") : ""),
      show: (r) => (r.what_if ? make("div", "long", tag(prospect(r)), make("div", "dim", r.what_if.proved ? "verified session seen" : ""), r.what_if.reason ? text(r.what_if.reason) : "") : "") }] : []),
    count("Attempts", "attempts"), count("For less", "downgrades"), asked, reasons, { ...last, name: "Seen", show: (r) => make("span", "", time(r.first), make("br"), time(r.last)) }, nodes,
  ], { sort: data.what_if ? 4 : 3, down: true });
  tables.push(pairs);
  const text_of = (name, key, className) => ({ name, value: (r) => r[key] ?? "", show: (r) => text(r[key] ?? "", className || "") });
  const list_of = (name, key) => ({ name, value: (r) => r[key].join("\n"), show: (r) => list(r[key]) });
  const others = {
    certificates: [["subject", text_of("Subject", "subject")], ["names", list_of("Names", "names")], ["issuer", text_of("Issuer", "issuer")],
      ["not_after", { name: "Ends", value: (r) => r.not_after, show: (r) => make("span", "", text(r.not_after.slice(0, 10)), make("br"), r.days === undefined ? "" : make("span", `t-${tone(r.days)} when`, days(r.days))), className: "time" }],
      ["sessions", count("Sessions", "sessions")], ["protocols", list_of("Protocols", "protocols")], ["ciphers", list_of("Ciphers", "ciphers")], ["roots", list_of("Roots", "roots")], ["sha256", text_of("SHA-256", "sha256", "mono")]],
    exemptions: [["exe", exe], ["host", host], ["reason", text_of("Reason", "reason")], ["rule", text_of("Rule", "rule", "mono")], ["until", text_of("Until", "exempt_until")], ["count", count("Uses", "count")], ["last", last], ["nodes", nodes]],
    plaintext_cancels: [["exe", exe], ["host", host], ["action", { name: "Done", value: (r) => r.action, show: (r) => tag(r.action === "refused" ? "refused" : "allowed") }], ["count", count("Requests", "count")], ["last", last], ["nodes", nodes]],
    libpq: [["path", text_of("Path", "path", "mono")], ["version", { name: "libpq", value: (r) => r.version, show: (r) => (r.version ? `${Math.floor(r.version / 10000)}.${r.version % 10000}` : "") }], ["openssl", list_of("OpenSSL", "openssl")], ["count", count("Lines", "count")], ["programs", list_of("Programs", "programs")], ["nodes", nodes]],
    nodes: [["node", text_of("Machine", "node")], ["count", count("Lines", "count")], ["first", first], ["last", last]],
  };
  const sorted_by = { certificates: 3, exemptions: 5, plaintext_cancels: 3, libpq: 3, nodes: 1 };
  for (const [name, columns] of Object.entries(others)) {
    if (data[name].length === 0) $("s-t-" + name).hidden = true;
    else tables.push(new Table("t-" + name, $("s-t-" + name).firstElementChild.textContent, data[name], columns.map((c) => c[1]), { sort: sorted_by[name], down: name !== "certificates" }));
  }

  /* --- chips: which results the table of pairs shows */
  const chosen = new Set();
  function chips() {
    const counts = new Map();
    for (const p of data.pairs) counts.set(p.verdict, (counts.get(p.verdict) || 0) + 1);
    pairs.chips.replaceChildren();
    if (pairs.exact) {
      const chip = make("button", "", "only ", text(base(pairs.exact.exe)), " → ", text(pairs.exact.host), " ✕");
      chip.type = "button";
      chip.addEventListener("click", () => choose(null, null));
      pairs.chips.append(chip);
    }
    for (const v of Object.keys(VERDICTS)) {
      if (!counts.has(v)) continue;
      const chip = make("button", `t-${v}`, make("span", "dot"), `${VERDICTS[v][0]} ${number(counts.get(v))}`);
      chip.type = "button";
      chip.setAttribute("aria-pressed", chosen.has(v));
      chip.addEventListener("click", () => {
        if (!chosen.delete(v)) chosen.add(v);
        choose(undefined, pairs.exact);
        [...pairs.chips.children].find((c) => c.classList.contains(`t-${v}`)).focus();
      });
      pairs.chips.append(chip);
    }
  }
  /* Shows these results (null: all, undefined: as chosen) or this pair only. */
  function choose(verdicts, exact, go) {
    if (verdicts !== undefined) {
      chosen.clear();
      for (const v of verdicts || []) chosen.add(v);
    }
    pairs.exact = exact;
    pairs.only = chosen.size ? (p) => chosen.has(p.verdict) : null;
    pairs.update();
    chips();
    if (go) {
      $("pairs").scrollIntoView({ block: "start" });
      $("pairs").focus({ preventScroll: true });
    }
  }
  chips();

  /* --- head, tiles, notes, findings */
  function tone(left) { return left < 0 ? "refused" : left < SOON ? "less" : "sealed"; }
  $("span").textContent = data.from ? `${time(data.from)} to ${time(data.until)} UTC · ${number(data.lines)} lines · ${number(data.nodes.length)} machine${data.nodes.length === 1 ? "" : "s"}` : "no line of pgseal's log";
  $("made").textContent = `Made by pgseal report at ${time(data.made)} UTC.`;
  const attempts = data.events.downgrade + data.events.refuse + data.events.exempt + data.events.seal + data.events.socket;
  const ending = data.certificates.filter((c) => c.days !== undefined && c.days < SOON);
  const tiles = [
    ["Attempts", attempts, "watched", () => choose(null, null, true)], ["Asked for less", data.events.downgrade, "less", () => choose(["less"], null, true)],
    ["Refused", data.events.refuse, "refused", () => choose(["refused", "would-refuse"], null, true)], ["Failed", data.events.failed, "failed", () => choose(["failed"], null, true)],
    ["Violations", data.events.violation, "violation", () => choose(["violation"], null, true)], ["Exempt", data.events.exempt, "exempt", () => choose(["exempt"], null, true)],
    ["Plaintext cancels", data.events.plaintext_cancel, "less", () => $("s-t-plaintext_cancels").scrollIntoView()], ["Certificates expiring", ending.length, "less", () => $("s-certificates").scrollIntoView()],
  ];
  for (const [name, n, color, act] of tiles) {
    const button = make("button", n ? `t-${color}` : "zero", make("b", "", number(n)), make("span", "", name));
    button.type = "button";
    button.addEventListener("click", act);
    $("tiles").append(make("li", "", button));
  }
  const note = (s) => $("notes").append(make("li", "", s));
  if (data.broken) note(`${number(data.broken)} lines could not be parsed: ${data.broken_lines.map((b) => `${b.file}:${b.line} (${b.reason})`).join(", ")}${data.broken > data.broken_lines.length ? " and others" : ""}`);
  if (data.lost) note(`${number(data.lost)} lines could not be written to a log.`);
  for (const [name, n] of Object.entries(data.merged)) if (n) note(`Too many ${name.replace("_", " ")} to list separately: the least frequent are combined as “other”.`);
  if (data.filtered) note(`${number(data.filtered)} lines were left out by the filters.`);
  if (data.what_if) {
    const w = data.what_if;
    note(`Under ${w.policy}: ` + ["refused", "breaks", "sealed", "allowed", "would-seal", "would-refuse"].filter((v) => w[v]).map((v) => `${number(w[v])} ${v}`).join(", ") + " (programs × hosts)." +
      (w.files_not_here.length ? ` Not on this machine, assumed to be valid: ${w.files_not_here.join(", ")}.` : ""));
  }
  const findings = [
    data.pairs.filter((p) => p.violations).map((p) => ["violation", make("span", "", text(p.exe, "mono"), " → ", text(p.host, "mono"), `: ${number(p.violations)} session${p.violations === 1 ? "" : "s"} did not match what was requested`)]),
    data.plaintext_cancels.map((c) => ["less", make("span", "", text(c.exe, "mono"), " → ", text(c.host, "mono"), `: ${number(c.count)} cancel request${c.count === 1 ? "" : "s"} in plaintext, ${c.action === "refused" ? "stopped" : "sent"}`), "cancel"]),
    data.exemptions.filter((e) => e.days !== undefined && e.days < SOON).map((e) => ["exempt", make("span", "", text(e.exe, "mono"), " → ", text(e.host, "mono"), `: ${e.rule}, ${days(e.days)} (${e.reason})`), "exemption"]),
    ending.map((c) => [tone(c.days), make("span", "", text(c.subject), ` (${c.names.join(", ")}): ${days(c.days)}`), "certificate"]),
  ];
  for (const kind of findings) {
    for (const [v, content, word] of kind.slice(0, FINDINGS)) $("findings").append(make("li", "", make("span", `tag t-${v}`, word || VERDICTS[v][0]), content));
    if (kind.length > FINDINGS) $("findings").append(make("li", "dim", `and ${number(kind.length - FINDINGS)} more such, in the tables below`));
  }
  if (!findings.some((kind) => kind.length)) $("findings").append(make("li", "dim", "No violation, no plaintext cancel, nothing that expires soon."));

  /* --- attempts over time */
  const ACTIONS = { sealed: "sealed", "would-seal": "would be sealed", allowed: "let through", refused: "refused", "would-refuse": "would be refused", failed: "failed", violation: "violation" };
  const spans = data.timeline.spans, off = new Set();
  const width = data.timeline.seconds * 1000;
  const length = spans.length ? Date.parse(spans[spans.length - 1].start) + width - Date.parse(spans[0].start) : 0;
  const wide = [6e4, 3e5, 9e5, 36e5, 108e5, 216e5, 432e5, DAY, 7 * DAY, 28 * DAY].find((w) => w >= width && length / w <= BARS) || width * Math.ceil(length / width / BARS);
  const t0 = spans.length ? Math.floor(Date.parse(spans[0].start) / wide) * wide : 0;
  const bars = [];
  for (const s of spans) {
    const i = Math.floor((Date.parse(s.start) - t0) / wide);
    const bar = (bars[i] ||= { start: t0 + i * wide });
    for (const a of Object.keys(ACTIONS)) bar[a] = (bar[a] || 0) + (s[a] || 0);
  }
  for (let i = 0; i < bars.length; i++) bars[i] ||= { start: t0 + i * wide };
  const stamp = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  const told = (bar) => Object.keys(ACTIONS).filter((a) => bar[a] && !off.has(a)).map((a) => `${number(bar[a])} ${ACTIONS[a]}`).join(", ") || "nothing";
  let at = -1;
  function point(i) {
    at = i;
    [...$("chart").querySelectorAll("g.span")].forEach((g, k) => g.classList.toggle("on", k === i));
    $("readout").textContent = i < 0 ? "" : `${stamp(bars[i].start)} to ${stamp(bars[i].start + wide)} UTC: ${told(bars[i])}`;
  }
  function chart() {
    const W = Math.max(260, $("chart").clientWidth || 1000), H = 220, left = 46, bottom = 24, step = (W - left) / bars.length;
    const sum = (b) => Object.keys(ACTIONS).reduce((n, a) => n + (off.has(a) ? 0 : b[a] || 0), 0);
    const high = Math.max(1, ...bars.map(sum)), unit = 10 ** Math.floor(Math.log10(high));
    const tick = [0.1, 0.2, 0.5, 1, 2, 5].map((k) => Math.max(1, k * unit)).find((k) => high / k <= 5) || unit * 10;
    const top = Math.ceil(high / tick) * tick, y = (n) => (H - bottom) - ((H - bottom - 8) * n) / top;
    const root = svg("svg", { viewBox: `0 0 ${W} ${H}`, "aria-hidden": "true" });
    for (let n = 0; n <= top; n += tick) root.append(svg("line", { class: "grid", x1: left, x2: W, y1: y(n), y2: y(n) }), svg("text", { x: left - 8, y: y(n) + 4, "text-anchor": "end" }, number(n)));
    bars.forEach((b, i) => {
      const g = svg("g", { class: "span" }), x = left + i * step;
      let n = 0;
      for (const a of Object.keys(ACTIONS)) {
        if (!b[a] || off.has(a)) continue;
        g.append(svg("rect", { class: `t t-${a}`, "data-n": b[a], x: x + step * 0.1, width: step * 0.8, y: y(n + b[a]), height: Math.max(0.8, y(n) - y(n + b[a])) }));
        n += b[a];
      }
      const hit = svg("rect", { class: "bar-hit", x, width: step, y: 0, height: H - bottom });
      hit.addEventListener("pointerenter", () => point(i));
      g.append(hit);
      root.append(g);
    });
    const daily = length > 3 * DAY, room = daily ? 84 : 128, every = Math.max(1, Math.ceil(room / step));
    for (let i = 0; i < bars.length && left + i * step + room - 12 < W; i += every) root.append(svg("text", { x: left + i * step, y: H - 6 }, daily ? stamp(bars[i].start).slice(0, 10) : stamp(bars[i].start)));
    $("chart").replaceChildren(root);
  }
  if (bars.length === 0) $("s-timeline").hidden = true;
  else {
    for (const a of Object.keys(ACTIONS)) {
      if (!data.actions[a]) continue;
      const button = make("button", `t-${a}`, make("span", "dot"), `${ACTIONS[a]} ${number(data.actions[a])}`);
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        if (!off.delete(a)) off.add(a);
        button.setAttribute("aria-pressed", !off.has(a));
        chart();
        point(-1);
      });
      $("legend").append(make("li", "", button));
    }
    chart();
    new ResizeObserver(() => chart()).observe($("s-timeline"));
    $("chart").addEventListener("pointerleave", () => point(-1));
    $("chart").addEventListener("keydown", (e) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? bars.length - 1 : at - 1, Home: 0, End: bars.length - 1, Escape: -1 }[e.key];
      if (to === undefined) return;
      e.preventDefault();
      point(Math.max(-1, Math.min(bars.length - 1, to)));
    });
    const used = Object.keys(ACTIONS).filter((a) => data.actions[a]);
    tables.push(new Table("t-timeline", "Attempts over time", bars.filter((b) => used.some((a) => b[a])), [
      { name: "From (UTC)", value: (b) => b.start, show: (b) => stamp(b.start), className: "time" },
      ...used.map((a) => ({ name: ACTIONS[a], value: (b) => b[a] || 0, show: (b) => number(b[a] || 0), number: true }))]));
  }

  /* --- programs × hosts */
  function matrix() {
    const seen = $("colour").value === "what_if" ? prospect : (p) => p.verdict;
    const add = (map, key, n) => map.set(key, (map.get(key) || 0) + n);
    const programs = new Map(), hosts = new Map(), cells = new Map(), found = new Set();
    for (const p of data.pairs) { add(programs, p.exe, p.attempts + p.failed + p.violations + 1); add(hosts, p.host, p.attempts + p.failed + p.violations + 1); }
    const most = (map, n) => [...map].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, n).map((e) => e[0]);
    const rows = most(programs, PROGRAMS), columns = most(hosts, HOSTS), wanted = [new Set(rows), new Set(columns)];
    for (const p of data.pairs) if (wanted[0].has(p.exe) && wanted[1].has(p.host)) cells.set(p.exe + "\0" + p.host, p);
    const head = make("tr", "", make("td"));
    for (const h of columns) {
      const th = make("th", "", make("div", "", make("span", "", text(h))));
      th.scope = "col";
      th.title = visible(h);
      head.append(th);
    }
    const body = make("tbody");
    for (const e of rows) {
      const th = make("th", "mono", text(base(e)));
      th.scope = "row";
      th.title = visible(e);
      const tr = make("tr", "", th);
      for (const h of columns) {
        const p = cells.get(e + "\0" + h);
        if (!p) { tr.append(make("td", "t-none")); continue; }
        const v = seen(p), button = make("button", "", VERDICTS[v][1]);
        found.add(v);
        button.type = "button";
        button.title = `${visible(e)} → ${visible(h)}\n${VERDICTS[v][0]}, ${number(p.attempts)} attempts`;
        button.setAttribute("aria-label", visible(`${base(e)} to ${h}: ${VERDICTS[v][0]}, ${number(p.attempts)} attempts`));
        button.addEventListener("click", () => choose(null, p, true));
        tr.append(make("td", `t-${v}`, button));
      }
      body.append(tr);
    }
    $("matrix").replaceChildren(make("table", "", make("caption", "hidden", "Programs by row, hosts by column"), make("thead", "", head), body));
    $("key").replaceChildren(...Object.keys(VERDICTS).filter((v) => found.has(v)).map((v) => make("li", `t-${v}`, make("span", "dot"), `${VERDICTS[v][0]} (${VERDICTS[v][1]})`)));
    const more = [[programs.size - rows.length, "program"], [hosts.size - columns.length, "host"]].filter(([n]) => n > 0).map(([n, w]) => `${number(n)} ${w}${n === 1 ? "" : "s"}`);
    $("matrix-rest").textContent = more.length ? `The most frequent. ${more.join(" and ")} more in the table below.` : "";
  }
  if (data.pairs.length === 0) for (const id of ["s-matrix", "pairs"]) $(id).hidden = true;
  else {
    $("by").hidden = !data.what_if;
    $("colour").addEventListener("change", matrix);
    matrix();
  }

  /* --- certificates on a time line */
  const certificates = data.certificates.filter((c) => c.days !== undefined).sort((a, b) => (a.not_after < b.not_after ? -1 : 1));
  if (certificates.length === 0) $("s-certificates").hidden = true;
  else {
    const shown = certificates.slice(0, CERTIFICATES), now = Date.parse(data.made), end = (c) => Math.min(Date.parse(c.not_after), now + 1200 * DAY);
    const from = Math.min(now - 30 * DAY, ...shown.map((c) => Math.max(Math.min(Date.parse(c.first), Date.parse(c.not_after)), now - 400 * DAY)));
    const until = Math.max(now + 60 * DAY, ...shown.map(end)), place = (ms) => Math.max(0, Math.min(100, (100 * (ms - from)) / (until - from)));
    const at_ms = (element, ms) => { element.style.left = place(ms) + "%"; return element; };
    const track = (...content) => make("div", "track", ...content, at_ms(make("span", "now"), now));
    for (const c of shown) {
      const start = place(Date.parse(c.first)), life = make("span", "life");
      life.style.left = Math.min(start, place(end(c))) + "%";
      life.style.width = Math.max(0.6, place(end(c)) - start) + "%";
      $("ends").append(make("li", `t-${tone(c.days)}`, make("span", "name", text(c.names[0] || c.subject)), track(life), make("span", "when", days(c.days))));
      $("ends").lastChild.title = `${visible(c.subject)}\nissued by ${visible(c.issuer)}\nends ${visible(c.not_after)}`;
    }
    const axis = make("div", "track");
    const months = Math.ceil((until - from) / DAY / 30 / 6);
    for (let d = new Date(from), m = 0; m < 8; m++) {
      const ms = Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1 + m * months, 1);
      if (ms < until && place(ms) > 4 && place(ms) < 96) axis.append(at_ms(make("span", "", new Date(ms).toISOString().slice(0, 7)), ms));
    }
    const line = make("li", "axis", make("span"), axis, make("span"));
    line.setAttribute("aria-hidden", "true");
    $("ends").append(line);
    if (certificates.length > shown.length) $("ends").append(make("li", "dim", `and ${number(certificates.length - shown.length)} more in the inventory`));
  }

  /* --- light and dark, printing */
  const theme = (dark) => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    $("theme").textContent = dark ? "Light" : "Dark";
  };
  const dark = () => document.documentElement.dataset.theme === "dark";
  theme(matchMedia("(prefers-color-scheme: dark)").matches);
  $("theme").addEventListener("click", () => theme(!dark()));
  $("print").addEventListener("click", () => window.print());
  let before = false;
  addEventListener("beforeprint", () => { before = dark(); theme(false); for (const t of tables) t.print(true); });
  addEventListener("afterprint", () => { theme(before); for (const t of tables) t.print(false); });
})();
