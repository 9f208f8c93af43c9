/* SPDX-License-Identifier: Apache-2.0 */

/* What the reader and the writer of the specification refuse, and the words they have for it. */

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "libocispec-lite/ocispec.h"
#include "tests/tap.h"

struct bad {
	const char *text, *message;
};

#define OK "\"ociVersion\":\"1.0.0\"," /* a config begins with it: 21 columns behind the brace */
#define WHERE(column) "line 1, column " #column ": "

static const struct bad configs[] = {
	/* no JSON */
	{"", WHERE(1) "empty"},
	{" \n\t", "premature EOF"},
	{"{", "premature EOF"},
	{"{" OK "\"hostname\":\"a", "hostname: line 1, column 36: parse error: premature EOF"},
	{"{\"ociVersion\":\"1\"}}", "trailing garbage"},
	{"{\"ociVersion\":\"1\"} x", "trailing garbage"},
	{"{\"ociVersion\":\"1\"}{}", "trailing garbage"},
	{"{\"ociVersion\":\"1\",}", "invalid object key"},
	{"{\"ociVersion\" \"1\"}", "object key and value must be separated by a colon"},
	{"{\"ociVersion\":\"1\" \"hostname\":\"x\"}", "after key and value, inside map"},
	{"{ociVersion:\"1\"}", "invalid char in json text"},
	{"{'ociVersion':'1'}", "invalid char in json text"},
	{"{" OK "\"hostname\":tru}", "hostname: "},
	{"{" OK "/* no comment */\"hostname\":\"x\"}", "comments"},
	{"{" OK "\"hostname\":\"\\x\"}", "hostname: "},
	{"{" OK "\"hostname\":\"\\u12g4\"}", "hostname: "},
	{"{" OK "\"process\":{\"cwd\":\"/\",\"args\":[\"a\",]}}", "process.args[1]: "},
	{"{" OK "\"process\":{\"cwd\":\"/\",\"args\":[\"a\" \"b\"]}}", "process.args[1]: "},
	{"{" OK "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":01}}}", "process.user: "},
	{"{" OK "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":+1}}}", "process.user.uid: "},
	{"{" OK "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0x1}}}", "process.user"},
	{"\xef\xbb\xbf{\"ociVersion\":\"1\"}", WHERE(1)},

	/* bytes and characters */
	{"{" OK "\"hostname\":\"a\xff\"}", "hostname: " WHERE(36) "not UTF-8"},
	{"{" OK "\"hostname\":\"a\xc3\"}", "hostname: " WHERE(36) "not UTF-8"},
	{"{" OK "\"hostname\":\"\xc0\xaf\"}", "hostname: " WHERE(35) "not UTF-8"},
	{"{" OK "\"hostname\":\"\xed\xa0\x80\"}", "hostname: " WHERE(35) "not UTF-8"},
	{"{" OK "\"hostname\":\"\xf4\x90\x80\x80\"}", "hostname: " WHERE(35) "not UTF-8"},
	{"{" OK "\"hostname\":\"\xf8\x88\x80\x80\x80\"}", "hostname: " WHERE(35) "not UTF-8"},
	{"{" OK "\"x\":[\"\xe2\x82\"]}", "x: " WHERE(29) "not UTF-8"},
	{"{" OK "\"hostname\":\"a\\u0000b\"}", "hostname: " WHERE(36) "NUL in a string"},
	{"{" OK "\"host\\u0000name\":\"b\"}", WHERE(28) "NUL in a string"},
	{"{" OK "\"annotations\":{\"a\\u0000\":\"b\"}}", "annotations: " WHERE(40) "NUL in a string"},
	{"{" OK "\"hostname\":\"\\ud800\"}", "hostname: " WHERE(35) "half a surrogate pair"},
	{"{" OK "\"hostname\":\"\\ud800\\u0041\"}", "hostname: " WHERE(35) "half a surrogate pair"},
	{"{" OK "\"hostname\":\"\\udc00\"}", "hostname: " WHERE(35) "half a surrogate pair"},
	{"{" OK "\"hostname\":\"a\nb\"}", "hostname: "},
	{"{" OK "\"hostname\":\"a\x01\"}", "hostname: " WHERE(36) "control character"},
	{"{\v\"ociVersion\":\"1\"}", WHERE(2) "control character"},

	/* types */
	{"[]", WHERE(1) "expected an object, found an array"},
	{"null", WHERE(1) "expected an object, found null"},
	{"\"x\"", WHERE(1) "expected an object, found a string"},
	{"17", WHERE(1) "expected an object, found 17"},
	{"{\"ociVersion\":1}", "ociVersion: " WHERE(15) "expected a string, found 1"},
	{"{" OK "\"hostname\":[\"a\"]}", "hostname: " WHERE(34) "expected a string, found an array"},
	{"{" OK "\"hostname\":{}}", "hostname: " WHERE(34) "expected a string, found an object"},
	{"{" OK "\"root\":\"/\"}", "root: " WHERE(30) "expected an object, found a string"},
	{"{" OK "\"root\":[]}", "root: " WHERE(30) "expected an object, found an array"},
	{"{" OK "\"mounts\":{}}", "mounts: " WHERE(32) "expected an array, found an object"},
	{"{" OK "\"mounts\":[\"/\"]}", "mounts[0]: " WHERE(33) "expected an object, found a string"},
	{"{" OK "\"root\":{\"path\":\"/\",\"readonly\":\"true\"}}",
		"root.readonly: " WHERE(53) "expected true or false, "
					    "found a string"},
	{"{" OK "\"root\":{\"path\":\"/\",\"readonly\":1}}",
		"root.readonly: " WHERE(53) "expected true or false, found 1"},
	{"{" OK "\"root\":{\"path\":true}}", "root.path: " WHERE(38) "expected a string, found true"},
	{"{" OK "\"root\":{\"path\":false}}", "root.path: " WHERE(38) "expected a string, found false"},
	{"{" OK "\"process\":{\"args\":\"sh\"}}", "process.args: " WHERE(41) "expected an array, found a string"},
	{"{" OK "\"process\":{\"args\":[1]}}", "process.args[0]: " WHERE(42) "expected a string, found 1"},
	{"{" OK "\"process\":{\"args\":[\"a\",null]}}", "process.args[1]: " WHERE(46) "expected a string, found null"},
	{"{" OK "\"process\":{\"args\":[[\"a\"]]}}", "process.args[0]: " WHERE(42) "expected a string, found an array"},
	{"{" OK "\"annotations\":[]}", "annotations: " WHERE(37) "expected an object, found an array"},
	{"{" OK "\"annotations\":{\"a.b\":1}}", "annotations[\"a.b\"]: " WHERE(44) "expected a string, found 1"},
	{"{" OK "\"annotations\":{\"a\":null}}", "annotations[\"a\"]: " WHERE(42) "expected a string, found null"},
	{"{" OK "\"annotations\":{\"a\":{}}}", "annotations[\"a\"]: " WHERE(42) "expected a string, found an object"},
	{"{" OK "\"linux\":{\"netDevices\":[]}}", "linux.netDevices: " WHERE(45) "expected an object, found an array"},
	{"{" OK "\"linux\":{\"netDevices\":{\"e\":\"f\"}}}",
		"linux.netDevices[\"e\"]: " WHERE(50) "expected an object, "
						      "found a string"},
	{"{" OK "\"linux\":{\"netDevices\":{\"e\":null}}}", "linux.netDevices[\"e\"]: " WHERE(50) "expected an object"},
	{"{" OK "\"hostname\":\"a\\\"\\\\\",\"root\":\"\\\\\\\"\"}", "root: " WHERE(49) "expected an object"},

	/* numbers */
	{"{\n\t" OK "\n\t\"process\": {\n\t\t\"cwd\": \"/\",\n\t\t\"rlimits\": [{}, {}, {\"soft\": \"1\"}]\n\t}\n}",
		"process.rlimits[0].type: line 5, column 15: required member is missing"},
	{"{" OK "\"process\":{\"rlimits\":[{\"type\":\"a\",\"hard\":1,\"soft\":2},{\"soft\":\"1\"}]}}",
		"process.rlimits[1].soft: " WHERE(84) "expected an unsigned 64-bit integer, found a string"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":18446744073709551616}]}}",
		"process.rlimits[0].soft: " WHERE(53) "exp"
						      "ected an unsigned 64-bit integer, found 18446744073709551616"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":-1}]}}", "expected an unsigned 64-bit integer, found -1"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":-0}]}}", "expected an unsigned 64-bit integer, found -0"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":1.0}]}}", "expected an unsigned 64-bit integer, found 1.0"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":1e3}]}}", "expected an unsigned 64-bit integer, found 1e3"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":true}]}}", "expected an unsigned 64-bit integer, found true"},
	{"{" OK "\"process\":{\"rlimits\":[{\"soft\":[1]}]}}", "expected an unsigned 64-bit integer, found an array"},
	{"{" OK "\"process\":{\"user\":{\"uid\":4294967296}}}",
		"process.user.uid: " WHERE(48) "expected an unsigned 32-"
					       "bit integer"},
	{"{" OK "\"process\":{\"user\":{\"additionalGids\":[1,-2]}}}", "process.user.additionalGids[1]: " WHERE(62)},
	{"{" OK "\"process\":{\"oomScoreAdj\":2147483648}}", "expected a 32-bit integer, found 2147483648"},
	{"{" OK "\"process\":{\"oomScoreAdj\":-2147483649}}", "expected a 32-bit integer, found -2147483649"},
	{"{" OK "\"linux\":{\"resources\":{\"memory\":{\"limit\":9223372036854775808}}}}",
		"linux.resources.memory.limit: " WHERE(63) "expected a 64-bit integer, found 9223372036854775808"},
	{"{" OK "\"linux\":{\"resources\":{\"memory\":{\"limit\":-9223372036854775809}}}}",
		"expected a 64-bit integer"},
	{"{" OK "\"linux\":{\"resources\":{\"blockIO\":{\"weight\":65536}}}}", "expected an unsigned 16-bit integer"},
	{"{" OK
	 "\"hooks\":{\"poststop\":[{\"path\":\"/\",\"timeout\":111111111122222222223333333333444444444455555}]}}",
		"hooks.poststop[0].timeout: " WHERE(66) "expected a 64-bit integer, found "
							"1111111111222222222233333333334444444444"},

	/* duplicates */
	{"{" OK "\"ociVersion\":\"2\"}", "ociVersion: " WHERE(23) "duplicate key"},
	{"{" OK "\"oci\\u0056ersion\":\"2\"}", "ociVersion: " WHERE(23) "duplicate key"},
	{"{" OK "\"hostname\":null,\"hostname\":\"x\"}", "hostname: " WHERE(39) "duplicate key"},
	{"{" OK "\"linux\":{\"namespaces\":[{\"type\":\"a\",\"type\":\"b\"}]}}",
		"linux.namespaces[0].type: " WHERE(58) "duplicate key"},
	{"{" OK "\"annotations\":{\"a b\":\"1\",\"c\":\"2\",\"a b\":\"1\"}}", "annotations[\"a b\"]: " WHERE(56) "dup"},
	{"{" OK "\"linux\":{\"resources\":{\"rdma\":{\"m\":{},\"m\":{}}}}}", "linux.resources.rdma[\"m\"]: " WHERE(60)},

	/* required members */
	{"{}", "ociVersion: " WHERE(1) "required member is missing"},
	{"{\"ociVersion\":null}", "ociVersion: " WHERE(1) "required member is missing"},
	{"{\"ociVersions\":\"1\"}", "ociVersion: " WHERE(1) "required member is missing"},
	{"{" OK "\"root\":{}}", "root.path: " WHERE(30) "required member is missing"},
	{"{" OK "\"process\":{\"cmd\":\"/\"}}", "process.cwd: " WHERE(33) "required member is missing"},
	{"{" OK "\"mounts\":[{\"destination\":\"/\"},{\"source\":\"/\"}]}", "mounts[1].destination: " WHERE(53)},
	{"{" OK "\"hooks\":{\"prestart\":[{\"args\":[]}]}}", "hooks.prestart[0].path: "},
	{"{" OK "\"linux\":{\"namespaces\":[{}]}}", "linux.namespaces[0].type: "},
	{"{" OK "\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":0}]}}", "linux.uidMappings[0].size: "},
	{"{" OK "\"linux\":{\"devices\":[{\"path\":\"/dev/x\"}]}}", "linux.devices[0].type: "},
	{"{" OK "\"linux\":{\"resources\":{\"devices\":[{}]}}}", "linux.resources.devices[0].allow: "},
	{"{" OK "\"linux\":{\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}}}",
		"hugepageLimits[0].limit: "},
	{"{" OK "\"linux\":{\"seccomp\":{}}}", "linux.seccomp.defaultAction: "},
	{"{" OK "\"linux\":{\"seccomp\":{\"defaultAction\":\"a\",\"syscalls\":[{\"action\":\"b\"}]}}}",
		"linux.seccomp.syscalls[0].names: "},
	{"{" OK "\"process\":{\"cwd\":\"/\",\"consoleSize\":{\"height\":1}}}", "process.consoleSize.width: "},
};

