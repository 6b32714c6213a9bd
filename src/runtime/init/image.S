// init's ELF file, byte for byte.
    .section .rodata
    .balign 16
    .globl ocirt_init_image_begin
    .globl ocirt_init_image_end
ocirt_init_image_begin:
    .incbin OCIRT_INIT_PATH
ocirt_init_image_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
