# A page of docs/ as the body of a man page, with the markup that those pages use: headings, paragraphs, lists, tables, code, links.
# mawk and gawk alike. Fields of tables become tagged paragraphs: the first is the tag, the others follow.

function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text
}

# Links become their text, *stars* and `ticks` bold; nothing else of Markdown's is used within lines.
function inline(text,    begin, end, mark) {
    while (match(text, /\[[^]]*\]\([^)]*\)/)) {
        mark = substr(text, RSTART, RLENGTH)
        begin = RSTART; end = RLENGTH
        sub(/^\[/, "", mark); sub(/\]\(.*$/, "", mark)
        text = substr(text, 1, begin - 1) mark substr(text, begin + end)
    }
    text = plain(text)
    gsub(/\*\*/, "`", text)
    while (match(text, /`[^`]*`/))
        text = substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART + 1, RLENGTH - 2) "\\fR" substr(text, RSTART + RLENGTH)
    return text
}

# A line of text must not begin as a request.
function emit(text) {
    if (text ~ /^[.']/) text = "\\&" text
    print text
}

function paragraph() {
    if (!open_paragraph) print ".PP"
    open_paragraph = 1
}

function table_row(line,    cells, n, i, rest) {
    sub(/^\| */, "", line); sub(/ *\|$/, "", line)
    n = split(line, cells, / *\| */)
    rest = ""
    for (i = 2; i <= n; ++i) if (cells[i] != "") rest = rest (rest == "" ? "" : "; ") inline(cells[i])
    print ".TP"
    emit(inline(cells[1]))
    emit(rest == "" ? "\\&" : rest)
    open_paragraph = 0
}

/^```/ {
    code = !code
    print code ? ".PP\n.nf" : ".fi"
    open_paragraph = 0
    next
}
code { emit(plain($0)); next }

/^    / && !in_list {
    if (!indented) print ".PP\n.nf"
    indented = 1; open_paragraph = 0
    emit(plain($0))
    next
}
indented { print ".fi"; indented = 0 }

/^# / { next }
/^## / { print ".SH " toupper(inline(substr($0, 4))); open_paragraph = 1; in_list = 0; in_table = 0; next }
/^### / { print ".SS " inline(substr($0, 5)); open_paragraph = 1; in_list = 0; in_table = 0; next }
/^\|[ -]*-[-| ]*\|$/ { next }
/^\|/ {
    if (in_table) table_row($0)
    in_table = 1  # the first row is the head
    in_list = 0
    next
}
/^ *$/ { open_paragraph = 0; in_list = 0; in_table = 0; next }
/^(-|[0-9]+\.) / {
    print ".IP \\(bu 3"
    sub(/^(-|[0-9]+\.) /, "")
    in_list = 1; open_paragraph = 1
    emit(inline($0))
    next
}
{ in_table = 0; sub(/^ +/, ""); paragraph(); emit(inline($0)) }

END { if (indented) print ".fi" }
