/* Preloaded into a PostgreSQL server: every flush to disk takes SLOW_FSYNC_US microseconds longer (1000).
   The disk of a virtual machine often acknowledges a flush in 20 us, which no disk that keeps its promise
   does; this shows what the same code does where a flush costs what it costs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static void wait_longer(void)
{
    static long extra_us = -1;
    struct timespec pause;

    if (extra_us < 0) {
        const char *given = getenv("SLOW_FSYNC_US");
        extra_us = given ? atol(given) : 1000;
        prctl(PR_SET_TIMERSLACK, 1000UL); /* ns: the kernel may add 50 us to a sleep otherwise */
    }
    pause.tv_sec = extra_us / 1000000;
    pause.tv_nsec = extra_us % 1000000 * 1000;
    nanosleep(&pause, NULL);
}

#define SLOW(name)                                                  \
    int name(int file)                                              \
    {                                                               \
        static int (*real)(int);                                    \
        if (!real)                                                  \
            real = (int (*)(int))dlsym(RTLD_NEXT, #name);           \
        wait_longer();                                              \
        return real(file);                                          \
    }

SLOW(fsync)
SLOW(fdatasync)
