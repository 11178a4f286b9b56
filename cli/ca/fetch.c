/* fetch: downloads a bundle over https, and over nothing else. */
#include "cli/ca/ca.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

struct sink {
    struct bytes bytes;
    size_t room;
    bool too_large;
};

static size_t take(char *at, size_t size, size_t n, void *data)
{
    struct sink *sink = data;
    n *= size;
    if (n > (size_t)CA_FILE_MAX - sink->bytes.n) {
        sink->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (sink->bytes.n + n + 1 > sink->room) {
        sink->room = 2 * (sink->bytes.n + n + 1);
        sink->bytes.at = xrealloc(sink->bytes.at, sink->room);
    }
    memcpy(sink->bytes.at + sink->bytes.n, at, n);
    sink->bytes.n += n;
    sink->bytes.at[sink->bytes.n] = '\0';
    return n;
}

char *ca_url_shown(const char *url)
{
    CURLU *parsed = curl_url();
    char *text = NULL;
    char *shown = NULL;
    if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_set(parsed, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
        curl_url_set(parsed, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
        curl_url_set(parsed, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
        curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK) {
        shown = xstrdup(text);
    }
    curl_free(text);
    curl_url_cleanup(parsed);
    return shown != NULL ? shown : xstrdup("(no URL)");
}

static bool is_https(const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    bool good = parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                strcmp(scheme, "https") == 0;
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return good;
}

static bool set_up(CURL *curl, const char *url, const char *cacert, struct sink *sink, char *error)
{
    CURLcode codes[] = {
        curl_easy_setopt(curl, CURLOPT_URL, url),
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https"),
        curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https"),
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L),
        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L),
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2),
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L),
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L),
        curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L),
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L),
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L),
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L),
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "pgseal/" PGSEAL_VERSION),
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error),
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take),
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink),
        cacert != NULL ? curl_easy_setopt(curl, CURLOPT_CAINFO, cacert) : CURLE_OK,
        cacert != NULL ? curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) : CURLE_OK,
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i] != CURLE_OK) {
            return false;
        }
    }
    return true;
}

char *ca_fetch(const char *url, const char *cacert, struct bytes *out)
{
    *out = (struct bytes){0};
    if (!is_https(url)) {
        return xstrdup("only https:// URLs are supported");
    }
    char *shown = ca_url_shown(url);
    char *reason = NULL;
    char error[CURL_ERROR_SIZE] = "";
    struct sink sink = {.bytes = {.at = xstrdup("")}};
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    if (curl == NULL || !set_up(curl, url, cacert, &sink, error)) {
        reason = xprintf("%s: this libcurl does not support https", shown);
    } else {
        CURLcode code = curl_easy_perform(curl);
        if (sink.too_large) {
            reason = xprintf("%s: more than %d bytes", shown, CA_FILE_MAX);
        } else if (code != CURLE_OK) {
            reason = xprintf("%s: %s", shown, error[0] != '\0' ? error : curl_easy_strerror(code));
        }
    }
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    free(shown);
    if (reason != NULL) {
        free(sink.bytes.at);
    } else {
        *out = sink.bytes;
    }
    return reason;
}
