# Turns the plugin header into a page to read: comments before declarations become text, declarations stay code. The long
# comment at the top has headings in capitals; what is set as a table there stays as it is.
function end_code() {
    if (code ~ /[^ \n]/) {
        sub(/^\n+/, "", code); sub(/\n+$/, "", code)
        print "```c\n" code "\n```\n"
    }
    code = ""
}
function end_section() {
    if (section == "") return
    if (section ~ /[^ \n.]   +[^ ]/) print "```\n" section "```\n"; else print section
    section = ""
}
function heading(line) { return "## " toupper(substr(line, 1, 1)) tolower(substr(line, 2)) "\n" }

NR == 1 { sub(/^\/\* /, ""); print "# " $0; in_top = 1; next }
in_top {
    if ($0 == " */") { end_section(); in_top = 0; next }
    sub(/^ \* ?/, "")
    if ($0 ~ /^[A-Z][A-Z]+( [A-Z]+)*(,.*)?$/) { end_section(); print heading($0); in_body = 1; next }
    if (in_body) sub(/^    /, "")
    section = section $0 "\n"
    next
}
# A divider: the name of a part of the header.
/^\/\* -+ .* \*\/$/ { end_code(); gsub(/^\/\* -+ | \*\/$/, ""); print heading($0); next }
# A comment that begins a line is about what follows.
/^\/\*/ { end_code(); in_comment = 1; sub(/^\/\* /, "") }
in_comment {
    is_last = sub(/ *\*\/$/, "")
    sub(/^ \* ?/, "")
    print
    if (is_last) { in_comment = 0; print "" }
    next
}
# What is for the compiler only.
/^#(ifndef|endif|if|else|ifdef|include)|^extern "C"|^}$|^#define ASSAY_(SCORER_PLUGIN_H|NOEXCEPT|EXPORT)/ { next }
{ code = code $0 "\n" }
END { end_code() }
