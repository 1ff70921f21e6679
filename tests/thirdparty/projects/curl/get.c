/* Gets a URL with libcurl's easy interface and writes what came to standard output. */
#include <curl/curl.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: get URL\n");
    return 2;
  }
  CURL *easy = curl_easy_init();
  if (easy == NULL) return 1;
  curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
  curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 20L);
  CURLcode result = curl_easy_perform(easy);
  curl_off_t bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
  curl_easy_cleanup(easy);
  fprintf(stderr, "%s: %ld bytes\n", curl_easy_strerror(result), (long)bytes);
  return result == CURLE_OK ? 0 : 1;
}