static void refuses(const struct oci_type *t, const struct bad *b)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_unknown unknown = {0};
	struct error err = {0};
	size_t n = strlen(b->text);
	char *copy = malloc(n ? n : 1); /* of that size, so that a tool sees a read beyond it */
	void *doc = NULL;
	int r;

	memcpy(copy, b->text, n);
	r = oci_table_read(t, copy, n, &a, &doc, &unknown, &err);
	free(copy);
	if (!tap_ok(r == -EINVAL && err.code == EINVAL && !doc && strstr(err.msg, b->message), "refused: %s",
		    b->message))
		printf("# %s\n# returned %d: %s\n", b->text, r, err.msg);
}

struct closed {
	bool has_size;
	uint32_t size;
	struct closed *inner;
};
extern const struct oci_type closed_type;
static const struct oci_field closed_fields[] = {
	OCI_OPTIONAL(struct closed, "size", size),
	OCI_OBJECT(struct closed, "inner", inner, struct closed, closed_type, 0),
};
const struct oci_type closed_type = OCI_TYPE_CLOSED(struct closed, closed_fields);

/* A type may say that it has no other members. */
static void closed(void)
{
	static const struct bad bad[] = {
		{"{\"size\":1,\n \"sizes\":2}", "sizes: line 2, column 2: unknown member"},
		{"{\"inner\":{\"x\":{\"size\":1}}}", "inner.x: line 1, column 11: unknown member"},
		{"{\"\":null}", "line 1, column 2: unknown member"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(&closed_type, &bad[i]);
}

/* Arrays and objects in each other, in an unknown member of a config. */
static void nesting(unsigned depth, bool objects, bool good)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char text[1024];
	size_t n = fmt(text, sizeof(text), "{" OK "\"x\":");
	struct oci_config *c = NULL;
	struct error err = {0};
	int r;

	for (unsigned i = 1; i < depth; i++)
		n += fmt(text + n, sizeof(text) - n, objects ? "{\"y\":" : "[");
	n += fmt(text + n, sizeof(text) - n, "1");
	for (unsigned i = 1; i < depth; i++)
		n += fmt(text + n, sizeof(text) - n, objects ? "}" : "]");
	n += fmt(text + n, sizeof(text) - n, "}");
	r = oci_config_read(text, n, &a, &c, NULL, &err);
	if (good)
		tap_ok(r == 0, "%u deep is read: %s", depth, err.msg);
	else
		tap_ok(r == -EINVAL && strstr(err.msg, "x: ") == err.msg && strstr(err.msg, "more than 64 "),
			"%u deep is refused: %s", depth, err.msg);
}

static void size_limit(void)
{
	static const char head[] = "{\"ociVersion\":\"1\",\"hostname\":\"";
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_config *c = NULL;
	struct error err = {0};
	char *text = malloc(OCI_MAX_BYTES + 1);

	memset(text, 'a', OCI_MAX_BYTES + 1);
	memcpy(text, head, strlen(head));
	memcpy(text + OCI_MAX_BYTES - 2, "\"}\n", 3);
	tap_ok(oci_config_read(text, OCI_MAX_BYTES + 1, &a, &c, NULL, &err) == -EFBIG, "too large: %s", err.msg);
	tap_ok(oci_config_read(text, OCI_MAX_BYTES, &a, &c, NULL, &err) == 0, "just not too large");
	free(text);
}

/* Messages are for people at a terminal: one line, no escape sequences, the reason always there. */
static void long_and_hostile_keys(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char text[8192];
	size_t n = fmt(text, sizeof(text), "{" OK "\"annotations\":{\"");
	struct oci_config *c = NULL;
	struct error err = {0};

	for (unsigned i = 0; i < 1000; i++)
		n += fmt(text + n, sizeof(text) - n, "\xc3\xa4");
	n += fmt(text + n, sizeof(text) - n, "\":1}}");
	tap_ok(oci_config_read(text, n, &a, &c, NULL, &err) == -EINVAL, "a long key");
	tap_ok(strstr(err.msg, "\xc3\xa4...\"]: line 1, column ") && strstr(err.msg, "found 1"), "is cut");
	n = fmt(text, sizeof(text), "{" OK "\"annotations\":{\"\\u001b[2J\\n\\u007f\":1}}");
	tap_ok(oci_config_read(text, n, &a, &c, NULL, &err) == -EINVAL, "a hostile key");
	tap_ok(strstr(err.msg, "annotations[\"?[2J??\"]: ") == err.msg, "is harmless: %s", err.msg);
}

/* ---- writing ---- */

static void writer_refuses(const struct oci_config *c, const char *message)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct error err = {0};
	char *out = NULL;

	tap_is_int(oci_config_write(c, &a, &out, NULL, &err), -EINVAL, "not written: %s", message);
	tap_is_str(err.msg, message, "and says so");
}

