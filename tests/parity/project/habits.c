// Habits of native programs, each of which ends otherwise for the web: HABIT HOST PORT.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
static void nap(void) { emscripten_sleep(10); }
#else
static void nap(void) { usleep(10000); }
#endif

static int begin(const char *host, int port, int *result) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    *result = connect(fd, (struct sockaddr *)&address, sizeof address);
    return fd;
}

// Waits, at most ten seconds, until the socket is ready.
static void await(int fd, short events) {
    for (int turn = 0; turn < 1000; ++turn) {
        struct pollfd entry = {fd, events, 0};
        if (poll(&entry, 1, 0) > 0) return;
        nap();
    }
}

static int error_of(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

// Three sends, and one recv() for the three answers.
static int merges(int fd) {
    char buffer[64];
    send(fd, "abc", 3, 0);
    send(fd, "de", 2, 0);
    send(fd, "fghi", 4, 0);
    await(fd, POLLIN);
    for (int turn = 0; turn < 30; ++turn) nap();
    const long got = recv(fd, buffer, sizeof buffer, 0);
    printf("one answer of %ld bytes\n", got);
    return got == 9 ? 0 : 31;
}

// recv() of a blocking socket without waiting first.
static int blocks(int fd) {
    char buffer[64];
    send(fd, "hello", 5, 0);
    const long got = recv(fd, buffer, sizeof buffer, 0);
    if (got < 0) printf("recv failed: %s\n", strerror(errno));
    return got == 5 ? 0 : 32;
}

// The end of what is sent is told with shutdown().
static int shuts_down(int fd) {
    char buffer[64];
    send(fd, "hello", 5, 0);
    if (shutdown(fd, SHUT_WR) != 0) {
        puts("cannot shut down");
        return 33;
    }
    long total = 0;
    for (;;) {
        await(fd, POLLIN);
        const long got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        total += got;
    }
    printf("%ld bytes and the end\n", total);
    return total == 5 ? 0 : 34;
}

static int sets_option(int fd) {
    const int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        puts("no TCP_NODELAY");
        return 35;
    }
    return 0;
}

static int names_itself(int fd) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("I am port %d\n", ntohs(address.sin_port));
    return 0;
}

// A large answer in one recv(): natively there is rarely so much at once.
static int takes_all(int fd) {
    enum { SIZE = 4000000 };
    static char buffer[SIZE];
    await(fd, POLLIN);
    const long got = recv(fd, buffer, SIZE, 0);
    puts(got == SIZE ? "all at once" : "not all");
    return got == SIZE ? 0 : 36;
}

// Option by option as it should be done: equal.
static int behaves(int fd) {
    char buffer[64];
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send(fd, "abc", 3, 0);
    send(fd, "de", 2, 0);
    for (long total = 0; total < 5;) {
        await(fd, POLLIN);
        const long got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) return 37;
        total += got;
    }
    puts("5 bytes");
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 4) return 30;
    const char *habit = argv[1];
    int result = 0;
    const int fd = begin(argv[2], atoi(argv[3]), &result);
    if (strcmp(habit, "trusts-connect") == 0 && result != 0) {
        puts("connect failed");
        exit(38);
    }
    await(fd, POLLOUT);
    if (strcmp(habit, "numbers") == 0) {
        printf("SO_ERROR %d\n", result < 0 && errno != EINPROGRESS ? errno : error_of(fd));
        exit(0);
    }
    int code = 0;
    if (strcmp(habit, "merges") == 0) code = merges(fd);
    if (strcmp(habit, "blocks") == 0) code = blocks(fd);
    if (strcmp(habit, "shuts-down") == 0) code = shuts_down(fd);
    if (strcmp(habit, "sets-option") == 0) code = sets_option(fd);
    if (strcmp(habit, "names-itself") == 0) code = names_itself(fd);
    if (strcmp(habit, "takes-all") == 0) code = takes_all(fd);
    if (strcmp(habit, "behaves") == 0) code = behaves(fd);
    close(fd);
    fflush(stdout);
    if (strcmp(habit, "returns") == 0) return 7;
    exit(code);
}
