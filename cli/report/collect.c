/* collect: adds one line of the log to the report's groups. */
#include "report.h"
#include "whatif.h"
#include "when.h"

#include "cli/lib/util.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const event_names[EVENTS] = {"downgrade", "refuse",           "exempt", "failed",
                                         "violation", "plaintext_cancel", "seal",   "socket",
                                         "witness",   "process"};

enum event_id event_find(const char *name, size_t n)
{
    enum event_id id = 0;
    while (id < EVENTS && (strlen(event_names[id]) != n || memcmp(event_names[id], name, n) != 0)) {
        id++;
    }
    return id;
}

/* A text of the event; "" where it has none. */
static const char *text(json_t *event, const char *key)
{
    const char *s = json_string_value(json_object_get(event, key));
    return s != NULL ? s : "";
}

static bool matches(const char *pattern, const char *value)
{
    return pattern == NULL || fnmatch(pattern, value, 0) == 0;
}

static enum action_id action_find(const char *name)
{
    enum action_id id = 0;
    while (id < FAILED_OUTCOME && strcmp(action_names[id], name) != 0) {
        id++;
    }
    return id;
}

/* The host as it was asked for, else the address. */
static const char *target(json_t *event)
{
    const char *host = text(event, "host");
    return host[0] != '\0' ? host : text(event, "hostaddr");
}

static void add_changes(struct report *r, struct group *pair, json_t *event)
{
    json_t *changes = json_object_get(event, "changes");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        json_t *change = json_array_get(changes, i);
        const char *const parts[] = {text(change, "option"), text(change, "requested"),
                                     text(change, "source")};
        if (strcmp(parts[2], "default") != 0) {
            group_tally(&r->groups, pair, ASKED, parts, 3);
        }
    }
}

static void add_attempt(struct report *r, struct group *pair, json_t *event, enum event_id id,
                        int64_t time)
{
    static const enum counter of_action[] = {[SEALED] = DONE_SEALED,
                                             [WOULD_SEAL] = DONE_WOULD_SEAL,
                                             [ALLOWED] = DONE_ALLOWED,
                                             [REFUSED_ACTION] = DONE_REFUSED,
                                             [WOULD_REFUSE] = DONE_WOULD_REFUSE};
    enum action_id action = action_find(text(event, "action"));
    group_count(pair, ATTEMPTS);
    if (action < FAILED_OUTCOME) {
        group_count(pair, of_action[action]);
        timeline_add(&r->timeline, time, action);
        r->actions[action]++;
    }
    if (id == EVENT_DOWNGRADE) {
        group_count(pair, DOWNGRADES);
    } else if (id == EVENT_REFUSE) {
        group_count(pair, REFUSED);
    } else if (id == EVENT_EXEMPT) {
        group_count(pair, EXEMPT);
    } else if (id == EVENT_SOCKET) {
        group_count(pair, SOCKETS);
    }
    add_changes(r, pair, event);
}

static void add_outcome(struct report *r, struct group *pair, enum event_id id, int64_t time)
{
    enum action_id action = id == EVENT_FAILED ? FAILED_OUTCOME : VIOLATION_OUTCOME;
    group_count(pair, id == EVENT_FAILED ? FAILED : VIOLATIONS);
    timeline_add(&r->timeline, time, action);
    r->actions[action]++;
}

static void add_reason(struct report *r, struct group *group, json_t *event)
{
    const char *const reason[] = {text(event, "reason")};
    if (reason[0][0] != '\0') {
        group_tally(&r->groups, group, REASONS, reason, 1);
    }
}

static void add_node(struct report *r, struct group *group, json_t *event)
{
    const char *const node[] = {text(event, "node")};
    group_tally(&r->groups, group, NODES, node, 1);
}

/* A variable that pgseal-run changed: no attempt to connect. */
static bool is_of_launcher(json_t *event)
{
    return strcmp(text(event, "entry"), "pgseal-run") == 0;
}

static void add_pair(struct report *r, json_t *event, enum event_id id, int64_t time)
{
    const char *const parts[] = {text(event, "exe"), target(event)};
    struct group *pair = groups_add(&r->groups, PAIRS, parts, time);
    add_node(r, pair, event);
    switch (id) {
    case EVENT_REFUSE:
        add_reason(r, pair, event);
        add_attempt(r, pair, event, id, time);
        break;
    case EVENT_DOWNGRADE:
        if (is_of_launcher(event)) {
            group_count(pair, DOWNGRADES);
            add_changes(r, pair, event);
            return;
        }
        add_attempt(r, pair, event, id, time);
        break;
    case EVENT_EXEMPT:
    case EVENT_SEAL:
    case EVENT_SOCKET:
        add_attempt(r, pair, event, id, time);
        break;
    case EVENT_FAILED:
    case EVENT_VIOLATION:
        add_reason(r, pair, event);
        add_outcome(r, pair, id, time);
        return;
    case EVENT_WITNESS:
        group_count(pair, VERIFIED);
        return;
    case EVENT_PROCESS: /* what pgseal cannot reach in it */
        add_reason(r, pair, event);
        return;
    default:
        return;
    }
    if (r->whatif != NULL) {
        const char *judged[2];
        whatif_judge(r->whatif, event, id, judged);
        group_tally(&r->groups, pair, JUDGED, judged, 2);
    }
}

