#include "harness.h"

static char room[64];

static struct timeval time_of(long milliseconds) {
  struct timeval time;
  time.tv_sec = milliseconds / 1000;
  time.tv_usec = (milliseconds % 1000) * 1000;
  return time;
}

CASE(poll_times_out, "poll(2)") {
  int fd = dial("hold");
  struct pollfd one = {fd, POLLIN, 77};
  begin_time();
  saw_result("poll", poll(&one, 1, 60));
  saw_wait(60);
  saw_events("revents", one.revents);
  close(fd);
}

CASE(poll_without_time, "poll(2): a timeout of zero") {
  int fd = dial("hold");
  struct pollfd one = {fd, POLLIN, 77};
  saw_result("poll", poll(&one, 1, 0));
  saw_events("revents", one.revents);
  close(fd);
}

CASE(poll_for_ever, "poll(2): a negative timeout") {
  int fd = dial("wait:60 say:x hold");
  struct pollfd one = {fd, POLLIN, 0};
  begin_time();
  saw_result("poll", poll(&one, 1, -1));
  saw_wait(30);
  saw_events("revents", one.revents);
  close(fd);
}

CASE(poll_for_a_huge_time, "poll(2)") {
  int fd = dial("wait:40 say:x hold");
  struct pollfd one = {fd, POLLIN, 0};
  saw_result("poll", poll(&one, 1, 0x7fffffff));
  close(fd);
}

CASE(poll_other_negative_time, "poll(2): any negative timeout") {
  int fd = dial("wait:40 say:x hold");
  struct pollfd one = {fd, POLLIN, 0};
  saw_result("poll", poll(&one, 1, -1000));
  close(fd);
}

CASE(poll_readable, "poll(2) POLLIN") {
  int fd = dial("say:x hold");
  saw_events("revents", await_events(fd, POLLIN));
  close(fd);
}

CASE(poll_writable, "poll(2) POLLOUT") {
  int fd = dial("hold");
  saw_events("revents", await_events(fd, POLLOUT));
  close(fd);
}

CASE(poll_both, "poll(2)") {
  int fd = dial("say:x hold");
  await_events(fd, POLLIN);
  saw_events("revents", await_events(fd, POLLIN | POLLOUT));
  close(fd);
}

CASE(poll_normal_data, "poll(2) POLLRDNORM, POLLWRNORM") {
  int fd = dial("say:x hold");
  saw("read=%d", await_events(fd, POLLRDNORM) == POLLRDNORM);
  saw("write=%d", await_events(fd, POLLWRNORM) == POLLWRNORM);
  close(fd);
}

CASE(poll_closed_descriptor, "poll(2) POLLNVAL") {
  struct pollfd one = {777, POLLIN, 0};
  saw_result("poll", poll(&one, 1, 5000));
  saw_events("revents", one.revents);
}

CASE(poll_negative_descriptor, "poll(2): ignored") {
  struct pollfd one = {-1, POLLIN, 77};
  saw_result("poll", poll(&one, 1, 20));
  saw_events("revents", one.revents);
}

CASE(poll_of_the_end, "poll(2) POLLRDHUP") {
  int fd = dial("close");
  saw_events("revents", await_events(fd, POLLIN | 0x2000));
  close(fd);
}

CASE(poll_unconnected, "tcp(7), Linux: POLLOUT|POLLHUP") {
  int fd = tcp_socket();
  saw_events("revents", await_events(fd, POLLIN | POLLOUT));
  close(fd);
}

CASE(poll_after_both_shutdowns, "poll(2) POLLHUP") {
  int fd = dial("drain");
  shutdown(fd, SHUT_RDWR);
  saw("hup=%d", (await_events(fd, POLLIN) & (POLLIN | POLLHUP)) != 0);
  close(fd);
}

CASE(poll_nothing_sleeps, "poll(2)") {
  begin_time();
  saw_result("poll", poll(NULL, 0, 40));
  saw_wait(40);
}

CASE(poll_two, "poll(2)") {
  int one = dial("hold"), two = dial("wait:40 say:x hold");
  struct pollfd both[2] = {{one, POLLIN, 0}, {two, POLLIN, 0}};
  saw_result("poll", poll(both, 2, 5000));
  saw_events("one", both[0].revents);
  saw_events("two", both[1].revents);
  close(one);
  close(two);
}

CASE(poll_counts_descriptors, "poll(2)") {
  int one = dial("say:x hold"), two = dial("say:x hold");
  await_events(one, POLLIN);
  await_events(two, POLLIN);
  struct pollfd both[2] = {{one, POLLIN | POLLOUT, 0}, {two, POLLIN, 0}};
  saw_result("poll", poll(both, 2, 5000));
  close(one);
  close(two);
}

CASE(poll_file, "poll(2): files are always ready") {
  int fd = open("/dev/null", O_RDWR);
  saw_events("revents", await_events(fd, POLLIN | POLLOUT));
  close(fd);
}

CASE(ppoll_times_out, "ppoll(2)") {
  int fd = dial("hold");
  struct pollfd one = {fd, POLLIN, 0};
  struct timespec time = {0, 40000000};
  begin_time();
  saw_result("ppoll", ppoll(&one, 1, &time, NULL));
  saw_wait(40);
  close(fd);
}

CASE(ppoll_readable, "ppoll(2)") {
  int fd = dial("say:x hold");
  struct pollfd one = {fd, POLLIN, 0};
  saw_result("ppoll", ppoll(&one, 1, NULL, NULL));
  close(fd);
}

