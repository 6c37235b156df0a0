/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_VERSION_H
#define ZLNET_VERSION_H

#define ZLNET_VERSION "0.1.0"

#endif
