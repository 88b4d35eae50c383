# SPDX-License-Identifier: Apache-2.0
"""What a hit costs as something around it grows: one module for each thing that does."""
