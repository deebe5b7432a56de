"""Check an export of an audit trail, with nothing but Python: python3 verify_audit_export.py FILE [PUBLIC_KEY]

The file is what `manage.py export_audit` wrote: a line that says what it is, the entries in their order, then the
checkpoints. Each entry's hash covers the entry and the hash before it; each checkpoint is signed with Ed25519 (RFC 8032)
over the ends of all trails. Give the public key that you were told by another way: the one in the file proves nothing by
itself. Prints the receipt of the last entry, or the first line that is not as it was written, and ends with 1.
"""

import hashlib
import json
import sys
from pathlib import Path

ENTRY, START = b"yf-entry-v1\0", "0" * 64

# The curve of RFC 8032, section 5.1.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(one, other):
    """The sum of two points in extended coordinates."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def same(one, other):
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def point(encoded):
    """The point that 32 bytes stand for."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(key, text, signature):
    """Whether the Ed25519 signature of the text is by the key."""
    public, written = bytes.fromhex(key), bytes.fromhex(signature)
    if len(public) != 32 or len(written) != 64 or int.from_bytes(written[32:], "little") >= ORDER:
        return False
    try:
        holder, commitment = point(public), point(written[:32])
    except ValueError:
        return False
    challenge = hashlib.sha512(written[:32] + public + text.encode()).digest()
    number = int.from_bytes(challenge, "little") % ORDER
    return same(times(int.from_bytes(written[32:], "little"), BASE), add(commitment, times(number, holder)))


def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def faults(lines, public_key=""):
    """Each line that is not as it was written, by its number, the first one first."""
    about, *rest = [json.loads(line) for line in lines]
    key = public_key or about["public_key"]
    seq, prev, hashes, checkpoint = 0, START, {}, None
    for number, line in enumerate(rest, 2):
        if "entry" in line:
            entry, seq = line["entry"], seq + 1
            if hashlib.sha256(ENTRY + canonical(entry)).hexdigest() != line["hash"]:
                yield f"line {number}: entry {seq} is not what its hash says"
            if (entry["seq"], entry["prev"]) != (seq, prev):
                yield f"line {number}: entry {seq} does not follow from the one before it"
            prev = hashes[seq] = line["hash"]
            continue
        text, before = line["checkpoint"], hashlib.sha256(checkpoint.encode()).hexdigest() if checkpoint else None
        if not is_signed(key, text, line["signature"]):
            yield f"line {number}: the checkpoint is not signed by the key"
            continue
        if before and text.split("\n")[3] != before:
            yield f"line {number}: the checkpoint does not follow the one before it"
        for end in text.splitlines()[4:]:
            site, end_seq, digest = end.split(" ")
            if site == about["trail"] and int(end_seq) and hashes.get(int(end_seq)) != digest:
                yield f"line {number}: the checkpoint was signed over another entry {end_seq}"
        checkpoint = text
    if seq != about["entries"] or (hashes and about["end"] != prev):
        yield f"line 1: {about['entries']} entries up to {about['end'][:16]} are announced, {seq} are here"


def main(arguments):
    try:
        # Not splitlines, which takes other characters for the end of a line too.
        lines = Path(arguments[0]).read_bytes().decode().removesuffix("\n").split("\n")
        found = next(faults(lines, *arguments[1:2]), None)
        about = json.loads(lines[0])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        found = f"this is not an export that can be read: {error!r}"
    if found:
        print(found, file=sys.stderr)
        return 1
    print(
        f"{about['entries']} entries are as they were written: {about['site']}:{about['entries']}:{about['end'][:16]}"
    )
    return 0


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
