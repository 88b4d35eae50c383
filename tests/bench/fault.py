# SPDX-License-Identifier: Apache-2.0
"""What went wrong, in words for who runs the bench."""


class Fault(Exception):
    """A measurement that cannot be made, or would not mean what it says."""