static void writing(void)
{
	char good[] = "a", bad[] = "\xff", *mixed[] = {good, bad}, *hole[] = {good, NULL};
	struct oci_process p = {.cwd = good, .args = mixed, .args_len = 2};
	struct oci_map map = {mixed, (char *[]){good, good}, 2};
	struct oci_mount mounts[2] = {{.destination = good}, {.type = good}};
	struct oci_config c = {.process = &p};

	writer_refuses(&c, "ociVersion: required member is missing");
	c.oci_version = good;
	writer_refuses(&c, "process.args[1]: not UTF-8");
	p.args = hole;
	writer_refuses(&c, "process.args[1]: no string");
	p.cwd = NULL;
	p.args = NULL;
	writer_refuses(&c, "process.cwd: required member is missing");
	c.process = NULL;
	c.mounts = mounts;
	c.mounts_len = 2;
	writer_refuses(&c, "mounts[1].destination: required member is missing");
	c.mounts = NULL;
	c.annotations = &map;
	writer_refuses(&c, "annotations: not UTF-8");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++)
		refuses(&oci_config_type, &configs[i]);
	refuses(&oci_process_type, &(struct bad){"{\"args\":[]}", "cwd: " WHERE(1) "required member is missing"});
	refuses(&oci_linux_resources_type, &(struct bad){"{\"memory\":{\"limit\":1.5}}", "memory.limit: " WHERE(20)});
	refuses(&oci_state_type, &(struct bad){"{\"pid\":2147483648}", "pid: " WHERE(8)});
	for (int objects = 0; objects < 2; objects++) {
		nesting(OCI_MAX_DEPTH, objects, true);
		nesting(OCI_MAX_DEPTH + 1, objects, false);
	}
	size_limit();
	long_and_hostile_keys();
	writing();
	closed();
	return tap_done();
}