static void add_certificate(struct report *r, json_t *event, int64_t time)
{
    const char *const parts[] = {text(event, "peer_sha256"), text(event, "peer_subject"),
                                 text(event, "peer_issuer"), text(event, "peer_names"),
                                 text(event, "peer_not_after")};
    if (parts[0][0] == '\0') {
        return; /* that libpq showed no session */
    }
    struct group *certificate = groups_add(&r->groups, CERTIFICATES, parts, time);
    const char *const protocol[] = {text(event, "protocol")};
    const char *const cipher[] = {text(event, "cipher")};
    const char *const root[] = {text(event, "root")};
    add_node(r, certificate, event);
    group_tally(&r->groups, certificate, PROTOCOLS, protocol, 1);
    group_tally(&r->groups, certificate, CIPHERS, cipher, 1);
    group_tally(&r->groups, certificate, ROOTS, root, 1);
}

static void add_exemption(struct report *r, json_t *event, int64_t time)
{
    const char *const parts[] = {text(event, "exe"), target(event), text(event, "rule"),
                                 text(event, "reason"), text(event, "exempt_until")};
    add_node(r, groups_add(&r->groups, EXEMPTIONS, parts, time), event);
}

static void add_cancel(struct report *r, json_t *event, int64_t time)
{
    const char *const parts[] = {text(event, "exe"), target(event), text(event, "action")};
    struct group *cancel = groups_add(&r->groups, CANCELS, parts, time);
    add_node(r, cancel, event);
    add_reason(r, cancel, event);
}

static void add_libpq(struct report *r, json_t *event, const char *path, json_t *version,
                      int64_t time)
{
    if (path[0] == '\0') {
        return;
    }
    char *number = xprintf("%lld", (long long)json_integer_value(version));
    const char *const parts[] = {path, number};
    const char *const openssl[] = {text(event, "openssl")};
    const char *const exe[] = {text(event, "exe")};
    struct group *libpq = groups_add(&r->groups, LIBPQS, parts, time);
    add_node(r, libpq, event);
    group_tally(&r->groups, libpq, PROGRAMS, exe, 1);
    if (openssl[0][0] != '\0') {
        group_tally(&r->groups, libpq, OPENSSLS, openssl, 1);
    }
    free(number);
}

static void add_libpqs(struct report *r, json_t *event, enum event_id id, int64_t time)
{
    if (id == EVENT_PROCESS) {
        json_t *copies = json_object_get(event, "libpq_copies");
        for (size_t i = 0; i < json_array_size(copies); i++) {
            json_t *copy = json_array_get(copies, i);
            add_libpq(r, event, text(copy, "path"), json_object_get(copy, "version"), time);
        }
    } else {
        add_libpq(r, event, text(event, "libpq"), json_object_get(event, "libpq_version"), time);
    }
}

const char *report_add(struct report *r, json_t *event)
{
    const struct filter *f = &r->filter;
    json_t *name = json_object_get(event, "event");
    int64_t time = 0;
    if (!json_is_string(name)) {
        return "it has no event";
    }
    if (!when_parse(text(event, "time"), &time)) {
        return "it has no time";
    }
    enum event_id id = event_find(json_string_value(name), json_string_length(name));
    bool wanted = f->events == 0 || (id < EVENTS && (f->events >> id & 1) != 0);
    if (!wanted || time < f->since || time >= f->until || !matches(f->node, text(event, "node")) ||
        !matches(f->exe, text(event, "exe")) || !matches(f->host, target(event))) {
        r->left++;
        return NULL;
    }
    r->lines++;
    r->from = time < r->from ? time : r->from;
    r->until = time > r->until ? time : r->until;
    json_int_t lost = json_integer_value(json_object_get(event, "lost"));
    r->lost += lost > 0 ? (uint64_t)lost : 0;
    if (id == EVENTS) {
        return NULL;
    }
    r->events[id]++;
    const char *const node[] = {text(event, "node")};
    groups_add(&r->groups, MACHINES, node, time);
    bool told = id != EVENT_PROCESS || text(event, "reason")[0] != '\0';
    if (told && id != EVENT_PLAINTEXT_CANCEL) {
        add_pair(r, event, id, time);
    }
    if (id == EVENT_WITNESS) {
        add_certificate(r, event, time);
    } else if (id == EVENT_EXEMPT) {
        add_exemption(r, event, time);
    } else if (id == EVENT_PLAINTEXT_CANCEL) {
        add_cancel(r, event, time);
    }
    add_libpqs(r, event, id, time);
    return NULL;
}

void report_broken(struct report *r, const char *file, uint64_t line, const char *reason)
{
    if (r->broken < BROKEN_NAMED) {
        r->first[r->broken] = (struct broken){xstrdup(file), line, reason};
    }
    r->broken++;
}

bool report_days(const struct report *r, const char *until, int64_t *days)
{
    int64_t end = 0;
    if (!when_parse(until, &end)) {
        return false;
    }
    end += strlen(until) == sizeof "2026-11-24" - 1 ? DAY_MS : 0;
    int64_t left = end - r->now;
    *days = left >= 0 ? left / DAY_MS : -((-left + DAY_MS - 1) / DAY_MS);
    return true;
}
