/* SPDX-License-Identifier: Apache-2.0 */

/* GVariant's text format, of the annotations org.systemd.property.*. */

#include "dbus/dbus.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	struct dbus_buf b = DBUS_BUF(&a);
	char type[DBUS_SIGNATURE_MAX];
	struct error err = {0};
	char *text = fuzz_string(&in);
	int r = dbus_value_from_text(&b, text, type, &err);

	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	FUZZ_MUST(r < 0 || (*type && strlen(type) < sizeof(type)));
	free(text);
	return 0;
}
