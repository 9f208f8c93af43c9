#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install.sh HOST: installs the enviro-oci that lies beside this script into the root file system HOST, makes it known to
# the containerd and CRI-O that are configured there, and restarts those whose configuration has changed. May be run
# again; changes nothing then.
set -eu

host=${1:?usage: install.sh HOST}
here=$(cd "$(dirname "$0")" && pwd)

# A program that is being executed cannot be written to; it can be replaced.
program=$host/usr/local/sbin/enviro-oci
if ! cmp -s "$here/enviro-oci" "$program"; then
	mkdir -p "${program%/*}"
	cp "$here/enviro-oci" "$program.new"
	chmod 755 "$program.new"
	mv "$program.new" "$program"
	echo "installed $program"
fi

restart() {
	if chroot "$host" systemctl is-active --quiet "$1" 2>/dev/null; then
		chroot "$host" systemctl restart "$1"
		echo "restarted $1"
	else
		echo "$1 is not managed by systemd here: restart it"
	fi
}

# put FILE DEST: a snippet; tells whether it was changed.
put() {
	if cmp -s "$1" "$2"; then return 1; fi
	mkdir -p "${2%/*}"
	cp "$1" "$2.new"
	mv "$2.new" "$2"
}

containerd=$host/etc/containerd
if [ -d "$containerd" ]; then
	main=$containerd/config.toml
	[ -e "$main" ] || echo 'version = 2' >"$main"
	version=$(sed -n 's/^version *= *\([0-9]*\).*/\1/p' "$main")
	case $version in
	3) snippet=containerd-2.toml ;;
	2) snippet=containerd-1.toml ;;
	*) echo "$main: version \"$version\" is not known here" >&2 && exit 1 ;;
	esac
	# the kubelet's driver decides on all runtimes alike
	systemd=$(grep -q 'SystemdCgroup *= *true' "$main" && echo true || echo false)
	{
		sed '/^# enviro-oci: begin/,/^# enviro-oci: end/d' "$main"
		echo '# enviro-oci: begin'
		sed "s/SystemdCgroup = false/SystemdCgroup = $systemd/" "$here/$snippet"
		echo '# enviro-oci: end'
	} >/tmp/config.toml
	if put /tmp/config.toml "$main"; then restart containerd; fi
fi

if [ -d "$host/etc/crio" ]; then
	if put "$here/crio.conf" "$host/etc/crio/crio.conf.d/50-enviro-oci.conf"; then restart crio; fi
fi