CASE(ppoll_of_no_time, "ppoll(2) EINVAL") {
  struct timespec time = {0, -1};
  saw_result("ppoll", ppoll(NULL, 0, &time, NULL));
}

CASE(select_times_out, "select(2)") {
  int fd = dial("hold");
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  struct timeval time = time_of(60);
  begin_time();
  saw_result("select", select(fd + 1, &reading, NULL, NULL, &time));
  saw_wait(60);
  saw_result("set", FD_ISSET(fd, &reading) != 0);
  close(fd);
}

CASE(select_readable, "select(2)") {
  int fd = dial("wait:40 say:x hold");
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  saw_result("select", select(fd + 1, &reading, NULL, NULL, NULL));
  saw_result("set", FD_ISSET(fd, &reading) != 0);
  close(fd);
}

CASE(select_counts_bits, "select(2)") {
  int fd = dial("say:x hold");
  await_events(fd, POLLIN);
  fd_set reading, writing, except;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  writing = except = reading;
  struct timeval time = time_of(1000);
  saw_result("select", select(fd + 1, &reading, &writing, &except, &time));
  saw("sets=%d%d%d", FD_ISSET(fd, &reading) != 0, FD_ISSET(fd, &writing) != 0,
      FD_ISSET(fd, &except) != 0);
  close(fd);
}

CASE(select_end_is_readable, "select(2)") {
  int fd = dial("close");
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  saw_result("select", select(fd + 1, &reading, NULL, NULL, NULL));
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(select_closed_descriptor, "select(2) EBADF") {
  int fd = tcp_socket();
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  close(fd);
  struct timeval time = time_of(1000);
  saw_result("select", select(fd + 1, &reading, NULL, NULL, &time));
}

CASE(select_negative_count, "select(2) EINVAL") {
  struct timeval time = time_of(10);
  saw_result("select", select(-1, NULL, NULL, NULL, &time));
}

CASE(select_negative_time, "select(2) EINVAL") {
  struct timeval time = {-1, 0};
  saw_result("select", select(0, NULL, NULL, NULL, &time));
}

CASE(select_nothing_sleeps, "select(2)") {
  struct timeval time = time_of(40);
  begin_time();
  saw_result("select", select(0, NULL, NULL, NULL, &time));
  saw_wait(40);
}

CASE(select_tells_the_time_left, "select(2): Linux modifies the timeout") {
  int fd = dial("say:x hold");
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  struct timeval time = time_of(5000);
  select(fd + 1, &reading, NULL, NULL, &time);
  saw("less=%d", time.tv_sec < 5);
  close(fd);
}

CASE(pselect_times_out, "select(2) pselect()") {
  struct timespec time = {0, 40000000};
  begin_time();
  saw_result("pselect", pselect(0, NULL, NULL, NULL, &time, NULL));
  saw_wait(40);
  saw("kept=%ld", (long)time.tv_nsec);
}

CASE(pselect_readable, "select(2) pselect()") {
  int fd = dial("say:x hold");
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  saw_result("pselect", pselect(fd + 1, &reading, NULL, NULL, NULL, NULL));
  close(fd);
}

CASE(usleep_waits, "usleep(3)") {
  begin_time();
  saw_result("usleep", usleep(40000));
  saw_wait(40);
}

CASE(nanosleep_waits, "nanosleep(2)") {
  struct timespec time = {0, 40000000}, left = {7, 7};
  begin_time();
  saw_result("nanosleep", nanosleep(&time, &left));
  saw_wait(40);
}

CASE(nanosleep_of_no_time, "nanosleep(2) EINVAL") {
  struct timespec time = {0, 1000000000};
  saw_result("nanosleep", nanosleep(&time, NULL));
}

CASE(sleep_of_nothing, "sleep(3)") { saw_result("sleep", sleep(0)); }

CASE(clock_nanosleep_until, "clock_nanosleep(2) TIMER_ABSTIME") {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_nsec += 40000000;
  if (time.tv_nsec > 999999999) {
    time.tv_sec++;
    time.tv_nsec -= 1000000000;
  }
  begin_time();
  saw_result("sleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL));
  saw_wait(38);
}

CASE(data_arrives_during_a_sleep, "recv(2)") {
  int fd = dial("say:hello hold");
  long got = -1;
  for (int i = 0; i < 50 && got < 0; i++) {  // the peer may be slow, but nothing reads meanwhile
    pause_ms(100);
    got = recv(fd, room, 64, MSG_DONTWAIT);
  }
  saw_text("recv", room, got);
  close(fd);
}

CASE(many_sockets, "poll(2)") {
  enum { COUNT = 40 };
  int fds[COUNT], ready = 0, total = 0;
  struct pollfd all[COUNT];
  for (int i = 0; i < COUNT; i++) {
    fds[i] = dial(i % 2 ? "say:x hold" : "hold");
    all[i].fd = fds[i];
    all[i].events = POLLIN;
  }
  while (ready < COUNT / 2 && poll(all, COUNT, 3000) > 0) {
    for (int i = 0; i < COUNT; i++) {
      if (all[i].revents) {
        total += (int)recv(all[i].fd, room, 64, 0);
        all[i].fd = -1;
        ready++;
      }
    }
  }
  saw("ready=%d bytes=%d", ready, total);
  for (int i = 0; i < COUNT; i++) {
    close(fds[i]);
  }
}
