/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_SPEC_KINDS_H
#define ZLNET_SPEC_KINDS_H

/* The data of the larger kinds of links, each in a file of its own. A kind takes its place in spec_link_kinds.c. */

#include "spec.h"

extern const struct spec_set spec_set_bridge, spec_set_bond, spec_set_bond_port;
extern const struct spec_set spec_set_vxlan, spec_set_geneve;
extern const struct spec_set spec_set_gre, spec_set_ip6gre, spec_set_ipip, spec_set_sit, spec_set_ip6tnl;
extern const struct spec_set spec_set_vti, spec_set_vti6, spec_set_xfrm;
extern const struct spec_names spec_vlan_protocols;

#endif
