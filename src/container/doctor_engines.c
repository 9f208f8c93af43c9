/* SPDX-License-Identifier: Apache-2.0 */
#include "container/doctor.h"

#include <string.h>
#include <unistd.h>

#include "base/str.h"

/* Where engines are told which runtimes there are. The first file that names us is enough. */
static const struct {
	const char *name, *program, *files[4], *advice;
} engines[] = {
	{"podman", "podman",
		{"/etc/containers/containers.conf.d/enviro-oci.conf", "/etc/containers/containers.conf",
			"/usr/share/containers/containers.conf"},
		"put contrib/engines/containers.conf at /etc/containers/containers.conf.d/enviro-oci.conf (podman 4.3: "
		"/etc/containers/containers.conf)"},
	{"docker", "dockerd", {"/etc/docker/daemon.json"}, "merge contrib/engines/docker-daemon.json into /etc/docker/daemon.json"},
	{"containerd", "containerd", {"/etc/containerd/config.toml"},
		"append contrib/engines/containerd-1.toml or -2.toml to /etc/containerd/config.toml"},
	{"CRI-O", "crio", {"/etc/crio/crio.conf.d/50-enviro-oci.conf", "/etc/crio/crio.conf"},
		"put contrib/engines/crio.conf into /etc/crio/crio.conf.d/50-enviro-oci.conf"},
};

/* The absolute path in a quoted value that ends with our name, or NULL. */
static const char *path_in(struct doctor_report *d, const char *text)
{
	for (const char *s = strstr(text, "/enviro-oci\""); s; s = strstr(s + 1, "/enviro-oci\"")) {
		const char *from = s;

		while (from > text && from[-1] != '"')
			from--;
		if (*from == '/')
			return arena_fmt(d->a, "%.*s", (int)(s - from + (long)strlen("/enviro-oci")), from);
	}
	return NULL;
}

static void engine(struct doctor_report *d, size_t i)
{
	const char *program = doctor_program(d, engines[i].program), *path;

	if (!program)
		return;
	for (size_t k = 0; k < 4 && engines[i].files[k]; k++) {
		const char *text = doctor_read(d, engines[i].files[k]);

		if (!text || !strstr(text, "enviro-oci"))
			continue;
		path = path_in(d, text);
		if (path && access(path, X_OK) < 0)
			doctor_add(d, DOCTOR_PROBLEM, engines[i].name, "install the program there, or mend the file",
				"%s names %s, which cannot be executed", engines[i].files[k], path);
		else
			doctor_add(d, DOCTOR_OK, engines[i].name, "", "%s, set up by %s", program, engines[i].files[k]);
		return;
	}
	doctor_add(d, DOCTOR_WARNING, engines[i].name, engines[i].advice, "%s is not set up to use enviro-oci", program);
}

void doctor_engines(struct doctor_report *d)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		engine(d, i);
}
