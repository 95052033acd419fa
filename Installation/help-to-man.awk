# Turns what `assay help COMMAND` prints into a page for man. Variables: page (assay-score), version.
function text(line) {
    gsub(/\\/, "\\e", line)
    gsub(/-/, "\\-", line)
    return line ~ /^[.']/ ? "\\&" line : line
}
BEGIN { print ".TH " toupper(page) " 1 \"\" \"Assay " version "\" \"Assay\"" }
/^OVERVIEW: / {
    sub(/^OVERVIEW: /, "")
    print ".SH NAME\n" page " \\- " text($0)
    in_name = 1
    next
}
in_name && $0 != "" { print text($0); next }
in_name { in_name = 0; in_overview = 1; next }
/^USAGE: / {
    sub(/^USAGE: /, "")
    # The overview beyond its first paragraph, kept until the synopsis is there.
    print ".SH SYNOPSIS\n.nf\n" text($0) "\n.fi"
    if (description != "") print ".SH DESCRIPTION\n" description
    in_overview = 0
    next
}
/^[A-Z][A-Z ]*:$/ {
    if (in_list) print ".fi"
    print ".SH " substr($0, 1, length($0) - 1) "\n.nf"
    in_list = 1
    next
}
in_overview { description = description ($0 == "" ? ".PP" : text($0)) "\n"; next }
in_list { print text($0); next }
END { if (in_list) print ".fi" }
