/* What iperf's configure script would find out under Emscripten; no more of it than iperf reads. */
#pragma once

#define HAVE_ARPA_INET_H 1
#define HAVE_CLOCK_GETTIME 1
#define HAVE_DECL_ENOBUFS 1
#define HAVE_DECL_EWOULDBLOCK 1
#define HAVE_DECL_IP_TOS 1
#define HAVE_DECL_MSG_DONTWAIT 1
#define HAVE_DECL_MSG_PEEK 1
#define HAVE_DECL_MSG_WAITALL 1
#define HAVE_DECL_PTHREAD_CANCEL 1
#define HAVE_DECL_SIGALRM 1
#define HAVE_DECL_SO_SNDTIMEO 1
#define HAVE_DECL_TCP_NODELAY 1
#define HAVE_FREOPEN 1
#define HAVE_GETTIMEOFDAY 1
#define HAVE_INET_NTOP 1
#define HAVE_INET_PTON 1
#define HAVE_INT64_T 1
#define HAVE_INTTYPES_H 1
#define HAVE_KALMAN 1
#define HAVE_NANOSLEEP 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_NETINET_TCP_H 1
#define HAVE_POSIX_THREAD 1
#define HAVE_PTHREAD 1
#define HAVE_SCHED_YIELD 1
#define HAVE_SELECT 1
#define HAVE_SEQNO64b 1
#define HAVE_SIGNAL_H 1
#define HAVE_SNPRINTF 1
#define HAVE_SSIZE_T 1
#define HAVE_STDBOOL_H 1
#define HAVE_STDINT_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_STRUCT_SOCKADDR_STORAGE 1
#define HAVE_SYS_SELECT_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_UNISTD_H 1
#define HAVE_USLEEP 1
#define HAVE_VPRINTF 1
#define HAVE__BOOL 1
#define PACKAGE_BUGREPORT ""
#define PACKAGE_VERSION "2.1.8"
#define VERSION "2.1.8"
#define SELECT_TYPE_ARG1 int
#define SELECT_TYPE_ARG234 (fd_set *)
#define SELECT_TYPE_ARG5 (struct timeval *)
#define STDC_HEADERS 1
#define Socklen_t socklen_t
#define TIME_WITH_SYS_TIME 1
