# SPDX-License-Identifier: Apache-2.0
"""The servers that are measured, by name; Selvage first, as all ratios are to it."""
from peers.h2o import H2o
from peers.haproxy import Haproxy
from peers.nginx import Nginx
from peers.selvage import Selvage
from peers.trafficserver import TrafficServer
from peers.varnish import Varnish

PEERS = {peer.name: peer for peer in (Selvage, Nginx, Haproxy, TrafficServer, Varnish, H2o)}
