// Watches the socket calls of a native program, as calls.cjs does those of a WebAssembly one: the
// same JSON lines on a descriptor of their own. Preloaded into it by run/watch.py (LD_PRELOAD).
//
// Only calls on sockets are told. One that answers as it did right before (EAGAIN in a loop) is told
// once, and after MAX_LINES nothing more.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINES = 5000, MAX_DESCRIPTORS = 4096 };

struct last {
    const char *call;
    long result;
    int error;
};

static atomic_int lines;
static atomic_char is_socket[MAX_DESCRIPTORS];
static struct last told[MAX_DESCRIPTORS];  // threads that share a socket may tell twice; no harm
static int channel = -1;

__attribute__((constructor)) static void start(void) {
    const char *text = getenv("EMSOCKETS_CALLS");
    if (text != NULL) channel = atoi(text);
    unsetenv("EMSOCKETS_CALLS");  // what the program starts is not watched
    unsetenv("LD_PRELOAD");
}

static int known(int fd) { return fd >= 0 && fd < MAX_DESCRIPTORS; }

static const char *error_name(int number) {
    switch (number) {
#define NAME(error) case error: return #error
        NAME(EADDRINUSE); NAME(EADDRNOTAVAIL); NAME(EAFNOSUPPORT); NAME(EAGAIN); NAME(EALREADY);
        NAME(EBADF); NAME(ECONNABORTED); NAME(ECONNREFUSED); NAME(ECONNRESET); NAME(EDESTADDRREQ);
        NAME(EHOSTUNREACH); NAME(EINPROGRESS); NAME(EINTR); NAME(EINVAL); NAME(EISCONN);
        NAME(EMSGSIZE); NAME(ENETUNREACH); NAME(ENOBUFS); NAME(ENOPROTOOPT); NAME(ENOTCONN);
        NAME(ENOTSOCK); NAME(EOPNOTSUPP); NAME(EPERM); NAME(EPIPE); NAME(EPROTONOSUPPORT);
        NAME(ETIMEDOUT);
#undef NAME
        default: return "";
    }
}

// Tells of a call; keeps errno for the program.
static void tell(const char *call, int fd, long result, long first, long second, const char *more) {
    const int error = result < 0 ? errno : 0;
    const int kept = errno;
    if (channel < 0 || !known(fd) || !atomic_load(&is_socket[fd])) return;
    struct last *last = &told[fd];
    const int same = last->call == call && last->result == result && last->error == error;
    *last = (struct last){call, result, error};
    if (result < 0 && same) return;
    if (atomic_fetch_add(&lines, 1) >= MAX_LINES) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int side = syscall(SYS_gettid) == getpid() ? 0 : (int)syscall(SYS_gettid);
    char line[512];
    const int size = snprintf(
        line, sizeof line,
        "{\"t\":%lld,\"event\":\"call\",\"thread\":%d,\"call\":\"%s\",\"result\":%ld,\"error\":\"%s\","
        "\"arguments\":[%d,%ld,%ld]%s}\n",
        now.tv_sec * 1000000LL + now.tv_nsec / 1000, side, call, result, error_name(error), fd,
        first, second, more);
    if (size > 0 && size < (int)sizeof line && syscall(SYS_write, channel, line, size) < 0) {
        channel = -1;  // whoever started us is gone
    }
    errno = kept;
}

// The function of the C library that this file stands in front of.
#define REAL(name)                    \
    static __typeof__(&(name)) real;  \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

static void set_socket(int fd, int value) {
    if (known(fd)) atomic_store(&is_socket[fd], (char)value);
}

int socket(int domain, int type, int protocol) {
    REAL(socket);
    const int result = real(domain, type, protocol);
    if (domain == AF_INET || domain == AF_INET6) set_socket(result, 1);
    return result;
}

int close(int fd) {
    REAL(close);
    if (fd == channel && channel >= 0) return 0;  // a program that closes all it does not know
    tell("close", fd, 0, 0, 0, "");
    set_socket(fd, 0);
    return real(fd);
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
    REAL(connect);
    const int result = real(fd, address, size);
    tell("connect", fd, result, 0, 0, "");
    return result;
}

