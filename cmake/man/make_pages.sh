#!/bin/sh
# Man pages from what is true already: the programs' --help, config/hilum.yaml, docs/model-package.md.
# make_pages.sh SOURCE_FOLDER BIN_FOLDER OUTPUT_FOLDER VERSION
set -eu
source=$1 bin=$2 output=$3 version=$4
mkdir -p "$output"

head_of() {  # NAME SECTION ONE_LINE
    printf '.TH "%s" %s "" "Hilum %s" "Hilum"\n.SH NAME\n%s \\- %s\n' \
        "$(echo "$1" | tr '[:lower:]' '[:upper:]')" "$2" "$version" "$1" "$3"
}

verbatim() {
    echo .nf
    sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\\([.']\\)/\\\\\\&\\1/"
    echo .fi
}

# The names under "Subcommands:" of a help text; longer explanations go on in lines that are indented further.
verbs_of() {
    awk '/^Subcommands:|^SUBCOMMANDS:/ { found = 1; next } /^[^ ]/ { found = 0 } found && /^  [a-z]/ { print $1 }'
}

help_of() {  # VERB...: a section each, and of the verbs under it
    text=$("$bin/hilum" "$@" --help)
    printf '.SH "%s"\n' "$(echo "hilum $*" | tr '[:lower:]' '[:upper:]' | sed 's/ *$//')"
    echo "$text" | verbatim
    for verb in $(echo "$text" | verbs_of); do
        help_of "$@" "$verb"
    done
}

{
    head_of hilum 1 "the operator's command line of a Hilum node"
    help_of
    cat "$source/cmake/man/hilum.tail"
} > "$output/hilum.1"

{
    head_of hilumd 8 "DICOM node that reads chest radiographs with a model"
    cat "$source/cmake/man/hilumd.body"
    echo '.SH OPTIONS'
    "$bin/hilumd" --help | verbatim
    cat "$source/cmake/man/hilumd.tail"
} > "$output/hilumd.8"

{
    head_of hilum-train 1 "trains a model on a dataset of radiographs"
    cat "$source/cmake/man/hilum-train.body"
    echo '.SH OPTIONS'
    "$bin/hilum-train" --help | verbatim
    cat "$source/cmake/man/hilum-train.tail"
} > "$output/hilum-train.1"

{
    head_of hilum.yaml 5 "configuration of a Hilum node"
    cat "$source/cmake/man/hilum.yaml.body"
    awk -f "$source/cmake/man/from_configuration.awk" "$source/config/hilum.yaml"
    printf '.SH "SEE ALSO"\n.BR hilumd (8),\n.BR hilum (1),\n.BR model.yaml (5)\n'
} > "$output/hilum.yaml.5"

{
    head_of model.yaml 5 "what a model package for Hilum says of its model"
    echo '.SH DESCRIPTION'
    awk -f "$source/cmake/man/from_markdown.awk" "$source/docs/model-package.md"
    printf '.SH "SEE ALSO"\n.BR hilum (1),\n.BR hilum\\-import\\-model (1),\n.BR hilum.yaml (5)\n'
} > "$output/model.yaml.5"
