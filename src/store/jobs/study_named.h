// Which studies an order of an operator is about.
#pragma once

// The condition on a row of `study`, in SQL: it has the StudyInstanceUID and the accession number that two
// parameters hold; an empty one says nothing, and two empty ones name no study. Who names both means the
// study that has both, as in every list: what an order does cannot always be undone. In two halves that have
// an index each.
#define HILUM_STUDY_NAMED(uid, accession)                                         \
    "((" uid " != '' AND study_instance_uid = " uid " AND (" accession            \
    " = '' OR accession_number = " accession ")) OR (" uid " = '' AND " accession \
    " != '' AND accession_number = " accession "))"
