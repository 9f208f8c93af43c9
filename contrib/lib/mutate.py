# SPDX-License-Identifier: Apache-2.0
"""Mutations of JSON and of bytes. All draw from the generator they are given, so that a case is known by seed and number."""

import copy
import json


def places(value, path=()):
    """Every place in a JSON value but the whole."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return
    for key, inner in items:
        yield path + (key,)
        yield from places(inner, path + (key,))


def odd_value(rng, token):
    return rng.choice([
        None, True, False, 0, -1, 1, 3, 2**31, 2**32, 2**63 - 1, 2**63, -2**63, 2**64 - 1, 2**64, 1e99, 0.5, "", "/",
        ".", "..", "../" + token, "/" + token + "/../x", token, token + "/a/b", "x" * 300, "y" * 5000, "/" * 5000,
        "%s%n%s", "\n", "a\tb", "\u00e4\u4e2d", "\ud83d\ude00", "A=B", "=", "0-3", "0-99999", "4294967295", [], {}, [None],
        [[]], [""], {"": ""}, {"a": {"b": {"c": 1}}}, ["x"] * 300,
        {token + str(i): str(i) for i in range(200)},
    ])


def mutate_tree(rng, tree, token):
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        all_places = list(places(tree))
        if not all_places:
            break
        path = rng.choice(all_places)
        at = tree
        for key in path[:-1]:
            at = at[key]
        key = path[-1]
        what = rng.randrange(7)
        if what == 0:
            del at[key]
        elif what <= 3:
            at[key] = odd_value(rng, token)
        elif what == 4 and isinstance(at, list):
            at.extend(copy.deepcopy(at[key]) for _ in range(rng.choice([1, 2, 40])))
        elif what == 4:
            at[token] = odd_value(rng, token)
        elif what == 5 and isinstance(at[key], str) and at[key]:
            text, i = at[key], rng.randrange(len(at[key]))
            at[key] = rng.choice([text[:i], text[i:], text + "\0x", text[:i] + chr(rng.randrange(1, 255)) + text[i + 1:],
                                  text * 2, text.upper(), text + "/"])
        elif what == 6:
            for _ in range(rng.choice([10, 70, 2000])):
                at[key] = [at[key]] if rng.random() < 0.9 else {"a": at[key]}
            break
        else:
            at[key] = odd_value(rng, token)
    return tree


def dump(value):
    """json.dumps without its limit of depth."""
    out, todo = [], [value]
    while todo:
        v = todo.pop()
        if isinstance(v, tuple):
            out.append(v[0])
        elif isinstance(v, list):
            todo.append(("]",))
            for i, inner in enumerate(reversed(v)):
                todo += [(",",), inner] if i else [inner]
            todo.append(("[",))
        elif isinstance(v, dict):
            todo.append(("}",))
            for i, (k, inner) in enumerate(reversed(v.items())):
                todo += ([(",",)] if i else []) + [inner, (json.dumps(k) + ":",)]
            todo.append(("{",))
        else:
            out.append(json.dumps(v))
    return "".join(out).encode()


def mutate_bytes(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([1, 1, 4, 8, 64]))
        what = rng.randrange(8)
        if what == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif what == 2:
            del data[at:end]
        elif what == 3:
            data[at:at] = data[at:end]
        elif what == 4:
            data[at:at] = rng.choice([b"\0", b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", b"{", b"]", b'"', b"\\u0000", b"\\ud800",
                                      b"1e999", b" " * 4000, b"[" * 3000, b"/**/", b","])
        elif what == 5:
            data[at:end] = bytes(rng.randrange(256) for _ in range(end - at))
        elif what == 6:
            data[at:end] = b"\0" * (end - at)
        elif what == 7 and rng.random() < 0.5:
            del data[at:]
    return bytes(data)


def mutate_json(rng, tree, token):
    what = rng.randrange(10)
    if what == 0:
        return mutate_bytes(rng, dump(tree))
    if what == 1:  # a name twice
        text = dump(tree)
        names = [i for i in range(len(text) - 1) if text[i:i + 2] == b'":']
        end = rng.choice(names)
        begin = text.rindex(b'"', 0, end)
        return text[:begin] + text[begin:end + 2] + b"1," + text[begin:]
    if what == 2:
        return rng.choice([b"", b"null", b"[]", b"{}", b"\0", b"1", b'"x"', dump(tree) * 2, dump(tree) + b"}", b"\n" * 70000,
                           dump(tree).decode().encode("utf-16"), b" " * (17 << 20)])
    return dump(mutate_tree(rng, tree, token))
