"""One hash for many: the Merkle tree of RFC 6962, section 2.1, over SHA-256."""

import hashlib
from collections.abc import Sequence


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaves, in their order; ValueError if there are none.

    MTH(x) = H(0 ‖ x) and MTH(l ‖ r) = H(1 ‖ MTH(l) ‖ MTH(r)), where l has the largest power of two that is less than all. The
    bytes 0 and 1 keep leaves and nodes apart: else a node could be passed off as a leaf, and other leaves give the same root.
    """
    if not leaves:
        raise ValueError("a tree has leaves")
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:left]) + root(leaves[left:])).digest()
