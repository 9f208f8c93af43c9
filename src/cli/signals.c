/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <strings.h>

#include "base/str.h"

enum { RTMIN = 34, RTMAX = 64 };

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS}, {"CHLD", SIGCHLD}, {"CLD", SIGCHLD}, {"CONT", SIGCONT},
	{"FPE", SIGFPE}, {"HUP", SIGHUP}, {"ILL", SIGILL}, {"INT", SIGINT}, {"IO", SIGIO}, {"IOT", SIGIOT},
	{"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL}, {"PROF", SIGPROF}, {"PWR", SIGPWR}, {"QUIT", SIGQUIT},
	{"SEGV", SIGSEGV}, {"STKFLT", SIGSTKFLT}, {"STOP", SIGSTOP}, {"SYS", SIGSYS}, {"TERM", SIGTERM},
	{"TRAP", SIGTRAP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"URG", SIGURG}, {"USR1", SIGUSR1},
	{"USR2", SIGUSR2}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
};

/* What stands behind RTMIN or RTMAX: nothing, or sign and number. */
static int realtime(const char *s)
{
	uint32_t n = 0;
	char sign;

	if (!strncasecmp(s, "RTMIN", 5))
		sign = '+';
	else if (!strncasecmp(s, "RTMAX", 5))
		sign = '-';
	else
		return -EINVAL;
	s += 5;
	if (*s && (*s != sign || !str_to_u32(s + 1, &n) || n > RTMAX - RTMIN))
		return -EINVAL;
	return sign == '+' ? RTMIN + (int)n : RTMAX - (int)n;
}

int signal_parse(const char *s, struct error *err)
{
	const char *name = strncasecmp(s, "SIG", 3) ? s : s + 3;
	uint32_t n;
	int r;

	if (str_to_u32(s, &n)) {
		if (n <= RTMAX)
			return (int)n;
		return error_set(err, EINVAL, "unknown signal \"%s\"", s);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!strcasecmp(name, signals[i].name))
			return signals[i].number;
	r = realtime(name);
	return r < 0 ? error_set(err, EINVAL, "unknown signal \"%s\"", s) : r;
}
