/* SPDX-License-Identifier: MIT */
/* Sends frames as they are: packet IFNAME, a frame in hexadecimal on each line of stdin. */
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	unsigned char frame[2048];
	char line[2 * sizeof frame + 2];
	int s = socket(AF_PACKET, SOCK_RAW, 0);

	if (argc != 2 || s < 0 || !(to.sll_ifindex = (int)if_nametoindex(argv[1])))
		return 2;
	while (fgets(line, sizeof line, stdin)) {
		size_t n = 0;
		while (n < sizeof frame && sscanf(line + 2 * n, "%2hhx", &frame[n]) == 1)
			n++;
		if (sendto(s, frame, n, 0, (struct sockaddr *)&to, sizeof to) != (ssize_t)n)
			return 1;
	}
	return 0;
}
