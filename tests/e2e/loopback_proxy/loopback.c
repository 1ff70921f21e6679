// bind() and standard output of a server that has no options for them.
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int __real_bind(int fd, const struct sockaddr *address, socklen_t size);

// Binds loopback alone, and says which port it became: 0 asks for a free one.
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size) {
    struct sockaddr_in local;
    if (address->sa_family != AF_INET || size < sizeof local) return -1;
    memcpy(&local, address, sizeof local);
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (__real_bind(fd, (const struct sockaddr *)&local, sizeof local) != 0) return -1;
    size = sizeof local;
    getsockname(fd, (struct sockaddr *)&local, &size);
    printf("PORT %d\n", ntohs(local.sin_port));
    return 0;
}

// Whoever waits for that line reads from a pipe.
__attribute__((constructor)) static void flush_each_line(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
}
