#include "results/words.h"

namespace hilum::results {
namespace {

const Texts english_texts{
    .language_code = "eng",
    .language_meaning = "English",
    .colon = ": ",
    .decimal_sign = ".",
    .ai_result = "AI result",
    .not_cleared = "Not cleared for clinical use",
    .probability = "Probability",
    .calibrated = "calibrated on {}",
    .not_calibrated = "not calibrated, not a probability",
    .threshold = "threshold {}",
    .frame = "frame {} of {}",
    .more_findings = "More findings, in the report: {}",
    .more_labels = "{} more in the report",
    .activation_map = "Activation map",
    .lowest = "low",
    .highest = "highest here",
    .model_line = "{} {}, weights {}",
    .time_line = "Analysed {}",
    .contour = "Line: activation for {}, at half of its maximum",
    .no_outline = "It is not the outline of a lesion",
    .beside_contour = "Not a lesion outline",
    .indeterminate = "Indeterminate",
    .too_close = "the best two differ by less than {}",
    .several_in_set = "{} classes are in the prediction set of coverage {}",
    .none_in_set = "no class is in the prediction set of coverage {}",
    .best_not_in_set = "the best class is not in the prediction set of coverage {}",
    .scores = "Scores",
    .reaches_threshold = "{}, reaches its threshold {}",
    .below_threshold = "{}, below its threshold {}",
    .result_layer = "AI result: notice, findings, scores, model",
    .activation_layer = "Activation at half of its maximum, not the outline of a lesion",
    .activation_extent = "{} of the activation map's maximum and more; outlines no lesion",
    .replaces = "v{}, replaces v{}",
    .withdrawn = "These AI results ({}) are withdrawn: do not use them.",
    .withdrawn_series = "AI results withdrawn",
};

const Texts german_texts{
    .language_code = "de",
    .language_meaning = "German",
    .colon = ": ",
    .decimal_sign = ",",
    .ai_result = "KI-Ergebnis",
    .not_cleared = "Nicht für den klinischen Gebrauch zugelassen",
    .probability = "Wahrscheinlichkeit",
    .calibrated = "kalibriert an {}",
    .not_calibrated = "nicht kalibriert, keine Wahrscheinlichkeit",
    .threshold = "Schwelle {}",
    .frame = "Einzelbild {} von {}",
    .more_findings = "Weitere Befunde, im Bericht: {}",
    .more_labels = "{} weitere im Bericht",
    .activation_map = "Aktivierungskarte",
    .lowest = "niedrig",
    .highest = "höchster Wert hier",
    .model_line = "{} {}, Gewichte {}",
    .time_line = "Analysiert am {}",
    .contour = "Linie: Aktivierung für {}, halbes Maximum",
    .no_outline = "Sie ist nicht der Umriss einer Läsion",
    .beside_contour = "Kein Umriss einer Läsion",
    .indeterminate = "Nicht eindeutig",
    .too_close = "die besten zwei liegen um weniger als {} auseinander",
    .several_in_set = "{} Klassen sind in der Vorhersagemenge mit Abdeckung {}",
    .none_in_set = "keine Klasse ist in der Vorhersagemenge mit Abdeckung {}",
    .best_not_in_set = "die beste Klasse ist nicht in der Vorhersagemenge mit Abdeckung {}",
    .scores = "Werte",
    .reaches_threshold = "{}, erreicht die Schwelle {}",
    .below_threshold = "{}, unter der Schwelle {}",
    .result_layer = "KI-Ergebnis: Hinweis, Befunde, Werte, Modell",
    .activation_layer = "Aktivierung am halben Maximum, nicht der Umriss einer Läsion",
    .activation_extent = "ab {} des Maximums der Aktivierungskarte; umreißt keine Läsion",
    .replaces = "v{}, ersetzt v{}",
    .withdrawn = "Diese KI-Ergebnisse ({}) sind zurückgezogen: nicht verwenden.",
    .withdrawn_series = "KI-Ergebnisse zurückgezogen",
};

const std::map<std::string, const char*> german_concepts{
    {"activation-box", "Aktivierungsregion (umschließendes Rechteck)"},
    {"ai-diagnosis", "KI-Diagnose"},
    {"frame", "Einzelbild"},
    {"model-score", "Modellwert"},
    {"no-finding", "Kein Befund über der Schwelle"},
    {"not-analysed", "Nicht analysiert"},
    {"not-analysed-why", "Grund für die fehlende Analyse"},
    {"notice", "Hinweis"},
    {"report-version", "Berichtsversion"},
};

const std::map<std::string, ReasonWords> german_reasons{
    {"bit_depth", {"Bittiefe", "Die Bittiefe des Bildes wird nicht unterstützt", true}},
    {"blank", {"Leeres Bild", "Das Bild ist leer: Es ist nichts darauf zu erkennen", false}},
    {"body_part",
     {"Körperregion", "Die Körperregion ist nicht angegeben oder für dieses Modell nicht vorgesehen", true}},
    {"frames", {"Einzelbilder", "Das Objekt hat zu viele Einzelbilder für dieses Modell", true}},
    {"image_size", {"Bildgröße", "Das Bild ist für dieses Modell zu klein", true}},
    {"image_type", {"Bildtyp", "Dieser Bildtyp ist für dieses Modell nicht vorgesehen", true}},
    {"modality",
     {"Modalität", "Die Modalität ist nicht angegeben oder für dieses Modell nicht vorgesehen", true}},
    {"nearly_empty",
     {"Fast leeres Bild", "Das Bild ist fast leer: Nahezu alle Bildpunkte haben denselben Wert", false}},
    {"own_result", {"Eigenes Ergebnis", "Das Objekt ist ein Ergebnis von Hilum selbst", false}},
    {"patient_age",
     {"Patientenalter",
      "Das Alter der untersuchten Person ist unbekannt oder für dieses Modell nicht vorgesehen", true}},
    {"photometric_interpretation",
     {"Photometrische Interpretation",
      "Die Art der Bilddaten (photometrische Interpretation) wird nicht unterstützt", true}},
    {"presentation_intent",
     {"Verwendungszweck des Bildes",
      "Das Bild enthält Rohdaten des Detektors (FOR PROCESSING); dieses Modell ist für Bilder zur "
      "Darstellung "
      "vorgesehen (FOR PRESENTATION)",
      false}},
    {"processing_failed",
     {"Verarbeitung fehlgeschlagen",
      "Das Bild konnte nicht verarbeitet werden; den Grund kann die Administration des KI-Systems einsehen",
      false}},
    {"quality_control",
     {"Qualitätskontrolle", "Das Bild ist eines der Qualitätskontrolle (Phantom), keines einer Person",
      false}},
    {"sop_class", {"SOP-Klasse", "Objekte dieser Art (SOP-Klasse) wertet dieses Modell nicht aus", false}},
    {"too_large", {"Zu groß", "Das Bild ist zu groß, um verarbeitet zu werden", true}},
    {"transfer_syntax", {"Transfersyntax", "Die Kompression des Bildes wird nicht unterstützt", true}},
    {"undecodable", {"Nicht dekodierbar", "Das Bild kann nicht dekodiert werden", true}},
    {"unsupported_compression",
     {"Kompressionsart", "Diese Art der Bildkompression wird nicht unterstützt", true}},
    {"view",
     {"Projektion", "Die Projektion ist nicht angegeben oder für dieses Modell nicht vorgesehen", true}},
};

const Texts french_texts{
    .language_code = "fr",
    .language_meaning = "French",
    .colon = " : ",
    .decimal_sign = ",",
    .ai_result = "Résultat de l'IA",
    .not_cleared = "Non autorisé pour un usage clinique",
    .probability = "Probabilité",
    .calibrated = "calibration sur {}",
    .not_calibrated = "sans calibration, pas une probabilité",
    .threshold = "seuil {}",
    .frame = "image {} sur {}",
    .more_findings = "Autres anomalies, dans le rapport : {}",
    .more_labels = "{} de plus dans le rapport",
    .activation_map = "Carte d'activation",
    .lowest = "faible",
    .highest = "maximum ici",
    .model_line = "{} {}, poids {}",
    .time_line = "Analysé le {}",
    .contour = "Ligne : activation pour {}, à mi-maximum",
    .no_outline = "Ce n'est pas le contour d'une lésion",
    .beside_contour = "Pas un contour de lésion",
    .indeterminate = "Indéterminé",
    .too_close = "les deux premiers diffèrent de moins de {}",
    .several_in_set = "{} classes sont dans l'ensemble de prédiction de couverture {}",
    .none_in_set = "aucune classe n'est dans l'ensemble de prédiction de couverture {}",
    .best_not_in_set = "la première classe n'est pas dans l'ensemble de prédiction de couverture {}",
    .scores = "Valeurs",
    .reaches_threshold = "{}, atteint le seuil {}",
    .below_threshold = "{}, sous le seuil {}",
    .result_layer = "Résultat de l'IA : avertissement, anomalies, valeurs, modèle",
    .activation_layer = "Activation à mi-maximum, pas le contour d'une lésion",
    .activation_extent = "à partir de {} du maximum de la carte d'activation ; pas le contour d'une lésion",
    .replaces = "v{}, remplace v{}",
    .withdrawn = "Ces résultats de l'IA ({}) sont retirés : ne pas les utiliser.",
    .withdrawn_series = "Résultats de l'IA retirés",
};

const std::map<std::string, const char*> french_concepts{
    {"activation-box", "Région d'activation (rectangle englobant)"},
    {"ai-diagnosis", "Diagnostic de l'IA"},
    {"frame", "Image"},
    {"model-score", "Score du modèle"},
    {"no-finding", "Aucune anomalie au-dessus du seuil"},
    {"not-analysed", "Non analysé"},
    {"not-analysed-why", "Motif de non-analyse"},
    {"notice", "Avertissement"},
    {"report-version", "Version du rapport"},
};

const std::map<std::string, ReasonWords> french_reasons{
    {"bit_depth", {"Profondeur de bits", "La profondeur de bits de l'image n'est pas prise en charge", true}},
    {"blank", {"Image vide", "L'image est vide : rien n'y est visible", false}},
    {"body_part",
     {"Région anatomique",
      "La région anatomique n'est pas renseignée ou n'est pas prise en charge par ce modèle", true}},
    {"frames", {"Nombre d'images", "L'objet contient trop d'images pour ce modèle", true}},
    {"image_size", {"Taille de l'image", "L'image est trop petite pour ce modèle", true}},
    {"image_type", {"Type d'image", "Ce type d'image n'est pas pris en charge par ce modèle", true}},
    {"modality",
     {"Modalité", "La modalité n'est pas renseignée ou n'est pas prise en charge par ce modèle", true}},
    {"nearly_empty",
     {"Image presque vide", "L'image est presque vide : la quasi-totalité des pixels a la même valeur",
      false}},
    {"own_result", {"Résultat de Hilum", "Cet objet est un résultat de Hilum lui-même", false}},
    {"patient_age",
     {"Âge du patient", "L'âge du patient est inconnu ou en dehors des limites prévues pour ce modèle",
      true}},
    {"photometric_interpretation",
     {"Interprétation photométrique",
      "Le type de données de l'image (interprétation photométrique) n'est pas pris en charge", true}},
    {"presentation_intent",
     {"Finalité de l'image",
      "L'image contient les données brutes du détecteur (FOR PROCESSING) ; ce modèle est prévu pour les "
      "images "
      "destinées à l'affichage (FOR PRESENTATION)",
      false}},
    {"processing_failed",
     {"Échec du traitement",
      "L'image n'a pas pu être traitée ; l'administrateur du système d'IA peut en consulter la raison",
      false}},
    {"quality_control",
     {"Contrôle de qualité", "L'image est celle d'un contrôle de qualité (fantôme), et non d'un patient",
      false}},
    {"sop_class", {"Classe SOP", "Ce modèle n'analyse pas les objets de ce type (classe SOP)", false}},
    {"too_large", {"Trop grande", "L'image est trop grande pour être traitée", true}},
    {"transfer_syntax",
     {"Syntaxe de transfert", "La compression de l'image n'est pas prise en charge", true}},
    {"undecodable", {"Décodage impossible", "L'image ne peut pas être décodée", true}},
    {"unsupported_compression",
     {"Type de compression", "Ce type de compression d'image n'est pas pris en charge", true}},
    {"view",
     {"Incidence", "L'incidence n'est pas renseignée ou n'est pas prise en charge par ce modèle", true}},
};

const std::map<std::string, Words>& tables() {
    static const std::map<std::string, Words> all{
        {"en", {english_texts, {}, {}}},
        {"de", {german_texts, german_concepts, german_reasons}},
        {"fr", {french_texts, french_concepts, french_reasons}},
    };
    return all;
}

}  // namespace

const Words& words_in(const std::string& language) {
    const auto found = tables().find(language);
    return found == tables().end() ? english() : found->second;
}

const Words& english() {
    return tables().at("en");
}

std::vector<std::string> languages() {
    std::vector<std::string> names;
    for (const auto& [name, words] : tables()) names.push_back(name);
    return names;
}

Code translated(const Code& term, const Words& words) {
    const auto found = words.concepts.find(term.value);
    return found == words.concepts.end() ? term : Code{term.value, term.scheme, found->second};
}

}  // namespace hilum::results
