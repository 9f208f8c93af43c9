/* SPDX-License-Identifier: Apache-2.0 */

/* The smallest container process: built static against musl, it costs what exec and exit cost and nothing else. */
int main(void)
{
	return 0;
}
