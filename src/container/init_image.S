/* SPDX-License-Identifier: Apache-2.0 */

/* The finished container side (init.dir/init), byte for byte, between init_image and init_image_end. */

	.section .rodata.init_image, "a", %progbits
	.globl	init_image
	.globl	init_image_end
	.type	init_image, %object
	.balign	16
init_image:
	.incbin	"init.dir/init"
init_image_end:
	.size	init_image, . - init_image

	.section .note.GNU-stack, "", %progbits
