// A reader study: who reads which cases when, with and without the model's result. A folder with
//   study.json   design, readers, findings, and each session's order; nothing of the truth
//   key.csv      case,file,patient,labels: the truth, for nobody's eyes but the organiser's (mode 0600)
//   readers/READER/session-N/   what a reader gets (worksheet.h)
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hilum::readers {

// crossover:  two sessions; in each, one half of the cases with the model's result and the other without, the
//             halves changed between them
// sequential: one session; each case is answered without the result, and then again with it
// unaided:    one session without results
enum class Design { crossover, sequential, unaided };
std::string_view name_of(Design design);
std::optional<Design> design_named(std::string_view name);

// In the order in which they are compared.
enum class Modality { unaided, aided };
std::string_view name_of(Modality modality);
std::optional<Modality> modality_named(std::string_view name);

struct StudyCase {
    std::string id;  // five signs, drawn at random: all that readers know of it
    std::filesystem::path file;
    std::string patient;              // with the site, where it is told
    std::vector<std::string> labels;  // the truth; one or more

    bool has(std::string_view label) const;
};

// One answer that is asked for.
struct Reading {
    std::string case_id;
    Modality modality = Modality::unaided;
    bool operator==(const Reading&) const = default;
};

struct Session {
    std::string reader;
    int number = 1;                 // of the reader's, from 1
    std::vector<Reading> readings;  // in their order; in a sequential session each case twice running
};

struct Study {
    std::string id;  // 16 hexadecimal digits: results that name another one are not of it
    Design design = Design::crossover;
    std::vector<std::string> readers;
    std::vector<std::string> findings;  // that are asked for
    int scale = 100;                    // confidence: 0 to 100, or 1 to 5
    int washout_days = 28;              // between a reader's two sessions; 0: none
    bool may_go_back = false;
    std::uint64_t seed = 1;
    std::string set, model;        // the dataset; "name version" of the model, empty: none
    std::string created;           // YYYY-MM-DD
    std::vector<StudyCase> cases;  // by their ids
    std::vector<Session> sessions;

    int lowest() const { return scale == 5 ? 1 : 0; }
    const StudyCase* find_case(std::string_view id) const;
    const Session* find_session(std::string_view reader, int number) const;
    bool compares() const { return design != Design::unaided; }  // modalities
};

inline constexpr const char *study_name = "study.json", *key_name = "key.csv";

// A name that may stand in a path: letters, digits, '-', '_', '.', not first a dot; at most 40 characters.
bool is_reader_name(std::string_view name);

std::string study_json(const Study& study);
std::string key_csv(const Study& study);

// Reads FOLDER/study.json and FOLDER/key.csv. Codes: "unreadable"; "study" with what is wrong: no JSON, a
// member missing or of another kind, a case of a session without a line in the key, or twice there.
Result<Study> read_study(const std::filesystem::path& folder);

}  // namespace hilum::readers