static int port_of(const struct sockaddr *address) {
    if (address == NULL) return 0;
    if (address->sa_family == AF_INET) return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->sa_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    }
    return 0;
}

int listen(int fd, int backlog) {
    REAL(listen);
    const int result = real(fd, backlog);
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    const int kept = errno;
    char more[48] = "";
    if (result == 0 &&
        syscall(SYS_getsockname, fd, (struct sockaddr *)&address, &size) == 0) {
        snprintf(more, sizeof more, ",\"port\":%d", port_of((struct sockaddr *)&address));
    }
    errno = kept;
    tell("listen", fd, result, backlog, 0, more);
    return result;
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
    REAL(accept4);
    const int result = real(fd, address, size, flags);
    set_socket(result, 1);
    tell("accept4", fd, result, 0, 0, "");
    return result;
}

int accept(int fd, struct sockaddr *address, socklen_t *size) {
    REAL(accept);
    const int result = real(fd, address, size);
    set_socket(result, 1);
    tell("accept4", fd, result, 0, 0, "");
    return result;
}

static int named(const char *call, int fd, struct sockaddr *address, socklen_t *size, int result) {
    char more[48] = "";
    if (result == 0 && size != NULL) snprintf(more, sizeof more, ",\"port\":%d", port_of(address));
    tell(call, fd, result, 0, 0, more);
    return result;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *size) {
    REAL(getsockname);
    return named("getsockname", fd, address, size, real(fd, address, size));
}

int getpeername(int fd, struct sockaddr *address, socklen_t *size) {
    REAL(getpeername);
    return named("getpeername", fd, address, size, real(fd, address, size));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
    REAL(setsockopt);
    const int result = real(fd, level, name, value, size);
    tell("setsockopt", fd, result, level, name, "");
    return result;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
    REAL(getsockopt);
    const int result = real(fd, level, name, value, size);
    tell("getsockopt", fd, result, level, name, "");
    return result;
}

int shutdown(int fd, int how) {
    REAL(shutdown);
    const int result = real(fd, how);
    tell("shutdown", fd, result, how, 0, "");
    return result;
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    REAL(send);
    const ssize_t result = real(fd, data, size, flags);
    tell("sendto", fd, result, (long)size, flags, "");
    return result;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
               socklen_t length) {
    REAL(sendto);
    const ssize_t result = real(fd, data, size, flags, to, length);
    tell("sendto", fd, result, (long)size, flags, "");
    return result;
}

static long size_of(const struct msghdr *message) {
    long size = 0;
    for (size_t part = 0; part < (size_t)message->msg_iovlen; ++part) {
        size += (long)message->msg_iov[part].iov_len;
    }
    return size;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    const ssize_t result = real(fd, message, flags);
    tell("sendmsg", fd, result, size_of(message), flags, "");
    return result;
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    const ssize_t result = real(fd, data, size);
    tell("write", fd, result, (long)size, 0, "");
    return result;
}

ssize_t recv(int fd, void *buffer, size_t size, int flags) {
    REAL(recv);
    const ssize_t result = real(fd, buffer, size, flags);
    tell("recvfrom", fd, result, (long)size, flags, "");
    return result;
}

ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags) {
    if (size > room) abort();
    return recv(fd, buffer, size, flags);
}

ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags,
                 struct sockaddr *restrict from, socklen_t *restrict length) {
    REAL(recvfrom);
    const ssize_t result = real(fd, buffer, size, flags, from, length);
    tell("recvfrom", fd, result, (long)size, flags, "");
    return result;
}

ssize_t __recvfrom_chk(int fd, void *restrict buffer, size_t size, size_t room, int flags,
                       struct sockaddr *restrict from, socklen_t *restrict length) {
    if (size > room) abort();
    return recvfrom(fd, buffer, size, flags, from, length);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    REAL(recvmsg);
    const ssize_t result = real(fd, message, flags);
    tell("recvmsg", fd, result, size_of(message), flags, "");
    return result;
}

ssize_t read(int fd, void *buffer, size_t size) {
    REAL(read);
    const ssize_t result = real(fd, buffer, size);
    tell("read", fd, result, (long)size, 0, "");
    return result;
}

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room) {
    if (size > room) abort();
    return read(fd, buffer, size);
}
