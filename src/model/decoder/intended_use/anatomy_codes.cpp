#include "model/decoder/intended_use/anatomy_codes.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/text.h"

namespace hilum::model {
namespace {

// SNOMED CT's code, and that of SNOMED RT and 3, which older equipment sends (PS3.16 8.1): SRT, SNM3, 99SDM.
struct CodedTerm {
    std::string_view sct, srt;  // empty: there is none
    std::string_view term;
    std::string_view meaning = {};  // of the code, where it is another
};

constexpr CodedTerm body_parts[] = {
    {"816094009", "", "CHEST"},                  // since 2021
    {"51185008", "T-D3000", "CHEST", "Thorax"},  // which was Chest until then
    {"302551006", "", "CHEST", "Entire thorax"},
    {"43799004", "T-D3200", "CHEST", "Chest cavity"},
    {"39607008", "T-28000", "LUNG"},
    {"181216001", "", "LUNG", "Entire lung"},
    {"74101002", "", "LUNG", "Both lungs"},
    {"3341006", "T-28100", "LUNG", "Right lung"},
    {"44029006", "T-28500", "LUNG", "Left lung"},
    {"86598002", "T-280A0", "LUNG", "Apex of lung"},
    {"416550000", "R-FAB55", "CHESTABDOMEN", "Chest and Abdomen"},
    {"416775004", "R-FAB56", "CHESTABDPELVIS", "Chest, Abdomen and Pelvis"},
    {"417437006", "R-FAB52", "NECKCHEST", "Neck and Chest"},
    {"416152001", "R-FAB53", "NECKCHESTABDOMEN", "Neck, Chest and Abdomen"},
    {"416319003", "R-FAB54", "NECKCHESTABDPELV", "Neck, Chest, Abdomen and Pelvis"},
    {"818981001", "", "ABDOMEN"},
    {"113345001", "T-D4000", "ABDOMEN"},
    {"113197003", "T-11300", "RIB", "Ribs"},
    {"56873002", "T-11210", "STERNUM"},
    {"80891009", "T-32000", "HEART"},
    {"72410000", "T-D3300", "MEDIASTINUM"},
    {"122494005", "T-11501", "CSPINE", "Cervical spine"},
    {"122495006", "T-11502", "TSPINE", "Thoracic spine"},
    {"122496007", "T-11503", "LSPINE", "Lumbar spine"},
    {"421060004", "T-D04FF", "SPINE"},
    {"69536005", "T-D1100", "HEAD"},
    {"89546000", "T-11100", "SKULL"},
    {"45048000", "T-D1600", "NECK"},
    {"76752008", "T-04000", "BREAST"},
    {"16982005", "T-D2220", "SHOULDER"},
    {"51299004", "T-12310", "CLAVICLE"},
    {"79601000", "T-12280", "SCAPULA"},
    {"85050009", "T-12410", "HUMERUS"},
    {"16953009", "T-15430", "ELBOW", "Elbow joint"},
    {"14975008", "T-D8500", "FOREARM"},
    {"74670003", "T-15460", "WRIST", "Wrist joint"},
    {"85562004", "T-D8700", "HAND"},
    {"7569003", "T-D8800", "FINGER"},
    {"12921003", "T-D6000", "PELVIS"},
    {"29836001", "T-D2500", "HIP", "Hip joint"},
    {"71341001", "T-12710", "FEMUR"},
    {"72696002", "T-D9200", "KNEE"},
    {"30021000", "T-D9400", "LEG", "Lower leg"},
    {"70258002", "T-15750", "ANKLE", "Ankle joint"},
    {"56459004", "T-D9700", "FOOT"},
    {"29707007", "T-D9800", "TOE"},
};

// R-10214 and R-10218 are codes of former versions of the context group.
constexpr CodedTerm views[] = {
    {"399348003", "R-10206", "AP", "antero-posterior"},
    {"272479007", "R-40888", "PA", "postero-anterior"},
    {"", "R-10214", "PA"},
    {"399173006", "R-10236", "LL", "left lateral"},
    {"399198007", "R-10232", "RL", "right lateral"},
    {"399067008", "R-102CD", "LATERAL", "LAT"},
    {"49370004", "G-A104", "LATERAL"},
    {"399033003", "R-10202", "FRONTAL"},
    {"399135007", "R-10220", "LAO", "left anterior oblique"},
    {"399356000", "R-40985", "RAO", "right anterior oblique"},
    {"", "R-10218", "RAO"},
    {"399006002", "R-10212", "LPO", "left posterior oblique"},
    {"399038007", "R-10210", "RPO", "right posterior oblique"},
    {"399184004", "R-10238", "LLO", "left oblique"},
    {"399236003", "R-10234", "RLO", "right oblique"},
    {"399312000", "R-10208", "AP OBLIQUE", "antero-posterior oblique"},
    {"399059000", "R-10216", "PA OBLIQUE", "postero-anterior oblique"},
    {"399182000", "R-102C1", "OBLIQUE"},
    {"399061009", "R-10241", "AXIAL"},
    {"399004004", "R-10246", "OBLIQUE AXIAL"},
    {"30730003", "G-A145", "SAGITTAL"},
};

// What makes another view of one, wherever it stands in a modifier's meaning.
constexpr std::string_view modifying_words[] = {"OBLIQUE", "AXIAL", "LORDOTIC", "DECUBITUS"};

// Numbers mean something in a scheme alone; those of SNOMED CT also come under the designators of its
// forerunners, under its name and under its OID.
bool is_snomed(const std::string& designator) {
    const std::string scheme = upper(designator);
    return scheme == "SCT" || scheme == "SRT" || scheme == "SNM3" || scheme == "99SDM" ||
           scheme.starts_with("SNOMED") || scheme == "2.16.840.1.113883.6.96";
}

// "Postero-anterior", "postero anterior" and "POSTEROANTERIOR" are one.
std::string letters_in(std::string_view text) {
    std::string letters;
    for (const char c : upper(std::string(text)))
        if (c >= 'A' && c <= 'Z') letters += c;
    return letters;
}

const CodedTerm* find_code(const Code& code, std::span<const CodedTerm> terms) {
    const std::string value = upper(code.value);
    if (value.empty()) return nullptr;
    const bool snomed = is_snomed(code.scheme);
    const auto found = std::ranges::find_if(
        terms, [&](const CodedTerm& term) { return value == term.srt || (snomed && value == term.sct); });
    return found == terms.end() ? nullptr : &*found;
}

const CodedTerm* find_meaning(const Code& code, std::span<const CodedTerm> terms) {
    const std::string meaning = letters_in(code.meaning);
    if (meaning.empty()) return nullptr;
    const auto found = std::ranges::find_if(terms, [&](const CodedTerm& term) {
        return meaning == letters_in(term.term) || meaning == letters_in(term.meaning);
    });
    return found == terms.end() ? nullptr : &*found;
}

CodedWord known_word(const Code& code, std::span<const CodedTerm> terms) {
    for (const CodedTerm* const term : {find_code(code, terms), find_meaning(code, terms)})
        if (term != nullptr) return {std::string(term->term), true};
    const bool of_a_standard = is_snomed(code.scheme) || upper(code.scheme) == "DCM";
    return {upper(code.meaning.empty() ? code.value : code.meaning), !code.value.empty() && of_a_standard};
}

// Those of modifying_words that the modifier says; empty for what leaves a view what it is.
std::string modification_by(const Code& modifier) {
    const CodedTerm* const term = find_code(modifier, views);
    const std::string text = upper(term == nullptr ? modifier.meaning : std::string(term->term));
    std::string words;
    for (const std::string_view word : modifying_words)
        if (text.find(word) != std::string::npos) words += (words.empty() ? "" : " ") + std::string(word);
    return words;
}

}  // namespace

CodedWord body_part_of(const Code& code) {
    return known_word(code, body_parts);
}

CodedWord view_of(const Code& code, const std::vector<Code>& modifiers) {
    CodedWord view = known_word(code, views);
    for (const Code& modifier : modifiers) {
        const std::string words = modification_by(modifier);
        if (words.empty() || view.word.find(words) != std::string::npos) continue;
        view.word += (view.word.empty() ? "" : " ") + words;
        view.is_known = true;
    }
    return view;
}

}  // namespace hilum::model
