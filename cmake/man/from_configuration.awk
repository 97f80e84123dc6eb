# config/hilum.yaml as the body of a man page: each key with its default, and the comment above it as its explanation. Examples, which begin
# with # in the first column and two spaces, stay as they are.

function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\&" text
    return text
}

function end_example() {
    if (example) print ".fi"
    example = 0
}

function explanation() {
    print comment == "" ? "\\&" : comment
    comment = ""
}

/^#  / || (/^#/ && example) {
    if (!example) print ".PP\n.nf"
    example = 1
    print plain("  " substr($0, 2))
    next
}
/^ *$/ { end_example(); next }
/^ *#/ {
    end_example()
    sub(/^ *# ?/, "")
    comment = comment (comment == "" ? "" : "\n") plain($0)
    next
}
{
    end_example()
    beside = ""
    if (match($0, /  +# /)) {  # a word of explanation in the key's line
        beside = substr($0, RSTART + RLENGTH)
        $0 = substr($0, 1, RSTART - 1)
    }
    if (beside != "") comment = comment (comment == "" ? "" : "\n") plain(beside)
    if ($0 ~ /^[a-z]/) {
        sub(/:.*$/, "")
        if (!begun) print comment "\n.SH KEYS"  # the file's own head
        else comment_of_section = comment
        print ".SS " plain($0)
        if (begun && comment_of_section != "") print comment_of_section
        begun = 1
        comment = comment_of_section = ""
        next
    }
    sub(/^ +(- )?/, "")
    print ".TP\n\\fB" plain($0) "\\fR"
    explanation()
}
END { end_example() }
