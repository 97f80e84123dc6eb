// Landlock's rules hold for the files that were there when they were made. One that another takes the place
// of later, as by rename(2), is out of reach for good: its process has to be started anew.
#pragma once

#include "base/confinement/file_rules.h"
#include "base/error.h"

namespace hilum {

// What is at the places of the role now, before its rules are made.
void note_places(const RoleRules& role, const Places& places);

// Code "replaced", with Retry::once_mended, where something of the place is another since it was noted, and
// this process may not read it though its user may. What was noted holds for the life of a process, so that
// none ends for the same file twice. Nothing where nothing was noted: who is not confined.
Status check_place(Place place);

}  // namespace hilum
