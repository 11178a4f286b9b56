/* page: the files of the HTML report, each as bytes with a NUL behind it. */
.macro embed name, file
    .globl \name
    .type \name, @object
\name:
    .incbin "\file"
    .byte 0
    .size \name, . - \name
.endm

.section .rodata
embed page_html, "cli/report/page/page.html"
embed page_css, "cli/report/page/page.css"
embed page_js, "cli/report/page/page.js"

.section .note.GNU-stack, "", %progbits
