/* SPDX-License-Identifier: Apache-2.0 */
/* One blocking HTTP request at a time: webhooks and the command line's calls to the daemon. */
#include "io/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>

static void initialise(void)
{
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct buffer *response = context;
    buffer_append(response, bytes, size * count);
    return response->failed ? 0 : size * count;
}

static struct curl_slist *headers_of(const char *token, const char *content_type)
{
    char line[1200];
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:"); /* no round trip before the body */
    snprintf(line, sizeof line, "Content-Type: %s", content_type ? content_type : "application/json");
    headers = curl_slist_append(headers, line);
    if (token && *token) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        headers = curl_slist_append(headers, line);
    }
    CHECK(headers != NULL);
    return headers;
}

static void set_body(CURL *curl, const char *method, struct view body)
{
    bool get = strcmp(method, "GET") == 0;
    if (get && body.size == 0) return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.size ? (const char *)body.data : "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/* The daemon on this machine is never behind a proxy, whatever the environment says. */
static bool is_local(const char *url)
{
    static const char *const hosts[] = {"//127.", "//localhost", "//[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strstr(url, hosts[i])) return true;
    return false;
}

static int failed(CURLcode status, const char *url, const char *detail, uint32_t timeout_ms, const struct buffer *response,
                  struct error *error)
{
    switch (status) {
    case CURLE_COULDNT_CONNECT:
        error_set(error, ERROR_NETWORK, "cannot connect to %s: %s; is the server running there?", url, detail);
        break;
    case CURLE_COULDNT_RESOLVE_HOST: error_set(error, ERROR_NETWORK, "cannot call %s: %s; check the host's name", url, detail); break;
    case CURLE_OPERATION_TIMEDOUT: error_set(error, ERROR_TIMEOUT, "%s did not answer within %u ms", url, timeout_ms); break;
    case CURLE_WRITE_ERROR: error_set(error, ERROR_LIMIT, "the answer of %s is larger than %zu bytes", url, response->maximum); break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        error_set(error, ERROR_CONFIG, "%s is not a URL that can be called; write http://host:port/path or https://...", url);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: error_set(error, ERROR_TLS, "cannot call %s: %s", url, detail); break;
    default: error_set(error, ERROR_NETWORK, "cannot call %s: %s", url, detail); break;
    }
    return 0;
}

int http_call(const char *method, const char *url, const char *token, struct view body, const char *content_type, uint32_t timeout_ms,
              struct buffer *response, struct error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialise);
    CURL *curl = curl_easy_init();
    CHECK(curl != NULL);
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    struct curl_slist *headers = headers_of(token, content_type);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "understudy");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, response);
    if (is_local(url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    set_body(curl, method, body);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (result == CURLE_OK) return (int)status;
    return failed(result, url, *detail ? detail : curl_easy_strerror(result), timeout_ms, response, error);
}
