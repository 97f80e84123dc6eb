// The items of TRIPOD+AI (Collins et al., BMJ 2024) and CLAIM 2024 (Tejani, Klontzas et al., Radiology: AI
// 2024) that a program can fill, filled; the others named, so that nobody takes the page for a study report.
#pragma once

#include "evaluation/report/evaluation_page.h"
#include "evaluation/report/html.h"

namespace hilum::evaluation {

void add_checklists(HtmlPage& page, const EvaluationReport& report);

}  // namespace hilum::evaluation
